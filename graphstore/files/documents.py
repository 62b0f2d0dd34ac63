"""Texts in: files of many formats as paragraphs, and the paragraphs as pieces of about one size, in bounded memory.

What is wrong with a whole file is an `InputError`; what is wrong with one row is a `BadRow`, and reading continues.
"""

import io
import logging
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import PurePath
from typing import Any
from xml.etree import ElementTree as ET

from foundation.errors import InputError
from graphstore.files.personas import plain_text
from graphstore.files.reading import (
    ENDINGS,
    BadRow,
    FileKind,
    Record,
    Source,
    plain_name,
    text_column,
    unpacked,
    unreadable,
)
from graphstore.files.rows import records
from graphstore.ids import text_id

TEXTS = FileKind(
    "the text",
    {
        **{ending: form for ending, form in ENDINGS.items() if form != "csv"},
        ".md": "md",
        ".markdown": "md",
        ".html": "html",
        ".htm": "html",
        ".pdf": "pdf",
        ".docx": "docx",
    },
    ("text", "content", "body", "document"),
)
_BLOCK = 1 << 16
_LONGEST = 1 << 17  # characters of a paragraph; what is longer becomes several
_SENTENCE_END = re.compile(r"[.!?।۔…][\"'”’»)\]]*\s|[。！？]|\n")  # noqa: RUF001  full stops of many scripts
_GAP = "\n\n"  # between two paragraphs


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, to ask a model about; `offset`: characters of the text before it.

    `source` is the file, with the line of a row; `title` that of the text; `sha256` the digest of the file.
    """

    id: str
    text: str
    source: str
    offset: int
    title: str
    sha256: str  # of the file


@dataclass(slots=True)
class _Document:
    source: str
    title: str = ""


def pieces(source: Source, size: int) -> Iterator[Piece | BadRow]:
    """The texts of the file `source` in pieces of at most `size` characters, in order, in bounded memory.

    Cut between paragraphs or, inside a longer one, between sentences. A row that cannot be used is a `BadRow`. Raises
    `InputError` for a file without any text, or one that cannot be read.
    """
    has_text = False
    try:
        for document, paragraphs in _documents(source):
            if isinstance(document, BadRow):
                has_text = True
                yield document
                continue
            for offset, text in _packed(paragraphs, size):
                has_text = True
                yield Piece(text_id(text), text, document.source, offset, document.title, source.sha256)
    except OSError as error:
        raise unreadable(source.name, error) from error
    if not has_text:
        raise _without_text(source)


def _without_text(source: Source) -> InputError:
    if source.form == "pdf":
        hint = f"Recognise its letters first: ocrmypdf {source.name} new.pdf"
        return InputError(f"{source.name}: holds no text, only pictures of pages (a scan)", hint)
    return InputError(f"{source.name}: holds no text", "Check what wrote it.")


# --- pieces


def _packed(paragraphs: Iterable[str], size: int) -> Iterator[tuple[int, str]]:
    """Paragraphs joined as long as they fit, each piece with its offset in the text."""
    parts: list[str] = []
    length = 0  # of the parts together
    start = 0  # of the first part, in the whole text
    paragraph_start = 0
    for paragraph in paragraphs:
        for part_start, part in _pieces_of_paragraph(paragraph, size):
            if parts and length + len(_GAP) + len(part) > size:
                yield start, _GAP.join(parts)
                parts = []
            if not parts:
                start = paragraph_start + part_start
                length = -len(_GAP)
            parts.append(part)
            length += len(_GAP) + len(part)
        paragraph_start += len(paragraph) + len(_GAP)
    if parts:
        yield start, _GAP.join(parts)


def _pieces_of_paragraph(paragraph: str, size: int) -> Iterator[tuple[int, str]]:
    start = 0
    while len(paragraph) - start > size:
        end = _good_end(paragraph, start + size // 2, start + size)
        yield start, paragraph[start:end].rstrip()
        start = end + len(paragraph[end : end + size]) - len(paragraph[end : end + size].lstrip())
    if start < len(paragraph):
        yield start, paragraph[start:]


def _good_end(text: str, least: int, most: int) -> int:
    """Where to cut: after the last sentence, else before the last blank, else in the middle of a word."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text, least, most)]
    if ends:
        return ends[-1]
    blank = text.rfind(" ", least, most)
    return blank if blank > 0 else most


# --- documents


def _documents(source: Source) -> Iterator[tuple[_Document | BadRow, Iterable[str]]]:
    name = PurePath(source.name).name
    if source.form in ("jsonl", "parquet"):
        for row in records(source):
            yield _from_row(name, row, source.kind)
    else:
        readers = {"txt": _txt, "md": _markdown, "html": _html, "pdf": _pdf, "docx": _docx}
        document = _Document(name)
        yield document, readers[source.form](source, document)


def _from_row(name: str, row: Record | BadRow, kind: FileKind) -> tuple[_Document | BadRow, Iterable[str]]:
    if isinstance(row, BadRow):
        return row, ()
    column = text_column(row.values, kind.columns)
    text = row.values.get(column) if column is not None else None
    if not isinstance(text, str) or not text.strip():
        return BadRow(row.line, _why_no_text(column, text)), ()
    title = next((value for key, value in row.values.items() if plain_name(key) == "title"), None)
    document = _Document(f"{name}:{row.line}", _line(title) if isinstance(title, str) else "")
    return document, _paragraphs(text.splitlines())


def _why_no_text(column: str | None, value: object) -> str:
    if column is None:
        return "no column text"
    return f"{column} is {'empty' if value in (None, '') else 'not a text'}"


