"""query, cypher, local and doctor, as users type them."""

import json
import os
import re
import signal
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

import pytest

import cypher
from graphstore.server import local
from graphstore.server.bolt import BoltStore
from tests.conftest import ENGINES
from tests.console import Console
from tests.contract.graphs import SMALL


@pytest.fixture
def grown(work: Console) -> Console:
    """A workspace that holds the small graph of the contract tests."""
    with local.connect(work.directory / ".pgraph" / "store", heap="512m", idle=120) as store:
        assert isinstance(store, BoltStore)
        store.write(*SMALL)
    return work


def test_query_lists_what_there_is(work: Console) -> None:
    text = work.run("query").out
    assert re.findall(r"^(\w+)", text, re.MULTILINE) == cypher.names("queries")
    assert "lineage  id limit=3\n" in text
    assert [row["query"] for row in work.run("--json", "query").json] == cypher.names("queries")


def test_query_in_every_format(grown: Console) -> None:
    assert grown.run("query", "depth_histogram").out.splitlines() == [
        "depth  personas  duplicates",
        "    0         3           0",
        "    1         3           1",
        "    2         1           0",
    ]
    assert (
        grown.run("query", "depth_histogram", "--format", "csv").out
        == "depth,personas,duplicates\n0,3,0\n1,3,1\n2,1,0\n"
    )
    rows = grown.run("query", "depth_histogram", "--format", "json").json
    assert rows[1] == {"depth": 1, "personas": 3, "duplicates": 1}
    assert grown.run("--json", "query", "depth_histogram").json["rows"] == rows


def test_query_takes_parameters(grown: Console) -> None:
    done = grown.run("query", "lineage", "--param", "id=driver", "--format", "json")
    assert [row["id"] for row in done.json] == ["driver", "supplier", "nurse"]
    assert "needs --param id=" in grown.run("query", "lineage", code=2).err
    assert "No rows." in grown.run("query", "lineage", "--param", "id=nobody").err


def test_a_link_opens_the_browser_with_the_query(work: Console) -> None:
    def link(store: str, *command: str, **env: str) -> tuple[str, dict[str, str]]:
        given = {f"PGRAPH_STORE_{name.upper()}": value for name, value in env.items()}
        address = urlsplit(work.run("--store", store, "query", *command, "--link", env=given).out.strip())
        return f"{address.scheme}://{address.netloc}{address.path}", dict(parse_qsl(address.query))

    page, asked = link("bolt://example.test:7687", "runs")
    assert page == "http://example.test:7474/browser/"
    assert asked.pop("arg").startswith("// runs\nMATCH (persona:Persona)")
    assert asked == {"dbms": "bolt://example.test:7687", "preselectAuthMethod": "NO_AUTH", "cmd": "edit"}
    page, asked = link("neo4j+s://example.test", "runs", password="x", user="me@home", database="people")
    assert page == "https://example.test:7473/browser/"
    del asked["arg"]
    assert asked == {"dbms": "neo4j+s://me%40home@example.test", "db": "people", "cmd": "edit"}
    assert link("bolt://[::1]:7687", "runs")[0] == "http://[::1]:7474/browser/"
    for browser in ("https://b.test:1", "https://b.test:1/browser/"):
        assert link("bolt://h", "runs", browser=browser)[0] == "https://b.test:1/browser/"
    text = link("bolt://h", "picture_text", "--param", 'id=it\'s "1"\n$limit')[1]["arg"]
    assert r"""(:Text {id: "it's \"1\"\n$limit"})""" in text
    assert text.endswith("LIMIT 60")


def test_a_picture_is_a_path_a_line(grown: Console) -> None:
    assert grown.run("query", "picture_way_to_seed", "--param", "id=driver", "--format", "csv").out.splitlines() == [
        "path,origin",
        "driver -[DERIVED_FROM driver]-> supplier -[DERIVED_FROM supplier]-> district nurse,",
    ]
    rows = grown.run("--json", "query", "picture_groups").json["rows"]
    assert [[node["id"] for node in row["path"]["nodes"]] for row in rows] == [["care", "health"], ["farming", "land"]]


def test_cypher_from_the_command_line_and_from_standard_input(grown: Console) -> None:
    text = "MATCH (p:Persona) WHERE p.depth = $depth RETURN p.id AS id ORDER BY id"
    assert grown.run("cypher", text, "--param", "depth=2", "--format", "csv").out == "id\ndriver\n"
    assert grown.run("cypher", "-", "--param", "depth=2", "--format", "json", stdin=text.encode()).json == [
        {"id": "driver"}
    ]
    assert grown.run("--json", "cypher", text, "--param", "depth=9").json == {"rows": [], "cut": False}


