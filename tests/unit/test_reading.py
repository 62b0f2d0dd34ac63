import gzip
import hashlib
import io
import json
import os
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foundation.errors import InputError
from graphstore.files.reading import LONGEST_LINE, BadRow, Record, opened
from graphstore.files.rows import records

Made = Callable[[str, bytes | str], str]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    def make(name: str, content: bytes | str) -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return make


def read(name: str, form: str | None = None, stdin: bytes | None = None) -> list[Record | BadRow]:
    with opened(name, form, stdin=None if stdin is None else io.BytesIO(stdin)) as source:
        return list(records(source))


def values(name: str, form: str | None = None, stdin: bytes | None = None) -> list[Any]:
    return [row.values if isinstance(row, Record) else row.reason for row in read(name, form, stdin)]


def failure(name: str, form: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read(name, form)
    assert caught.value.hint, "an error says what to do"
    assert caught.value.exit_code == 2
    return f"{caught.value.message} | {caught.value.hint}"


def test_jsonl(made: Made) -> None:
    name = made("a.jsonl", '{"persona": "A nurse", "n": [1, {"b": null}]}\n\n{"text": "B"}\n')
    assert read(name) == [Record(1, {"persona": "A nurse", "n": [1, {"b": None}]}), Record(3, {"text": "B"})]


def test_persona_hub_shapes(made: Made) -> None:
    assert values(made("a.jsonl", '{"input persona": "A cook"}\n')) == [{"input persona": "A cook"}]
    assert values(made("a.txt", "A cook\nA nurse")) == [{"persona": "A cook"}, {"persona": "A nurse"}]


def test_a_bad_json_line_does_not_end_the_file(made: Made) -> None:
    lines = ['{"persona": "A"}', '{"persona": ', "[1]", "3", '{"persona": NaN}', '{"persona": "B"}', "[" * 100_000]
    rows = read(made("a.jsonl", "\n".join(lines)))
    assert [row.line for row in rows if isinstance(row, BadRow)] == [2, 3, 4, 7]
    assert [row.line for row in rows if isinstance(row, Record)] == [1, 5, 6]
    assert rows[4] == Record(5, {"persona": None}), "NaN is no text"


def test_crlf_and_byte_order_mark(made: Made) -> None:
    assert values(made("a.txt", "\ufeffA cook\r\nA nurse\r\n")) == [{"persona": "A cook"}, {"persona": "A nurse"}]
    assert values(made("b.csv", "\ufeffpersona,id\r\nA cook,1\r\n")) == [{"persona": "A cook", "id": "1"}]
    assert values(made("c.jsonl", '\ufeff{"persona": "A"}\r\n')) == [{"persona": "A"}]


def test_line_separators_inside_a_text_end_no_line(made: Made) -> None:
    assert values(made("a.txt", "one\u2028still one\x85and on\nB")) == [
        {"persona": "one\u2028still one\x85and on"},
        {"persona": "B"},
    ]


@pytest.mark.parametrize("ending", ["txt", "jsonl", "csv"])
def test_a_ten_megabyte_line_is_skipped_unread(made: Made, ending: str) -> None:
    first, last = {"txt": ("A", "B"), "jsonl": ('{"persona": "A"}', '{"persona": "B"}'), "csv": ("persona", "B")}[
        ending
    ]
    name = made(f"a.{ending}", first + "\n" + "x" * 10_000_000 + "\n" + last + "\n")
    with opened(name) as source:
        tracemalloc.start()
        rows = list(records(source))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 5 * LONGEST_LINE
    assert [row.line for row in rows if isinstance(row, BadRow)] == [2]
    assert rows[-1] == Record(3, {"persona": "B"})


def test_csv_with_quotes_line_breaks_and_other_delimiters(made: Made) -> None:
    name = made("a.csv", 'id,persona\n1,"A ""good"", old\nnurse"\n\n2,B\n')
    assert read(name) == [
        Record(2, {"id": "1", "persona": 'A "good", old\nnurse'}),
        Record(5, {"id": "2", "persona": "B"}),
    ]
    assert values(made("b.csv", "id;persona\n1;A, B\n")) == [{"id": "1", "persona": "A, B"}]
    assert values(made("c.tsv", "id\tpersona\n1\tA, B\n")) == [{"id": "1", "persona": "A, B"}]


def test_bad_csv_rows(made: Made) -> None:
    name = made("a.csv", 'id,persona\n1,A,B\n2,"C"x\n3,D\n4,"never closed\n')
    assert [type(row) for row in read(name)] == [BadRow, BadRow, Record, BadRow]
    assert "3 cells, but 2 columns" in values(name)[0]


def test_an_unclosed_quote_costs_a_bounded_part(made: Made) -> None:
    name = made("a.csv", 'persona\n"open\n' + "A nurse with a long day\n" * 20_000)
    rows = read(name)
    assert isinstance(rows[0], BadRow)
    assert sum(isinstance(row, Record) for row in rows) > 14_000


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"id": i, "persona": f"P{i}", "domain": ["Health", "Law"]} for i in range(5000)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet", row_group_size=700)
    got = read(str(tmp_path / "a.parquet"))
    assert [row.values for row in got if isinstance(row, Record)] == rows
    assert [row.line for row in got] == list(range(1, 5001))


