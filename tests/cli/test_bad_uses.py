"""Bad inputs and wrong uses, each with its exit code and message; docs/errors.md is made from them.

`make docs` writes the table, the last test compares it.
"""

import gzip
import os
import re
import shlex
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.console import ROOT, Console
from tests.neo4j_server import Neo4jServer

PAGE = ROOT / "docs" / "errors.md"


@dataclass(frozen=True)
class Case:
    what: str
    args: str
    code: int
    says: str  # a regular expression that the message matches
    stdin: bytes = b""
    env: dict[str, str] = field(default_factory=dict)


FILES: dict[str, bytes] = {
    "empty.jsonl": b"",
    "blank.txt": b"\n  \n\t\n",
    "binary.txt": bytes(range(1, 127)) * 40 + b"\x00\x01\x02",
    "utf16.csv": "persona\nA nurse\n".encode("utf-16"),
    "latin1.txt": "A café owner in Málaga\n".encode("latin-1"),
    "cut.txt": "किसान".encode()[:-1],
    "bom.csv": "\ufeffpersona\r\nA nurse who sings in a choir\r\n".encode(),
    "longline.jsonl": b'{"persona": "' + b"x" * 10_000_000 + b'"}\n',
    "long.txt": b"word " * 3000,
    "nocolumn.csv": b"name,age\nAsha,40\n",
    "nocolumn.jsonl": b'{"name": "Asha"}\n' * 3,
    "twice.csv": b"persona,persona\na,b\n",
    "ragged.csv": b"persona,id\nA nurse, who is tired,1\n",
    "quote.csv": b'persona\n"A nurse\n',
    "nested.jsonl": b'{"persona": {"text": "A nurse"}}\n',
    "nan.jsonl": b'{"persona": NaN}\n',
    "control.jsonl": b'{"persona": "\\u0000\\u0007"}\n',
    "surrogate.jsonl": b'{"persona": "\\ud83d"}\n',
    "syntax.jsonl": b'{"persona": "A nurse",}\n',
    "list.json": b'[{"persona": "A nurse"}]\n',
    "ids.csv": b"id,persona\n1,A nurse with a bicycle\n1,A cook with a bicycle\n",
    "sheet.xlsx": b"PK\x03\x04" + b"x" * 100,
    "sheet.csv": b"PK\x03\x04" + b"x" * 100,
    "fake.parquet": b"hello",
    "broken.parquet": b"PAR1" + b"x" * 100 + b"PAR1",
    "cut.jsonl.gz": gzip.compress(b'{"persona": "A nurse"}\n' * 9999)[:-12],
    "plain.txt.gz": b"A nurse\n",
    "empty.md": b"",
    "fake.pdf": b"hello",
    "scan.pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n",
    "sheet.docx": b"PK\x03\x04" + b"x" * 100,
    "old.doc": b"\xd0\xcf\x11\xe0" + b"x" * 100,
    "plain.csv": b"wing,span\n1,2\n",
    "good.txt": b"A ferry pilot on the Brahmaputra\n",
    "here/keep.txt": b"",
    "badsettings/pgraph.toml": b'at_once = "many"\n',
    "badtoml/pgraph.toml": b"at_once = \n",
    "badname/pgraph.toml": b"modle = 'x'\n",
    "relations.yml": b"- id: [broken\n",
    "near.yml": b"relations:\n  - {id: kin, family: kin, distance: near, phrase: a relative}\n",
    "away.yml": b"relations:\n  - {id: kin, family: kin, distance: away, phrase: a relative}\n",
}

