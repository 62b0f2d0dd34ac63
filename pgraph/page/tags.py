"""HTML from plain functions. A text is escaped wherever it is put in; only what these functions made is not."""

import html
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Html(str):
    """A piece of HTML, safe to be put into another one."""

    __slots__ = ()


NONE = "\u2013"  # a dash, where there is no value
Child = str | int | float | None


def tag(name: str, /, *children: Child, **attributes: Child | bool) -> Html:
    """An element; `class_` is class, `data_x` is data-x, True an attribute without a value, None or False none.

    >>> tag("p", "a < b", tag("b", "c"), class_="x")
    '<p class="x">a &lt; b<b>c</b></p>'
    """
    given = "".join(
        _attribute(key, value) for key, value in attributes.items() if value is not None and value is not False
    )
    return Html(f"<{name}{given}>{join(children)}</{name}>")


def join(children: Iterable[Child]) -> Html:
    return Html("".join(map(_text, children)))


def _text(child: Child) -> str:
    if child is None or isinstance(child, Html):
        return child or ""
    return html.escape(_UNSEEN.sub("\ufffd", str(child)))


def _attribute(key: str, value: Child | bool) -> str:  # noqa: FBT001  an attribute's value
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{_text(str(value))}"'


def table(
    caption: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]], *, right: Collection[str] = ()
) -> Html:
    """A table that scrolls inside its own box where the page is narrow; its caption is for screen readers.

    `columns`: key -> heading, the first heads its row; those in `right`, and those of numbers, stand to the right.
    """
    keys = list(columns)
    numbers = set(right) | {key for key in keys[1:] if any(isinstance(row.get(key), int | float) for row in rows)}
    head = join(tag("th", columns[key], scope="col", class_="n" if key in numbers else None) for key in keys)
    body = join(
        tag(
            "tr",
            tag("th", _cell(row.get(keys[0])), scope="row"),
            *(tag("td", _cell(row.get(key)), class_="n" if key in numbers else None) for key in keys[1:]),
        )
        for row in rows
    )
    made = tag(
        "table",
        tag("caption", caption, class_="unseen"),
        tag("thead", tag("tr", head)),
        tag("tbody", body),
    )
    return tag("div", made, class_="wide", tabindex="0", role="region", aria_label=caption)


def _cell(value: Any) -> Child:  # noqa: ANN401  a value of a row
    if value is None:
        return NONE
    return value if isinstance(value, Html) else number(value) if isinstance(value, int | float) else str(value)


def number(value: float) -> str:
    """A figure in a table.

    >>> number(12345), number(0.12345), number(2.5)
    ('12,345', '0.123', '2.500')
    """
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def percent(share: float | None, digits: int = 1) -> str:
    r"""A share in per cent; 100 only where it is all.

    >>> percent(0.1234), percent(1.0), percent(0.9999), percent(None)
    ('12.3\xa0%', '100\xa0%', '99.9\xa0%', '-')
    """
    if share is None:
        return "-"
    scale = 10**digits
    shown = min(share * 100, 100 - 1 / scale) if share < 1 else 100.0
    return f"{shown:.{digits}f}".removesuffix("." + "0" * digits) + "\u00a0%"
