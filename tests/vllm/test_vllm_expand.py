"""`pgraph expand` against a real vLLM server on CPU."""

from collections.abc import Iterator

import pytest

from tests.console import ROOT, Console, console
from tests.vllm.conftest import KEY, MODEL

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]


@pytest.fixture
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with console(tmp_path_factory.mktemp("vllm")) as made:
        made.run("import", str(ROOT / "examples" / "personas.jsonl"))
        yield made


def test_20_calls_grow_the_graph(vllm: str, work: Console) -> None:
    env = {"PGRAPH_BASE_URL": vllm, "OPENAI_API_KEY": KEY, "PGRAPH_TIMEOUT": "300"}
    before = len(work.rows())
    # 0 done, or 1: some calls failed, as a small model's will
    done = work.run(
        "--json", "expand", "--depth", "2", "--calls", "20", "--at-once", "8", env=env, code=None, timeout=800
    )
    assert done.code in {0, 1}, done.err
    summary = done.json
    assert summary["calls"] == 20
    assert summary["failed_calls"] < 10
    assert summary["new"] > 0
    assert summary["tokens_out"] > 0
    rows = work.rows()
    assert len(rows) == before + summary["new"]
    runs = work.run("--json", "query", "runs", env=env).json["rows"]
    assert [run["model"] for run in runs if run["command"] == "expand"] == [MODEL]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"OPENAI_API_KEY": "wrong"}, "refuses the API key"),
        ({"PGRAPH_MODEL": "nope"}, "no model 'nope'"),
    ],
)
def test_what_is_set_wrongly_ends_with_exit_code_4(
    vllm: str, work: Console, more: dict[str, str], message: str
) -> None:
    env = {"PGRAPH_BASE_URL": vllm, "OPENAI_API_KEY": KEY, "PGRAPH_TIMEOUT": "300", **more}
    done = work.run("expand", "--depth", "1", "--calls", "4", env=env, code=4, timeout=300)
    assert message in done.err
