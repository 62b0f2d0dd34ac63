"""One `pgraph explore` that many requests are made to: who is refused, and what is answered."""

import json
import socket
from collections.abc import Iterator

import pytest

from tests.cli.exploring import Explorer, explorer
from tests.console import Console


@pytest.fixture(scope="module")
def seeded(shared_console: Console) -> Console:
    work = shared_console
    work.empty()
    rows = [
        {"persona": f"A nurse of ward {n} who keeps bees", "role": f"nurse {n}", "domain": "care"} for n in range(120)
    ]
    work.run("import", work.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    return work


@pytest.fixture(scope="module")
def running(seeded: Console) -> Iterator[Explorer]:
    with explorer(seeded) as made:
        yield made


PATHS = ["/", "/static/app.js", "/api/overview", "/api/search?words=nurse", "/nothing"]


@pytest.mark.parametrize(
    ("what", "cookie", "headers", "method", "status"),
    [
        ("no token", "", {}, "GET", 403),
        ("a wrong token", "pgraph-{port}=wrong", {}, "GET", 403),
        ("a token with letters that are none", "pgraph-{port}=\u00e9", {}, "GET", 403),
        ("the token of another explorer", "pgraph-1={token}", {}, "GET", 403),
        ("a name of another site (DNS rebinding)", None, {"Host": "evil.test:{port}"}, "GET", 403),
        ("another port", None, {"Host": "127.0.0.1:1"}, "GET", 403),
        ("no port", None, {"Host": "127.0.0.1"}, "GET", 403),
        ("a page of another site", None, {"Origin": "http://evil.test"}, "GET", 403),
        ("a page of another server here", None, {"Origin": "http://127.0.0.1:1"}, "GET", 403),
        ("a page in a sandbox", None, {"Origin": "null"}, "GET", 403),
        ("a write", None, {}, "POST", 405),
        ("a write from its own page", None, {"Origin": "http://127.0.0.1:{port}"}, "DELETE", 405),
        ("its own page", None, {"Origin": "http://localhost:{port}"}, "GET", 200),
        ("another name of this machine", None, {"Host": "localhost:{port}"}, "GET", 200),
    ],
)
def test_who_is_refused(
    running: Explorer, *, what: str, cookie: str | None, headers: dict[str, str], method: str, status: int
) -> None:
    for path in PATHS:
        given = {name: value.format(port=running.port) for name, value in headers.items()}
        held = None if cookie is None else cookie.format(port=running.port, token=running.token)
        reply = running.ask(path, method=method, cookie=held, **given)
        expected = 404 if status == 200 and path == "/nothing" else status
        assert reply.status == expected, what
        assert reply.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert reply.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in reply.headers
        if expected != 200:
            assert "nurse" not in reply.body
            assert running.token not in reply.body
            assert "set-cookie" not in reply.headers


def test_the_link_gives_the_cookie_and_only_its_token_does(running: Explorer) -> None:
    page = running.ask(f"/?token={running.token}", cookie="")
    assert page.status == 200
    cookie = page.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert running.token not in page.body
    assert running.ask("/api/overview", cookie=cookie.split(";")[0]).status == 200
    assert running.ask("/?token=wrong", cookie="").status == 403
    assert len(running.token) >= 40


def test_it_answers_on_this_machine_only(running: Explorer) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", running.port), timeout=5)
    reply = running.ask("/static/../server.py")
    assert (reply.status, "def " in reply.body) == (404, False)


def test_a_taken_port(running: Explorer, seeded: Console) -> None:
    done = seeded.run("explore", "--no-browser", "--port", str(running.port), code=2)
    assert f"port {running.port} of 127.0.0.1 cannot be used" in done.err
    assert "--port" in done.err


def test_the_pages_of_a_region(running: Explorer) -> None:
    (home,) = [row["id"] for row in running.survey()["regions"]]
    seen: list[str] = []
    for skip, count, more in ((0, 50, True), (50, 50, True), (100, 20, False)):
        page = running.api("region", id=home, skip=skip)
        assert (len(page["people"]), page["more"]) == (count, more)
        seen += [row["id"] for row in page["people"]]
    assert len(set(seen)) == 120
    assert running.api("region", id=home, depth=1)["people"] == []
    assert running.api("region", id="none")["people"] == []
    assert running.api("region", id=home, coverage=100)["people"] == []  # no answer has landed there
    assert running.api("matching", depth=0)["personas"] == {home: 120}
    assert running.api("matching", depth=1)["personas"] == {}


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("persona?id=nobody", "there is no persona 'nobody'"),
        ("persona", "there is no persona ''"),
        ("region?id=x&depth=deep", "depth = 'deep' is not a whole number"),
        ("export?format=xml", "unknown format 'xml'"),
        ("matching?least=nan", "least = 'nan' is not a number"),
        ("search?words=a&coverage=half", "coverage = 'half' is not a number"),
    ],
)
def test_a_question_that_has_no_answer(running: Explorer, path: str, says: str) -> None:
    reply = running.ask(f"/api/{path}")
    assert reply.status == 400
    assert reply.json["error"] == says
    assert reply.json["hint"]
