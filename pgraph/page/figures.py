"""Numbers and texts as the page shows them: in Python, and as filters of the templates."""

NONE = "\u2013"  # a dash, where there is no value


def number(value: float | None) -> str:
    r"""A figure in a table.

    >>> number(12345), number(0.12345), number(2.5), number(None)
    ('12,345', '0.123', '2.500', '\u2013')
    """
    if value is None:
        return NONE
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def figure(value: float | None) -> str:
    """A figure beside others of other sizes: three digits or so.

    >>> figure(12345), figure(0.12345), figure(1234.56)
    ('12,345', '0.123', '1,234.6')
    """
    return f"{value:,.1f}" if isinstance(value, float) and value >= 10 else number(value)


def percent(share: float | None, digits: int = 1) -> str:
    r"""A share in per cent; 100 only where it is all.

    >>> percent(0.1234), percent(1.0), percent(0.9999), percent(None)
    ('12.3\xa0%', '100\xa0%', '99.9\xa0%', '\u2013')
    """
    if share is None:
        return NONE
    scale = 10**digits
    shown = min(share * 100, 100 - 1 / scale) if share < 1 else 100.0
    return f"{shown:.{digits}f}".removesuffix("." + "0" * digits) + "\u00a0%"


def cut(text: str, length: int = 160) -> str:
    """The text, or its beginning and an ellipsis.

    >>> cut("a night nurse", 8)
    'a night…'
    """
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