def _paragraphs(lines: Iterable[str]) -> Iterator[str]:
    """Lines up to an empty one."""
    paragraph: list[str] = []
    length = 0
    for raw in lines:
        line = _line(raw)
        if line:
            paragraph.append(line)
            length += len(line) + 1
        if paragraph and (not line or length > _LONGEST):
            yield "\n".join(paragraph)
            paragraph = []
            length = 0
    if paragraph:
        yield "\n".join(paragraph)


def _line(text: str) -> str:
    # two halves of a surrogate pair become one character
    joined = text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return " ".join(plain_text(joined).split())


def _blocks(source: Source) -> Iterator[str]:
    with unpacked(source.path) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig") as text:
        while block := text.read(_BLOCK):
            yield block


def _lines(source: Source) -> Iterator[str]:
    """Lines; a very long one is cut at blanks."""
    line_start = ""
    for block in _blocks(source):
        *lines, line_start = (line_start + block).split("\n")
        yield from lines
        while len(line_start) > _LONGEST:
            end = line_start.rfind(" ", 0, _LONGEST)
            end = end if end > 0 else _LONGEST
            yield line_start[:end]
            line_start = line_start[end:]
    yield line_start


def _txt(source: Source, _: _Document) -> Iterator[str]:
    return _paragraphs(_lines(source))


def _markdown(source: Source, document: _Document) -> Iterator[str]:
    """As it is written; the first heading is the title."""
    for paragraph in _paragraphs(_lines(source)):
        if not document.title and paragraph.startswith("# "):
            document.title = paragraph.partition("\n")[0].removeprefix("# ").rstrip("# ")
        yield paragraph


def _html(source: Source, document: _Document) -> Iterator[str]:
    page = _Page()
    try:
        for block in _blocks(source):
            page.feed(block)
            document.title = _line(page.title)
            yield from page.take_paragraphs()
        page.close()
    except AssertionError as error:  # what html.parser raises for `<![` without a marked section
        raise InputError(f"{source.name}: the HTML is broken ({error})", "Save the page again, or as text.") from error
    page.end_paragraph()
    yield from page.take_paragraphs()


class _Page(HTMLParser):
    """The text of a web page, without what is not read: scripts, styles, navigation."""

    _UNREAD = frozenset({"script", "style", "template", "noscript", "svg", "nav"})
    # fmt: off
    _INLINE = frozenset({
        "a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "font", "i", "img", "ins", "kbd", "mark", "q",
        "s", "samp", "small", "span", "strong", "sub", "sup", "tt", "u", "var", "wbr",
    })
    # fmt: on

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self._paragraphs: list[str] = []
        self._parts: list[str] = []
        self._unread = 0
        self._in_title = False

    def take_paragraphs(self) -> list[str]:
        paragraphs, self._paragraphs = self._paragraphs, []
        return paragraphs

    def end_paragraph(self) -> None:
        text = _line("".join(self._parts))
        self._parts = []
        if text:
            self._paragraphs.append(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  html.parser's signature
        self._unread += tag in self._UNREAD
        self._in_title = tag == "title" and not self.title
        if tag not in self._INLINE:
            self.end_paragraph()

    def handle_endtag(self, tag: str) -> None:
        self._unread = max(0, self._unread - (tag in self._UNREAD))
        self._in_title = False
        if tag not in self._INLINE:
            self.end_paragraph()

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif not self._unread:
            self._parts.append(data)


def _pdf(source: Source, document: _Document) -> Iterator[str]:

    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it reports every flaw, also those that it could read past
    try:
        reader = PdfReader(source.path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise FileNotDecryptedError("password")  # noqa: TRY301  reported below, with the errors of pypdf itself
        document.title = _line(str((reader.metadata and reader.metadata.title) or ""))
        for page in reader.pages:
            yield from _paragraphs(page.extract_text().splitlines())
    except (FileNotDecryptedError, DependencyError) as error:
        hint = f"Take the password off: qpdf --decrypt {source.name} new.pdf"
        raise InputError(f"{source.name}: is locked with a password", hint) from error
    except (
        PyPdfError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:  # all seen in pypdf
        raise _broken(source, "PDF", error) from error


_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BREAKS = {f"{_WORD}tab": " ", f"{_WORD}br": "\n", f"{_WORD}cr": "\n"}


def _docx(source: Source, document: _Document) -> Iterator[str]:
    """The paragraphs of a Word file, those in tables too; the XML is read as a stream and thrown away."""
    try:
        with zipfile.ZipFile(source.path) as packed:
            document.title = _docx_title(packed)
            with packed.open("word/document.xml") as content:
                parts: list[str] = []
                for _, element in ET.iterparse(content):  # noqa: S314  expat reads no external entities
                    if element.tag == f"{_WORD}p":
                        yield from _paragraphs("".join(parts).splitlines())
                        parts = []
                        element.clear()
                    else:
                        parts.append(
                            (element.text or "") if element.tag == f"{_WORD}t" else _BREAKS.get(element.tag, "")
                        )
    except (
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ET.ParseError,
    ) as error:
        raise _broken(source, "Word file (DOCX)", error) from error


def _docx_title(packed: Any) -> str:  # noqa: ANN401  a zipfile.ZipFile, imported where it is opened

    if "docProps/core.xml" not in packed.namelist():
        return ""
    core = ET.fromstring(packed.read("docProps/core.xml"))  # noqa: S314  as above
    return _line(core.findtext("{http://purl.org/dc/elements/1.1/}title") or "")


def _broken(source: Source, kind: str, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:200]
    return InputError(
        f"{source.name}: not a readable {kind} ({reason})", "Get or save it again, or give its text as .txt."
    )
