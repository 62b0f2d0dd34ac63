"""The file of answers of `pgraph infer`: taken up again after any end, by the ids of its rows."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from distill.batch.output import Answers, encoded, key_of, same_file
from foundation.errors import InputError, UsageError


def answer(identity: object, text: str = "well", **more: Any) -> dict[str, Any]:
    return {"id": identity, "said": text, "said_prompt": "p1", "said_model": "m", **more}


def lines(*rows: dict[str, Any]) -> bytes:
    return b"".join(map(encoded, rows))


def write(answers: Answers, *rows: dict[str, Any]) -> None:
    """As a run does: each row is met in the input, then answered."""
    for number, row in enumerate(rows, start=1):
        assert answers.meet(key_of(row["id"]), number) is None
    answers.begin()
    answers.add([(key_of(row["id"]), encoded(row)) for row in rows])


def opened(path: Path) -> Answers:
    return Answers(str(path), "said", None).open()


def test_what_is_there_is_known_again(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with opened(out) as answers:
        write(answers, answer("a"), answer("b"))
    with opened(out) as answers:
        assert answers.done == 2
        assert answers.meet(key_of("a"), 1) == 0
        assert answers.meet(key_of("c"), 2) is None
        assert answers.meet(key_of("c"), 3) == 2  # the same id in two lines of the input
        assert answers.meet(key_of("a"), 4) == 1
    assert out.read_bytes() == lines(answer("a"), answer("b"))


@pytest.mark.parametrize("cut", [1, 2, 20, 50])
def test_half_a_line_is_taken_away_and_its_row_answered_again(tmp_path: Path, cut: int) -> None:
    """However much of the last row a kill left: all but the end of its line, or its first two characters."""
    out = tmp_path / "out.jsonl"
    whole, last = lines(answer("a")), lines(answer("b"))
    out.write_bytes(whole + last[: len(last) - cut if cut < 50 else 2])
    with opened(out) as answers:
        assert answers.done == 1
        assert answers.meet(key_of("b"), 2) is None
        answers.begin()
        answers.add([(key_of("b"), last)])
    assert out.read_bytes() == whole + last


@pytest.mark.parametrize("content", [b"a poem\n", b"a poem", b'{"id": 1}\n', b"[1, 2]\n", b'{"id": "a", "said": "x"}'])
def test_a_file_that_is_not_ours_is_left_alone(tmp_path: Path, content: bytes) -> None:
    out = tmp_path / "out.jsonl"
    out.write_bytes(content)
    says = r"out\.jsonl:1: is not an answer of pgraph infer in column 'said'"
    with Answers(str(out), "said", None) as answers, pytest.raises(InputError, match=says):
        answers.open()
    assert out.read_bytes() == content


def test_rows_of_another_prompt_or_model_are_counted(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_bytes(lines(answer("a"), answer("b", said_model="other"), {**answer("c"), "said_prompt": "p2"}))
    with opened(out) as answers:
        assert (answers.done, answers.others("p1", "m"), answers.others("p3", "m")) == (3, 2, 3)


def test_an_id_twice_in_the_output_is_one_row(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_bytes(lines(answer(1), answer("1")))
    with opened(out) as answers:
        assert answers.done == 1


def test_one_and_its_text_are_the_same_id_and_true_is_another() -> None:
    assert key_of(1) == key_of("1")
    assert len({key_of("1"), key_of("2"), key_of(1.5), key_of([1]), key_of({"a": 1})}) == 5
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})
    assert len(key_of("\ud83d")) == 16  # half a character is an id too


def test_another_process_may_not_write_the_same_file(tmp_path: Path) -> None:
    with opened(tmp_path / "out.jsonl"), pytest.raises(UsageError, match="another pgraph infer is writing it"):
        opened(tmp_path / "out.jsonl")


def test_nothing_answered_leaves_no_file(tmp_path: Path) -> None:
    with opened(tmp_path / "out.jsonl") as answers:
        answers.begin()
    assert list(tmp_path.iterdir()) == []


def test_failed_rows_stand_beside_it_until_the_next_run(tmp_path: Path) -> None:
    out, failed = tmp_path / "out.jsonl", tmp_path / "out.jsonl.failed.jsonl"
    with opened(out) as answers:
        write(answers, answer("a"))
        answers.fail([{"line": 2, "id": "b", "reason": "empty", "row": {"text": "\ud83d"}}])
    assert json.loads(failed.read_text(encoding="utf-8"))["reason"] == "empty"
    with opened(out) as answers:
        assert answers.meet(key_of("b"), 2) is None  # it is in no output
        assert failed.exists()
        answers.begin()
    assert not failed.exists()


def test_in_the_order_of_the_input_where_that_is_asked_for(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_bytes(lines(answer("gone"), answer("c"), answer("a")))
    with opened(out) as answers:
        for number, name in enumerate("abc", start=1):
            answers.meet(key_of(name), number)
        answers.begin()
        answers.add([(key_of("b"), lines(answer("b")))])
        answers.finish(ordered=False)
        assert out.read_bytes() == lines(answer("gone"), answer("c"), answer("a"), answer("b"))
        answers.finish(ordered=True)
    assert out.read_bytes() == lines(answer("gone"), answer("a"), answer("b"), answer("c"))


def test_parquet_is_made_at_the_end_and_taken_apart_to_go_on(tmp_path: Path) -> None:
    out, part = tmp_path / "out.parquet", tmp_path / "out.parquet.part.jsonl"
    with opened(out) as answers:
        write(answers, answer("a", age=4), answer("b", age=None))
        assert part.exists()
        answers.finish(ordered=True)
    assert not part.exists()
    assert pq.read_table(out).to_pylist() == [answer("a", age=4), answer("b", age=None)]
    with opened(out) as answers:
        assert answers.done == 2
        assert answers.meet(key_of("c"), 3) is None
        answers.begin()
        answers.add([(key_of("c"), lines(answer("c", age=5)))])
        answers.finish(ordered=True)
    assert pq.read_table(out).column("age").to_pylist() == [4, None, 5]


def test_parquet_keeps_the_types_of_the_input(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    with Answers(str(out), "said", {"age": pa.int8(), "photo": pa.binary()}).open() as answers:
        write(answers, answer("a", age=4, photo=b"\x00\xff"))
        answers.finish(ordered=False)
    table = pq.read_table(out)
    assert (table.schema.field("age").type, table.schema.field("photo").type) == (pa.int8(), pa.binary())
    assert table.to_pylist() == [answer("a", age=4, photo=b"\x00\xff")]


def test_an_interrupted_parquet_goes_on_from_its_part(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    with opened(out) as answers:
        write(answers, answer("a"))  # and no end
    assert not out.exists()
    with opened(out) as answers:
        assert (answers.done, answers.meet(key_of("a"), 1)) == (1, 0)
        answers.begin()
        answers.finish(ordered=False)
    assert pq.read_table(out).to_pylist() == [answer("a")]


@pytest.mark.parametrize("name", ["out.csv", "out", "out.txt", "folder.jsonl"])
def test_a_name_that_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(UsageError):
        Answers(str(tmp_path / name), "said", None)


def test_a_row_is_one_line_of_json() -> None:
    assert encoded({"a": "é\n"}) == '{"a": "é\\n"}\n'.encode()
    assert (
        encoded({"a": float("nan"), "b": [float("inf"), 1.5], "c": b"\x00"})
        == b'{"a": null, "b": [null, 1.5], "c": "AA=="}\n'
    )
    with pytest.raises(ValueError, match="surrogates not allowed"):
        encoded({"a": "\ud83d"})
    assert encoded({"a": "\ud83d"}, strict=False) == b'{"a": "\\ud83d"}\n'


def test_the_same_file_by_two_names(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").symlink_to("a")
    assert same_file(str(tmp_path / "a"), str(tmp_path / "b"))
    assert not same_file(str(tmp_path / "a"), str(tmp_path / "c"))