CASES = [
    Case("no file at all", "import", 2, "Missing argument 'FILE...'"),
    Case("a missing file", "import missing.jsonl", 2, r"missing\.jsonl: no such file"),
    Case("an empty file", "import empty.jsonl", 2, r"empty\.jsonl: is empty"),
    Case("a file of blank lines", "import blank.txt", 2, r"blank\.txt: holds no rows"),
    Case("a directory", "import here", 2, "here: is a directory"),
    Case("a device", "import /dev/zero --format txt", 2, "/dev/zero: is a device"),
    Case("a binary file", "import binary.txt", 2, r"binary\.txt:\d+: is a binary file \(byte 5040 is 0x00\)"),
    Case("UTF-16", "import utf16.csv", 2, "is UTF-16, not UTF-8 .*iconv -f UTF-16"),
    Case("Latin-1", "import latin1.txt", 2, r"latin1\.txt:1: is not UTF-8 \(byte 5 is 0xE9\).*iconv -f WINDOWS-1252"),
    Case("a file cut inside a character", "import cut.txt", 2, "ends inside a UTF-8 character"),
    Case("byte order mark and CRLF are fine", "import bom.csv", 0, "1 row: 1 new"),
    Case("a line of 10 MB", "import longline.jsonl", 2, r"longline\.jsonl:1: the line is longer than 1,048,576 bytes"),
    Case(
        "a text of 15,000 characters",
        "import long.txt",
        2,
        r"long\.txt:1: persona has 14,999 characters, more than 10,000",
    ),
    Case(
        "no column with a text (CSV)",
        "import nocolumn.csv",
        2,
        r"no column holds the persona's text \(columns: name, age\)",
    ),
    Case("no column with a text (JSONL)", "import nocolumn.jsonl", 2, r"no column holds .* \(columns: name\)"),
    Case("two columns with one name", "import twice.csv", 2, r"twice\.csv:1: the column 'persona' appears twice"),
    Case("an unquoted comma", "import ragged.csv", 2, r"ragged\.csv:2: 3 cells, but 2 columns"),
    Case("a quote that is never closed", "import quote.csv", 2, r"quote\.csv:2: not CSV"),
    Case(
        "an object where a text should be",
        "import nested.jsonl",
        2,
        r"nested\.jsonl:1: persona is an object, not a text",
    ),
    Case("NaN", "import nan.jsonl", 2, r"nan\.jsonl:1: persona is empty \(null or NaN\)"),
    Case(
        "control characters only",
        "import control.jsonl",
        2,
        r"control\.jsonl:1: persona is empty \(white space or control",
    ),
    Case("half of a surrogate pair", "import surrogate.jsonl", 2, "half of a surrogate pair"),
    Case("a JSON mistake", "import syntax.jsonl", 2, r"syntax\.jsonl:1: not JSON"),
    Case("one JSON list", "import list.json", 2, r"holds one JSON list.*jq -c"),
    Case(
        "one id with two texts",
        "import ids.csv",
        1,
        r"ids\.csv:3: the id '1' is in line 2 with another text",
    ),
    Case("the same with --strict", "import --strict ids.csv", 2, r"ids\.csv:3: .*Nothing was written \(--strict\)"),
    Case(
        "an ending that does not show the format",
        "import sheet.xlsx",
        2,
        r"sheet\.xlsx: the ending does not say the format",
    ),
    Case("an Office file named CSV", "import sheet.csv", 2, r"sheet\.csv: is a ZIP or Office file"),
    Case("no Parquet in a .parquet file", "import fake.parquet", 2, "is not a Parquet file"),
    Case("a broken Parquet file", "import broken.parquet", 2, "the Parquet file is broken"),
    Case("a cut gzip file", "import cut.jsonl.gz", 2, r"the gzip file is broken.*gzip -t"),
    Case("no gzip in a .gz file", "import plain.txt.gz", 2, "is not a gzip file"),
    Case("an unknown format", "import good.txt --format yaml", 2, "'yaml' is not one of"),
    Case(
        "standard input of unknown format",
        "import -",
        2,
        "standard input does not say its format",
        stdin=b"persona,id\n",
    ),
    Case("empty standard input", "import - --format txt", 2, "stdin: is empty"),
    Case("one of several files is missing", "import good.txt missing.txt", 2, r"missing\.txt: no such file"),
    Case("export without a file name", "export personas", 2, "Missing option '-o'"),
    Case("export of something unknown", "export people -o a.jsonl", 2, "'people' is not one of"),
    Case(
        "export into a missing directory", "export personas -o nowhere/a.jsonl", 2, "there is no directory .*mkdir -p"
    ),
    Case(
        "export onto a directory", "export personas -o here --format csv", 2, "here: cannot be written, is a directory"
    ),
    Case("export to an unknown ending", "export personas -o a.docx", 2, "the ending does not say the format"),
    Case("the graph as CSV", "export graph -o graph.csv", 2, "graph cannot be written as csv"),
    Case(
        "Parquet to standard output", "export personas -o - --format parquet", 2, "cannot be written to standard output"
    ),
    Case("summary and data both to standard output", "--json export personas -o -", 2, "would both write to stdout"),
    Case("an unknown command", "exprot", 2, "No such command 'exprot'"),
    Case("an unknown option", "import --fast good.txt", 2, "No such option"),
    Case("a missing workspace", "-C nowhere settings", 2, "nowhere is not a directory"),
    Case("an unknown kind of store address", "--store postgres://x query runs", 2, "postgres"),
    Case("a store address without a host", "--store bolt:// query runs", 2, "bolt://"),
    Case("no Neo4j at this address", "--store bolt://127.0.0.1:{port} query runs", 3, "127.0.0.1:{port}"),
    Case(
        "a wrong value in pgraph.toml",
        "-C badsettings settings",
        2,
        r"at_once = 'many' \(\./pgraph\.toml\) is not a whole number",
    ),
    Case("a pgraph.toml that is not TOML", "-C badtoml settings", 2, "not a readable TOML file"),
    Case("an unknown setting", "-C badname settings", 2, "unknown setting 'modle'"),
    Case(
        "a wrong environment variable",
        "settings",
        2,
        r"temperature = '-1' \(environment\) must be at least 0",
        env={"PGRAPH_TEMPERATURE": "-1"},
    ),
    Case("a general option after the command", "coverage --json", 2, "put it before the command, pgraph --json"),
    Case("an unknown prompt", "prompts joint", 2, "there is no prompt 'joint'.*joint.en"),
    Case("an unknown query", "query depth_histgram", 2, "there is no query 'depth_histgram'.*depth_histogram"),
    Case("an unknown parameter", "query runs --param x=1", 2, "no parameter 'x'"),
    Case("a negative limit", "query under_covered_groups --param limit=-1", 2, "not a whole number of 0 or more"),
    Case("an empty query", "cypher ''", 2, "the query is empty"),
    Case("Cypher with a typo", "cypher 'MTCH (p) RETURN p'", 2, "Error: "),
    Case("Cypher that writes", "cypher 'CREATE (p:Persona) RETURN p'", 2, "read"),
    Case(
        "Cypher without its parameter",
        "cypher 'MATCH (p:Persona {{id: $id}}) RETURN p' --param id",
        2,
        "not of the form name=value",
    ),
    Case("a text file that is empty", "ingest empty.md", 2, r"empty\.md: is empty"),
    Case("a directory of texts", "ingest here", 2, "here: is a directory"),
    Case("a text without letters", "ingest blank.txt", 2, r"blank\.txt: holds no text"),
    Case("a text in Latin-1", "ingest latin1.txt", 2, r"is not UTF-8 \(byte 5 is 0xE9\).*iconv"),
    Case("a file that is not a PDF", "ingest fake.pdf", 2, r"fake\.pdf: not a readable PDF"),
    Case("a scanned PDF", "ingest scan.pdf", 2, r"scan\.pdf: holds no text.*ocrmypdf"),
    Case("a broken Word file", "ingest sheet.docx", 2, r"sheet\.docx: not a readable Word file"),
    Case("an old Word file", "ingest old.doc", 2, "the ending does not say the format"),
    Case("rows without a text", "ingest nocolumn.jsonl", 2, r"no column holds the text \(columns: name\)"),
    Case("an unknown stance", "ingest good.txt --stance hate", 2, "'hate' is not one of"),
    Case("pieces that are too small", "ingest good.txt --chunk 5", 2, "5 is not in the range"),
    Case("expand without a depth", "expand", 2, "Missing option '--depth'"),
    Case("a depth of 0", "expand --depth 0", 2, "0 is not in the range"),
    Case("a negative number of calls", "expand --depth 1 --calls -5", 2, "-5 is not in the range"),
    Case("an unknown strategy", "expand --depth 1 --strategy clever", 2, "'clever' is not one of"),
    Case("coverage above 1", "expand --depth 1 --until-coverage 1.5", 2, "1.5 is not in the range"),
    Case("a missing relations file", "expand --depth 1 --relations no.yml", 2, "'no.yml' does not exist"),
    Case("a relations file that is not YAML", "expand --depth 1 --relations relations.yml", 2, "relations.yml"),
    Case(
        "no model server at this address",
        "expand --depth 1 --calls 3 --base-url http://127.0.0.1:{port}/v1",
        4,
        "127.0.0.1:{port}",
    ),
    Case("an unknown distance", "expand --depth 1 --distances near,away", 2, "unknown distance 'away'.*near,mid,far"),
    Case("no distances", "expand --depth 1 --distances ''", 2, "unknown distance ''"),
    Case(
        "a distance without relationship kinds",
        "expand --depth 1 --relations near.yml --distances far",
        2,
        "no relationship kind is at",
    ),
    Case(
        "a kind at an unknown distance",
        "expand --depth 1 --relations away.yml",
        2,
        r"away\.yml: entry 1: distance 'away'",
    ),
    Case("a share of voids above 1", "expand --depth 1 --void 1.5", 2, "1.5 is not in the range"),
    Case("a probability above 1", "expand --depth 1 --verbalise 1.5", 2, "1.5 is not in the range"),
    Case("a probability that is not a number", "expand --depth 1 --verbalise nan", 2, "'nan' is not a number"),
    Case(
        "a setting above its range",
        "expand --depth 1",
        2,
        r"verbalise = '2' \(environment\) must be at most 1",
        env={"PGRAPH_VERBALISE": "2"},
    ),
    Case("--with-texts without texts", "expand --depth 1 --with-texts", 2, "holds no texts.*ingest FILE --calls 0"),
    Case("a negative number of calls about texts", "ingest good.txt --calls -1", 2, "-1 is not in the range"),
    Case("a resolution of 0", "group --resolution 0", 2, "0.0 is not in the range"),
    Case("a resolution that is not a number", "group --resolution nan", 2, "'nan' is not a number"),
    Case("an unknown kind of question", "ask --kind riddle", 2, "'riddle' is not one of"),
    Case("a missing prompt file", "ask --prompt no.yml", 2, "'no.yml' does not exist"),
    Case("a prompt file that is not YAML", "ask --prompt relations.yml", 2, r"relations\.yml: not YAML"),
    Case("a threshold above 1", "dedup --threshold 1.5", 2, "1.5 is not in the range"),
    Case("a threshold that is not a number", "dedup --words nan", 2, "'nan' is not a number"),
    Case("--roles without a number", "dedup --roles", 2, "--roles without a number needs --sweep"),
    Case("nothing to answer", "distill --calls 1", 2, "no questions yet.*pgraph ask"),
    Case("nothing to judge", "judge knowledge", 2, "no answers yet.*pgraph distill"),
    Case("an unknown rubric", "judge personas --rubric clever", 2, "no such file or rubric.*Shipped are"),
    Case("a rubric for something else", "judge personas --rubric validity", 2, "is for knowledge, not for personas"),
    Case("--reask without a limit", "judge personas --reask", 2, "--reask needs --below"),
    Case("a limit off the scale", "judge personas --below 9", 2, "9.0 is not in the range"),
    Case("no judge at this address", "judge personas --base-url http://127.0.0.1:{port}/v1", 4, "127.0.0.1:{port}"),
    Case("a missing input file", "infer --input no.jsonl --output o.jsonl --model m", 2, r"no\.jsonl: no such file"),
    Case("an empty input file", "infer --input empty.jsonl --output o.jsonl --model m", 2, r"empty\.jsonl: is empty"),
    Case(
        "output onto the input",
        "infer --input nan.jsonl --output nan.jsonl --model m",
        2,
        "is also the input.*another file",
    ),
    Case(
        "an unknown task",
        "infer --input nocolumn.jsonl --output o.jsonl --model m --task nowhere",
        2,
        "has no task 'nowhere'.*Name one with --task",
    ),
    Case(
        "a task file that is not YAML",
        "infer --input nocolumn.jsonl --output o.jsonl --model m --instructions relations.yml",
        2,
        r"relations\.yml: not YAML",
    ),
    Case("chats as CSV", "export sft -o a.csv", 2, "cannot be written as csv.*jsonl or parquet"),
    Case("a dataset without answers", "export sft -o chats/", 2, "no answers|nothing"),
    Case("a dataset into a directory with other files", "export sft -o here/", 2, "here"),
    Case("a split without weights", "export sft -o chats/ --split train", 2, "--split"),
    Case("balance without a number of rows", "export sft -o chats/ --balance", 2, "--rows"),
    Case("verify something that is not a dataset", "verify here", 2, "here"),
    Case("verify a missing dataset", "verify nowhere", 2, "nowhere"),
    Case("--prompt without --names", "group --prompt relations.yml", 2, "--prompt needs --names"),
    Case("a missing list", "coverage --reference no.csv", 2, r"no\.csv: no such file"),
    Case("a list without labels", "coverage --reference plain.csv --reference-column x", 2, "has no column 'x'"),
    Case("a list with unknown columns", "coverage --reference plain.csv", 2, "no column .*--reference-column NAME"),
    Case("a list of blank lines", "coverage --reference blank.txt", 2, r"blank\.txt: holds no entries"),
    Case(
        "--reference-column without a list",
        "coverage --reference-column x",
        2,
        "--reference-column needs --reference FILE",
    ),
    Case("--compare with one run", "coverage --compare last", 2, "requires 2 arguments"),
    Case("HTML and JSON at once", "--json coverage --format html", 2, "cannot be combined"),
    Case("a report into a missing directory", "coverage -o nowhere/a.html", 2, "there is no directory .*mkdir -p"),
    Case("a port out of range", "explore --port 99999", 2, "99999 is not in the range"),
    Case("explore without a store", "--store bolt://127.0.0.1:{port} explore --no-browser", 3, "127.0.0.1:{port}"),
    Case("--write with --export", "explore --write --export a.html", 2, "--write cannot be combined with --export"),
    Case("explore --export onto a directory", "explore --export here", 2, "is a directory"),
    Case(
        "explore --export into a missing directory",
        "explore --export nowhere/a.html",
        2,
        "there is no directory .*mkdir -p",
    ),
    Case("a link to the local graph", "query runs --link", 2, "Neo4j Browser needs a Neo4j.*pgraph explore"),
    Case("a guide to the local graph", "query --guide", 2, "Neo4j Browser needs a Neo4j.*pgraph explore"),
    Case("a link without a query", "--store bolt://h query --link", 2, "needs the name of a query"),
    Case(
        "a guide and a query",
        "--store bolt://h query runs --guide",
        2,
        r"--guide cannot be combined with a query \(runs\)",
    ),
    Case("a link without a parameter", "--store bolt://h query picture_text --link", 2, "needs --param id="),
    Case(
        "a link with a wrong store address",
        "--store h query runs --link",
        2,
        "'h' is neither local nor the address of a Neo4j",
    ),
    Case(
        "a wrong address of Neo4j Browser",
        "--store bolt://h query runs --link",
        2,
        "store_browser = 'h:7474' is not an address",
        env={"PGRAPH_STORE_BROWSER": "h:7474"},
    ),
    Case("an unknown table", "coverage --by person", 2, "'person' is not one of"),
    Case("a wrong model address", "expand --depth 1 --calls 3 --base-url nonsense", 2, "nonsense"),
]


