#!/usr/bin/env bash
# The main job on the example personas, in the folder demo/: local graph server, bundled model, 40 calls.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD
pgraph() { command pgraph -C "$here/demo" "$@"; }
say() { printf '\n== %s\n' "$*"; }

if [ -d demo/.pgraph ]; then
  pgraph local stop >/dev/null 2>&1 || true
  rm -rf demo/.pgraph
fi
mkdir -p demo

say "pgraph import examples/personas.jsonl"
pgraph import examples/personas.jsonl

say "pgraph coverage, before"
pgraph coverage --limit 8

say "pgraph expand --depth 2 --calls 40"
pgraph expand --depth 2 --calls 40 || [ $? -eq 1 ] # 1: some calls failed, as a small model's will; the summary says why

say "pgraph coverage, after"
pgraph coverage --limit 8

say "three of the new personas, each with its way back to a seed (pgraph query lineage)"
newest="MATCH (p:Persona) WHERE p.depth > 0 AND NOT EXISTS { (p)-[:DUPLICATE_OF]->(:Persona) }
        RETURN p.id AS id ORDER BY p.depth DESC, p.id LIMIT 3"
for id in $(pgraph cypher "$newest" --format csv | tail -n +2); do
  pgraph query lineage --param id="$id" --param limit=1 --format csv | python examples/lineage.py
done

say "what to try next (add -C demo to each, or work in a folder of your own)"
cat <<'NEXT'
pgraph query                                    the shipped questions to the graph, by name
pgraph coverage --by relation                   which relationships still lead to new people
pgraph export personas -o personas.jsonl        the population, each with its origin
pgraph expand --depth 2 --calls 300 --base-url http://127.0.0.1:8000/v1     with a real model of yours
NEXT