def test_broken_parquet(made: Made, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    assert "does not begin with PAR1" in failure(made("a.parquet", "hello"))
    assert "broken" in failure(made("b.parquet", b"PAR1" + b"x" * 100 + b"PAR1"))
    pq.write_table(
        pa.table({"persona": [f"some text {i}" for i in range(9999)]}), tmp_path / "c.parquet", compression="none"
    )
    whole = (tmp_path / "c.parquet").read_bytes()
    assert "broken" in failure(made("cut.parquet", whole[: len(whole) // 2]))
    middle = len(whole) // 2
    assert "broken" in failure(made("holed.parquet", b"PAR1" + b"\xff" * middle + whole[middle + 4 :]))
    pq.write_table(pa.table({"words": ["a"]}), tmp_path / "d.parquet")
    assert "no column holds the persona's text (columns: words)" in failure(str(tmp_path / "d.parquet"))


def test_gzip(made: Made) -> None:
    packed = gzip.compress(b'{"persona": "A"}\n{"persona": "B"}\n' * 50_000)
    assert len(read(made("a.jsonl.gz", packed))) == 100_000
    assert "gzip file is broken" in failure(made("b.jsonl.gz", packed[:-20]))
    assert "gzip file is broken" in failure(made("c.jsonl.gz", packed[:60] + b"zzzz" + packed[64:]))
    assert "not a gzip file" in failure(made("d.txt.gz", "plain"))
    assert "empty once unpacked" in failure(made("e.txt.gz", gzip.compress(b"")))


@pytest.mark.parametrize("before", [0, 1, 2**20 - 1, 2**20, 3 * 2**20 + 7])
def test_wrong_bytes_are_named_wherever_blocks_end(made: Made, before: int) -> None:
    good = (b"a" * 99 + b"\n") * (before // 100) + b"b" * (before % 100)
    message = failure(made("a.txt", good + b"caf\xe9 x\n"))
    assert f"byte {before + 3} is 0xE9" in message
    assert f"a.txt:{before // 100 + 1}: is not UTF-8" in message
    assert "iconv -f WINDOWS-1252" in message


@pytest.mark.parametrize("before", [2**20 - 1, 2**20 - 2, 2**20 - 3])
def test_characters_across_blocks_are_whole(made: Made, before: int) -> None:
    text = "x" * (before % 1000) + "\n" + ("y" * 999 + "\n") * (before // 1000) + "𝄞नर्स"
    assert values(made("a.txt", text))[-1] == {"persona": "𝄞नर्स"}


def test_other_encodings(made: Made) -> None:
    assert "is UTF-16" in failure(made("a.txt", "A nurse".encode("utf-16")))
    assert "is UTF-16" in failure(made("b.csv", "persona\nA nurse\n".encode("utf-16-le")))
    assert "is UTF-32" in failure(made("c.txt", "A nurse".encode("utf-32")))
    assert "binary file (byte 4 is 0x00)" in failure(made("d.txt", b"abcd\0efghijkl"))
    assert "ends inside a UTF-8 character" in failure(made("e.txt", "नर्स".encode()[:-1]))


def test_files_that_are_something_else(made: Made, tmp_path: Path) -> None:
    assert "is empty" in failure(made("a.txt", ""))
    assert "no such file" in failure(str(tmp_path / "missing.txt"))
    assert "is a directory" in failure(str(tmp_path))
    assert "is a device" in failure("/dev/zero")
    assert "ending does not say the format" in failure(made("a.xlsx", "x"))
    assert "ZIP or Office" in failure(made("b.csv", b"PK\x03\x04....."))
    assert "is a Parquet file, not csv" in failure(made("c.csv", b"PAR1.."))
    assert "holds one JSON list" in failure(made("d.json", '[\n{"persona": "A"}]'))


def test_a_file_that_may_not_be_read(made: Made) -> None:
    name = made("a.txt", "x")
    Path(name).chmod(0)
    user = os.geteuid()
    os.seteuid(user or 65534)  # root may read every file
    try:
        assert "permission denied" in failure(name)
    finally:
        os.seteuid(user)


def test_no_text_column(made: Made) -> None:
    assert "no column holds the persona's text (columns: a, b)" in failure(made("a.csv", "a,b\n1,2\n"))
    assert "columns: name, age" in failure(made("a.jsonl", '{"name": "x", "age": 3}\n' * 5000))
    assert "appears twice" in failure(made("b.csv", "persona,persona\n1,2\n"))
    late = made("late.jsonl", '{"meta": 1}\n' * 50 + '{"persona": "A"}\n')
    assert len(read(late)) == 51, "some rows without are bad rows, not a bad file"


def test_stdin(made: Made) -> None:
    assert values("-", None, b'  {"persona": "A"}\n') == [{"persona": "A"}]
    assert values("-", "txt", b"A cook\n") == [{"persona": "A cook"}]
    with pytest.raises(InputError, match="standard input does not say its format"):
        values("-", None, b"persona,id\n")
    with pytest.raises(InputError, match="stdin: is empty"):
        values("-", "txt", b"")
    parquet = Path(made("x", b"")).parent / "p.parquet"
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"persona": ["A"]}), parquet)
    assert values("-", None, parquet.read_bytes()) == [{"persona": "A"}]


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("A cook\n"))
    writer.start()
    assert values(str(pipe)) == [{"persona": "A cook"}]
    writer.join()


def test_the_digest_is_the_contents(made: Made) -> None:
    text = json.dumps({"persona": "A"})
    with opened(made("a.jsonl", text)) as first, opened(made("b.jsonl", text)) as second:
        assert first.sha256 == second.sha256 == hashlib.sha256(text.encode()).hexdigest()
        assert first.lines == 1
