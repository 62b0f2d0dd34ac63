#!/usr/bin/env bash
# A real vLLM server on this machine's CPU, and the tests against it. Takes about ten minutes and 6 GB the first time;
# all of it lies in .cache/vllm. Called by `make test-vllm`, with uv, python and pytest on the path.
set -euo pipefail
cd "$(dirname "$0")/../.."
home=$PWD/.cache/vllm
mkdir -p "$home"

if ! cmp -s requirements/vllm.txt "$home/installed.txt"; then
  echo "Installing vLLM (5.9 GB) ..." >&2
  uv venv --quiet --clear --python "$(command -v python)" "$home/venv"
  uv pip install --quiet --python "$home/venv/bin/python" --no-deps --require-hashes -r requirements/vllm.txt
  cp requirements/vllm.txt "$home/installed.txt"
fi
if [ ! -e "$home/model/config.json" ]; then
  echo "Preparing the model ..." >&2
  gguf=$(python -c 'from foundation.model.bundled import model_file; print(model_file() or "")')
  [ -n "$gguf" ] || { echo "The bundled model is missing: make .venv/.demo" >&2; exit 1; }
  rm -rf "$home/model.part"
  HF_HUB_OFFLINE=1 "$home/venv/bin/python" tests/vllm/dequantise.py "$gguf" "$home/model.part"
  mv "$home/model.part" "$home/model"
fi
PGRAPH_TEST_VLLM=$home exec python -m pytest -m vllm tests/vllm "$@"
