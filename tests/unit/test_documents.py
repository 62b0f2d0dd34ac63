"""Each format as pieces, and what cannot be read."""

import json
import tracemalloc
import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from foundation.errors import InputError
from graphstore.files.documents import TEXTS, Piece, pieces
from graphstore.files.reading import BadRow, opened

FIRST, SECOND = "The east quay closes for eleven weeks.", "Boats under ten metres move to the inner basin."


def read(path: Path, size: int = 2000, form: str | None = None) -> list[Piece]:
    with opened(str(path), form, kind=TEXTS) as source:
        found = list(pieces(source, size))
    assert all(isinstance(piece, Piece) for piece in found)
    return [piece for piece in found if isinstance(piece, Piece)]


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(path) in caught.value.message
    assert caught.value.hint
    return caught.value.message


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def docx(path: Path, paragraphs: Sequence[str], title: str = "") -> Path:
    body = "".join(f"<w:p><w:r><w:t>{escape(text)}</w:t></w:r></w:p>" for text in paragraphs)
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("word/document.xml", f"<w:document {space}><w:body>{body}</w:body></w:document>")
        if title:
            core = f'<c xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></c>'
            packed.writestr("docProps/core.xml", core)
    return path


def pdf(path: Path, pages: Sequence[str], title: str = "") -> Path:
    """A PDF of one line of text a page, none where it is empty."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter()
    font = DictionaryObject({
        NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
        NameObject("/BaseFont"): NameObject("/Helvetica"),
    })  # fmt: skip
    for text in pages:
        page = writer.add_blank_page(600, 800)
        if text:
            content = DecodedStreamObject()
            content.set_data(f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET".encode("latin-1"))
            page[NameObject("/Contents")] = writer._add_object(content)
            fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
            page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    if title:
        writer.add_metadata({"/Title": title})
    with path.open("wb") as file:
        writer.write(file)
    return path


def test_a_text_file(tmp_path: Path) -> None:
    (piece,) = read(write(tmp_path / "a.txt", f"\ufeff{FIRST}\r\n\r\n\r\n  {SECOND}\n"))
    assert (piece.text, piece.source, piece.offset, piece.title) == (f"{FIRST}\n\n{SECOND}", "a.txt", 0, "")
    assert len(piece.sha256) == 64
    assert piece.id == read(write(tmp_path / "b.txt", f"{FIRST}\n\n{SECOND}"))[0].id, "the same text is the same node"


def test_markdown_has_a_title(tmp_path: Path) -> None:
    (piece,) = read(write(tmp_path / "a.md", f"# East quay #\n\n{FIRST}\n\n# Later\n"))
    assert piece.title == "East quay"
    assert FIRST in piece.text


def test_html_is_read_as_people_see_it(tmp_path: Path) -> None:
    page = f"""<!doctype html><html><head><title>East &amp; west quay</title><style>p {{ color: red }}</style>
    <script>if (a < b) alert("x")</script></head><body><nav><a href="/">Home</a></nav><h1>Notice</h1>
    <p>The <b>east</b> quay closes<!-- soon -->
    for eleven weeks.</p><ul><li>{SECOND}</ul><table><tr><td>one</td><td>two</td></tr></table></body></html>"""
    (piece,) = read(write(tmp_path / "a.html", page))
    assert piece.text == f"Notice\n\n{FIRST}\n\n{SECOND}\n\none\n\ntwo"
    assert piece.title == "East & west quay"


def test_jsonl_and_parquet_rows(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"body": FIRST, "title": "One"}, {"body": f"{SECOND}\n\n{FIRST}", "title": None}]
    write(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    for name in ("a.jsonl", "a.parquet"):
        found = read(tmp_path / name)
        assert [(piece.text, piece.source, piece.title) for piece in found] == [
            (FIRST, f"{name}:1", "One"),
            (f"{SECOND}\n\n{FIRST}", f"{name}:2", ""),
        ]


def test_a_word_file(tmp_path: Path) -> None:
    (piece,) = read(docx(tmp_path / "a.docx", [FIRST, "", SECOND], title="Quay"))
    assert (piece.text, piece.title) == (f"{FIRST}\n\n{SECOND}", "Quay")


def test_a_pdf(tmp_path: Path) -> None:
    (piece,) = read(pdf(tmp_path / "a.pdf", [FIRST, "", SECOND], title="Quay"))
    assert (piece.text, piece.title) == (f"{FIRST}\n\n{SECOND}", "Quay")


def test_broken_files_are_one_clear_error(tmp_path: Path) -> None:
    good = docx(tmp_path / "good.docx", [FIRST]).read_bytes()
    page = pdf(tmp_path / "good.pdf", [FIRST] * 3).read_bytes()
    assert "not a readable PDF" in refused(write(tmp_path / "a.pdf", b"hello there"))
    assert "not a readable PDF" in refused(write(tmp_path / "b.pdf", page[: len(page) // 3]))
    assert "not a readable Word file" in refused(write(tmp_path / "a.docx", b"hello"))
    assert "not a readable Word file" in refused(write(tmp_path / "b.docx", good[: len(good) // 2]))
    with zipfile.ZipFile(tmp_path / "c.docx", "w") as packed:
        packed.writestr("xl/workbook.xml", "<x/>")
    assert "not a readable Word file" in refused(tmp_path / "c.docx")
    with zipfile.ZipFile(tmp_path / "d.docx", "w") as packed:
        packed.writestr("word/document.xml", "<w:document>")
    assert "not a readable Word file" in refused(tmp_path / "d.docx")


def test_a_scan_and_a_locked_pdf(tmp_path: Path) -> None:
    from pypdf import PdfReader, PdfWriter

    assert "only pictures of pages" in refused(pdf(tmp_path / "scan.pdf", ["", ""]))
    writer = PdfWriter(PdfReader(pdf(tmp_path / "a.pdf", [FIRST])))
    writer.encrypt("secret", algorithm="RC4-128")
    with (tmp_path / "locked.pdf").open("wb") as file:
        writer.write(file)
    assert "locked with a password" in refused(tmp_path / "locked.pdf")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.md", b"", "is empty"),
        ("a.txt", b" \n\n \t\n", "holds no text"),
        ("a.html", b"<html><script>x</script></html>", "holds no text"),
        ("a.html", "Málaga".encode("latin-1"), "is not UTF-8"),
        ("a.txt", "Málaga and more of it".encode("utf-16"), "is UTF-16"),
        ("a.txt", b"text" + bytes(2) + b"more", "is a binary file"),
        ("a.txt", b"PK\x03\x04" + b"x" * 50, "ZIP or Office"),
        ("a.rtf", b"{\\rtf1}", "the ending does not say the format"),
        ("a.csv", b"text\nx\n", "the ending does not say the format"),
        ("a.jsonl", b'{"name": "x"}\n', "no column holds the text"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    assert says in refused(write(tmp_path / name, content))


def test_a_directory(tmp_path: Path) -> None:
    assert "is a directory" in refused(tmp_path)


def test_bad_rows_are_data(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", f'{{"text": "{FIRST}"}}\n{{"text": null}}\n[]\n')
    with opened(str(path), kind=TEXTS) as source:
        found = list(pieces(source, 2000))
    assert [piece.line for piece in found if isinstance(piece, BadRow)] == [2, 3]


def test_half_characters_do_not_reach_the_graph(tmp_path: Path) -> None:
    (piece,) = read(write(tmp_path / "a.jsonl", '{"text": "A \\ud83d quay and \\ud83c\\udf3e millet"}\n'))
    assert piece.text == "A \ufffd quay and \U0001f33e millet"


def test_pieces_are_cut_between_paragraphs_and_nothing_is_lost(tmp_path: Path) -> None:
    paragraphs = [f"Paragraph {n} of the notice. " + "It has some words. " * (n % 7) for n in range(60)]
    found = read(write(tmp_path / "a.txt", "\n\n".join(paragraphs)), size=400)
    whole = "\n\n".join(" ".join(text.split()) for text in paragraphs)
    assert all(len(piece.text) <= 400 for piece in found)
    assert all(whole[piece.offset :].startswith(piece.text) for piece in found)
    assert "\n\n".join(piece.text for piece in found) == whole
    assert sum(len(piece.text) for piece in found) / len(found) > 250, "pieces are filled"


def test_a_long_paragraph_is_cut_between_sentences(tmp_path: Path) -> None:
    text = " ".join(f"Sentence number {n} says little." for n in range(200))
    found = read(write(tmp_path / "a.txt", text), size=300)
    assert all(piece.text.endswith(".") and piece.text.startswith("Sentence") for piece in found)
    assert all(text[piece.offset :].startswith(piece.text) for piece in found)
    assert " ".join(piece.text for piece in found) == text


@pytest.mark.parametrize("text", ["x" * 5000, "字" * 5000, "word " * 2000, "x" * 190 + " " + "y" * 400])
def test_a_text_without_sentences_is_cut_all_the_same(tmp_path: Path, text: str) -> None:
    found = read(write(tmp_path / "a.txt", text), size=200)
    assert all(0 < len(piece.text) <= 200 for piece in found)
    assert "".join("".join(piece.text.split()) for piece in found) == "".join(text.split())


@pytest.mark.parametrize("form", ["txt", "md", "html"])
def test_a_big_file_is_streamed(tmp_path: Path, form: str) -> None:
    line = ("<p>" if form == "html" else "") + "A book in one line, without any end in sight, and more of it. "
    path = write(tmp_path / f"a.{form}", line * 100_000)  # 6 MB
    tracemalloc.start()
    with opened(str(path), kind=TEXTS) as source:
        count = sum(1 for _ in pieces(source, 2000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count > 3000
    assert peak < 5e6
