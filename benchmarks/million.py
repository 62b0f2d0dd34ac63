"""A million personas through the whole tool on the local store: seconds and peak memory of each step.

    python benchmarks/million.py [--rows 1000000] [--workspace DIR] [--keep] [--rate 2000]

The personas are made by a seeded generator: a role, a place, a trait, a circumstance, a wish and a habit each, out of
lists large enough that two strangers seldom share more than a template. To 2 in 100 rows one more is added that says the
same: its words in another order (MinHash must find it), or two words of it replaced (the embedding must). How many of
these are marked is the recall; marks on pairs that were not planted are counted too.

Vectors come from a process on the loopback interface that answers as an embeddings server: the sum of random directions
of a text's words, 384 numbers as MiniLM has, because a million texts by MiniLM take hours on two cores; its rate is
measured on a sample of --rate texts. All else is the tool as users run it, a process a step. Peak memory is the kernel's
count of resident pages (VmHWM), of the process and of the local server since its start.
"""

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.import_rate import peak
from graphstore.ids import persona_id
from graphstore.server import local

DIMENSIONS = 384
WHO, WORK, SYLLABLES = (
    text.split()
    for text in (
        """night district ship school court harbour village hospital railway market mountain prison river theatre mine
        forest border factory temple museum airport desert island bridge clinic tunnel orchard vineyard refugee parish""",
        """nurse baker pilot tailor welder clerk beekeeper porter midwife fisher weaver driver cook tutor surveyor plumber
        glazier translator librarian butcher potter roofer gardener cobbler inspector auditor chemist sculptor shepherd
        typesetter mechanic archivist carpenter brewer cashier dentist engraver farrier guard herbalist""",
        """ba ko ri tan mel os du va shi nor lek pa zu gri hem lo ya fen tor mi das que bel ran ost wi jul kar ne sol""",
    )
)
PLANTED = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--heap", default="1g")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return
    place = tempfile.TemporaryDirectory() if options.workspace is None else nullcontext(str(options.workspace))
    with place as name:
        workspace = Path(name)
        workspace.mkdir(parents=True, exist_ok=True)
        planted = generate(workspace / "people.jsonl", options.rows)
        print(f"{options.rows:,} personas, {sum(planted.values()):,} of them planted duplicates: {dict(planted)}")
        server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            steps(workspace, url, options.heap)
        finally:
            server.terminate()
            local.stop(workspace / ".pgraph" / "store")
    sample(options.rate)


def steps(workspace: Path, url: str, heap: str) -> None:
    run = Runner(workspace, url, heap)
    print(f"\n{'step':<34} {'seconds':>8} {'cpu s':>8} {'peak MB':>8} {'server MB':>9}")
    run("import", "import", "people.jsonl")
    run("coverage, domains only", "coverage")
    run("groups", "group")
    run("roles and words, no vectors", "dedup", "--threshold", "1", "--roles", "1")
    run("roles, words and meaning, embedding", "dedup", "--threshold", "0.9", "--roles", "0.85")
    recall(workspace, run)
    run("the same again, all in the cache", "dedup")
    run("coverage by group", "coverage")
    run("coverage_by_group.cypher", "query", "coverage_by_group", "--format", "json")
    run("coverage_overall.cypher", "query", "coverage_overall", "--format", "json")
    run("group, nothing new", "group")
    run("sweep of personas", "dedup", "--sweep")
    run("sweep of roles", "dedup", "--sweep", "--roles")


class Runner:
    def __init__(self, workspace: Path, url: str, heap: str) -> None:
        self.workspace = workspace
        self.environment = {
            **os.environ,
            "PGRAPH_LOCAL_HEAP": heap,
            "PGRAPH_EMBEDDING_URL": url,
            "PGRAPH_EMBEDDING_MODEL": "words",
        }

    def __call__(self, what: str, *args: str, out: bool = False) -> str:
        """Run pgraph, print what it took; a failed step is said and does not end the others."""
        began = time.perf_counter()
        command = [sys.executable, "-m", "pgraph", "--quiet", "--json", *args]
        highest, processor = 0.0, 0.0
        with tempfile.TemporaryFile("w+") as answer:
            process = subprocess.Popen(command, cwd=self.workspace, env=self.environment, stdout=answer)
            while process.poll() is None:
                with suppress(OSError, StopIteration, ValueError):  # it is just ending
                    highest, processor = max(highest, peak(process.pid)), seconds_of(process.pid)
                time.sleep(0.02)
            answer.seek(0)
            said = answer.read()
        pid = local.status(self.workspace / ".pgraph" / "store").pid
        server = peak(pid) if pid else 0.0
        failed = f"  FAILED ({process.returncode})" if process.returncode else ""
        seconds = time.perf_counter() - began
        if not out:
            print(f"{what:<34} {seconds:>8.1f} {processor:>8.1f} {highest:>8.0f} {server:>9.0f}{failed}", flush=True)
            if args[0] == "dedup" and "--sweep" not in args:
                print("   ", " ".join(said.split())[:600], flush=True)
            elif "--sweep" in args:
                print("   ", [(r["threshold"], r["duplicates"]) for r in json.loads(said)["rows"]], flush=True)
        return said