@pytest.fixture(scope="module")
def bad(shared_console: Console) -> Iterator[Console]:
    shared_console.empty()
    for name, content in FILES.items():
        (shared_console.directory / name).parent.mkdir(exist_ok=True)
        shared_console.write(name, content)
    shared_console.run("import", "good.txt")
    yield shared_console
    assert [row["persona"] for row in shared_console.rows() if "Brahmaputra" in row["persona"]]


@pytest.fixture(scope="module")
def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


_outcomes: dict[str, tuple[int, str]] = {}


def outcome(bad: Console, port: int, case: Case) -> tuple[int, str]:
    """Exit code and message; each case is run once, as some would do another thing the second time."""
    if case.what not in _outcomes:
        args = shlex.split(case.args.format(port=port))
        done = bad.run(*args, stdin=case.stdin, env=case.env, code=None)
        _outcomes[case.what] = done.code, done.err
    return _outcomes[case.what]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_bad_use(bad: Console, free_port: int, case: Case) -> None:
    code, err = outcome(bad, free_port, case)
    assert "Traceback" not in err
    assert code == case.code, err
    says = case.says.format(port=free_port) if "{port}" in case.says else case.says
    assert re.search(says, " ".join(err.split())), err


@pytest.mark.neo4j
def test_a_wrong_password(bad: Console, neo4j: Neo4jServer) -> None:
    for command in ("query runs", "import good.txt", "export personas -o a.jsonl"):
        done = bad.run("--store", neo4j.uri, *command.split(), env={"PGRAPH_STORE_PASSWORD": "wrong-one"}, code=3)
        assert "Traceback" not in done.err
        assert "PGRAPH_STORE_PASSWORD" in done.err
    assert not (bad.directory / "a.jsonl").exists()