def test_cypher_says_when_it_cuts(grown: Console) -> None:
    done = grown.run("cypher", "UNWIND range(1, 5) AS i RETURN i", "--limit", "3", "--format", "csv")
    assert done.out == "i\n1\n2\n3\n"
    assert "Only the first 3 rows" in done.err
    assert grown.run("cypher", "UNWIND range(1, 3) AS i RETURN i", "--limit", "3").err == ""


def test_cypher_ends_in_time(grown: Console) -> None:
    endless = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN sum(a * b) AS s"
    started = time.monotonic()
    assert "took longer than 0.5 s" in grown.run("cypher", endless, "--timeout", "0.5", code=2).err
    assert time.monotonic() - started < 30


def test_local_start_status_stop(work: Console) -> None:
    assert "running: process" in work.run("local", "start").out
    status = work.run("--json", "local", "status").json
    assert status["running"]
    assert status["address"].startswith("bolt://127.0.0.1:")
    assert "Stopped." in work.run("local", "stop").err
    assert "not running" in work.run("local", "status").out
    assert "The server was not running." in work.run("local", "stop").err


def test_a_killed_server_is_started_again_by_the_next_command(grown: Console) -> None:
    os.kill(grown.run("--json", "local", "status").json["pid"], signal.SIGKILL)
    assert len(grown.run("query", "depth_histogram", "--format", "json").json) == 3


def test_doctor_finds_all_well(grown: Console) -> None:
    done = grown.run("doctor", code=None)
    assert "7 personas, 1 text, 3 domains, 2 groups, 0 questions, 0 answers, 3 runs" in done.out
    assert re.search(r"^ok    Python: ", done.out, re.MULTILINE)
    assert done.code == 0


def test_doctor_finds_the_store_missing(work: Console) -> None:
    done = work.run("--store", "bolt://127.0.0.1:9", "doctor", code=3)
    assert "fail  store: no Neo4j answers" in done.out
    assert "PGRAPH_STORE" in done.out


class _Models(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        allowed = self.headers.get("Authorization") == "Bearer right"
        body = json.dumps({"data": [{"id": "small"}]} if allowed else {"error": "Unauthorized"}).encode()
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_doctor_asks_the_model_server(work: Console) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Models)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        env = {"PGRAPH_BASE_URL": f"http://127.0.0.1:{server.server_port}/v1", "OPENAI_API_KEY": "right"}
        assert "ok    model: small at " in work.run("doctor", env=env).out
        other = work.run("doctor", env={**env, "PGRAPH_MODEL": "large"}, code=4)
        assert "has no model 'large'\n      Its models are: small." in other.out
        keyless = work.run("doctor", env={**env, "OPENAI_API_KEY": "wrong"}, code=4)
        assert "answers 401" in keyless.out
        assert "Set the API key in OPENAI_API_KEY." in keyless.out
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    gone = work.run("--json", "doctor", env=env, code=4).json
    assert [finding["state"] for finding in gone if finding["what"] == "model"] == ["fail"]
    assert "PGRAPH_BASE_URL" in gone[-2]["next_step"]
    for strange in ("file:///etc", "nonsense"):
        assert "no list of models" in work.run("doctor", env={"PGRAPH_BASE_URL": strange}, code=4).out


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("tail", ["RETURN sum(a * b) AS s", "RETURN a, b"])
def test_ctrl_c_ends_a_running_query(work: Console, request: pytest.FixtureRequest, engine: str, tail: str) -> None:
    env = {}
    if engine == "neo4j":
        server = request.getfixturevalue("neo4j")
        env = {"PGRAPH_STORE": server.uri, "PGRAPH_STORE_USER": server.user, "PGRAPH_STORE_PASSWORD": server.password}
    work.run("query", "depth_histogram", env=env)  # the server is up, the schema in place
    endless = f"UNWIND range(1, 1000000) AS a UNWIND range(1, 1000000) AS b {tail}"
    running = work.start("cypher", endless, "--format", "csv", "--limit", "1000000000", "--timeout", "60", env=env)
    time.sleep(2.5)
    assert running.poll() is None
    running.send_signal(signal.SIGINT)
    sent = time.monotonic()
    _, err = running.communicate(timeout=30)
    assert time.monotonic() - sent < 20
    assert running.returncode == 130
    assert "Interrupted." in err