def seconds_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def recall(workspace: Path, run: Runner) -> None:
    """Which of the planted duplicates are marked, and how many others."""
    rows = json.loads(
        run(
            "",
            "cypher",
            "MATCH (p:Persona)-[m:DUPLICATE_OF]->(s:Persona) RETURN p.id AS id, s.id AS survivor, m.method AS method",
            "--limit",
            "1000000",
            "--timeout",
            "600",
            "--format",
            "json",
            out=True,
        )
    )["rows"]
    marked = {frozenset((row["id"], row["survivor"])): row["method"] for row in rows}
    found: Counter[str] = Counter()
    planted = 0
    with (workspace / "planted.jsonl").open() as file:
        for line in file:
            kind, one, other = json.loads(line)
            planted += 1
            method = marked.pop(frozenset((one, other)), None)
            found[f"{kind} by {method}"] += 1
    print(f"    planted {planted:,}: {dict(found)}; other marks: {len(marked):,}", flush=True)


def generate(file: Path, rows: int) -> Counter[str]:
    """Write `rows` personas; returns how many duplicates of each kind are among them."""
    draw, planted = random.Random(7), Counter[str]()
    names = ["".join(draw.choice(SYLLABLES) for _ in range(draw.randint(2, 4))) for _ in range(60_000)]
    fields = [f"{who} {what}" for who in WHO for what in (*names[:660], "health", "food", "law")]
    with file.open("w") as out, file.with_name("planted.jsonl").open("w") as notes:
        written = 0
        while written < rows:
            role = f"{draw.choice(WHO)} {draw.choice(WORK)}" + (
                f" of {draw.choice(names[:300])}" if draw.random() < 0.3 else ""
            )
            rest = [draw.choice(names) for _ in range(10)]
            text = (
                f"A {role} from {rest[0]} who {rest[1]} with {rest[2]} after the {rest[3]} years and {rest[4]}s "
                f"a {rest[5]} {rest[6]} for the {rest[7]} of {rest[8]}, {rest[9]}"
            )
            domain = draw.choice(fields)
            other, kind = "", ""
            if draw.random() < PLANTED:
                kind, other = variant(draw, text, names)
            for each in filter(None, (text, other)):
                if written < rows:
                    out.write(json.dumps({"persona": each, "domain": domain, "role": role}) + "\n")
                    written += 1
                    if each is other:
                        notes.write(json.dumps([kind, persona_id(text), persona_id(other)]) + "\n")
                        planted[kind] += 1
    return planted


def variant(draw: random.Random, text: str, names: list[str]) -> tuple[str, str]:
    words = text.split()
    if draw.random() < 0.5:
        turned = words[len(words) // 2 :] + words[: len(words) // 2]
        return "turned", " ".join(turned)
    for place in (-1, -4):
        words[place] = draw.choice(names)
    return "two words", " ".join(words)


def sample(count: int) -> None:
    """How fast the default model embeds here."""
    from foundation.model.minilm import MiniLM

    draw = random.Random(3)
    with tempfile.TemporaryDirectory() as name:
        generate(Path(name) / "sample.jsonl", count)
        texts = [json.loads(line)["persona"] for line in (Path(name) / "sample.jsonl").open()]
    draw.shuffle(texts)
    model = MiniLM("all-MiniLM-L6-v2")
    model.embed(texts[:10])
    began = time.perf_counter()
    model.embed(texts)
    rate = len(texts) / (time.perf_counter() - began)
    print(f"\nall-MiniLM-L6-v2 in this process: {rate:.0f} texts/s, so {1e6 / rate / 3600:.1f} hours for a million")


# -- the embeddings server

_WORD = re.compile(r"\w+")
_NUMBERS = [str(number) for number in range(-2048, 2048)]


def directions(words: dict[str, Any], word: str) -> Any:  # noqa: ANN401  an array
    found = words.get(word)
    if found is None:
        drawn = np.random.default_rng(zlib.crc32(word.encode())).integers(-60, 60, DIMENSIONS, dtype=np.int16)
        found = words[word] = drawn
    return found


def vectors(texts: list[str], words: dict[str, Any]) -> bytes:
    rows = []
    for index, text in enumerate(texts):
        total = np.sum([directions(words, word) for word in _WORD.findall(text.casefold()) or [""]], axis=0)
        numbers = ",".join([_NUMBERS[value + 2048] for value in np.clip(total, -2047, 2047).tolist()])
        rows.append(f'{{"object":"embedding","index":{index},"embedding":[{numbers}]}}')
    body = (
        f'{{"object":"list","model":"words","usage":{{"prompt_tokens":1,"total_tokens":1}},"data":[{",".join(rows)}]}}'
    )
    return body.encode()


async def serve() -> None:
    """POST …/embeddings, whatever the path; one line with the address on stdout."""
    words: dict[str, Any] = {}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(next(iter(re.findall(rb"(?i)content-length:\s*(\d+)", head)), b"0"))
                asked = json.loads(await reader.readexactly(length))["input"]
                body = vectors(asked, words)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                )
                writer.write(body)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=1 << 24)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    main()