@pytest.mark.timeout(400)
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="Python's own messages differ by version")
def test_the_page_says_what_happens(bad: Console, free_port: int) -> None:
    port, place = str(free_port), f"{bad.directory}/"
    page = _HEAD
    for case in CASES:
        code, err = outcome(bad, free_port, case)
        page += _line(case, code, err.replace(port, "7687").replace(place, "").replace(f"{ROOT}/", ""))
    if os.environ.get("PGRAPH_WRITE_PAGES") == "1":
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page, "docs/errors.md is out of date: make docs"


_HEAD = """# What happens when something is wrong

Each line comes from a real run (`tests/cli/test_bad_uses.py`, which also has the files). Exit codes: 0 done,
1 some items failed, 2 wrong use, 3 store, 4 model, 5 a limit the user set was reached before the goal, 130 interrupted.

| what | command | exit code | message |
|---|---|---|---|
"""


def _line(case: Case, code: int, err: str) -> str:
    lines = [line.strip() for line in err.splitlines() if not line.startswith(("Usage:", "Try '"))]
    message = re.sub(r"\(\d+\.\d s\)", "(0.1 s)", "<br>".join(filter(None, lines))).replace("|", "\\|")
    variables = " ".join(f"{name}={value}" for name, value in case.env.items())
    command = f"{variables} pgraph {case.args.format(port=7687)}".strip().replace("|", "\\|")
    return f"| {case.what} | `{command}` | {code} | {message} |\n"
