"""What the pages show: their blocks, and an output without what a model decides."""

import re
from collections.abc import Iterator

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def scripts(page: str) -> Iterator[tuple[str, str | None]]:
    """Each `sh` block, and the `text` block that is the next one after it, if that is what comes next."""
    blocks = [(match[1], match[2]) for match in _BLOCK.finditer(page)]
    for (language, script), (following, output) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "sh":
            yield script, output if following == "text" else None


def commands(page: str) -> list[tuple[str, str]]:
    """The `pgraph` commands in the blocks of a page: name, and the rest of the line without its remark."""
    blocks = "".join(match[2] for match in _BLOCK.finditer(page))
    named = re.findall(r"^(?:\$ )?pgraph (\w+)(.*)", blocks, re.MULTILINE)
    return [(name, rest.split("#")[0]) for name, rest in named]


def shape(text: str) -> list[str]:
    """Lines without what the model decides: numbers, run ids, column widths, why answers were unusable or calls failed."""
    masked = re.sub(r"\br[0-9a-f]{16}\b", "RUN", text)
    masked = re.sub(r"(?<=unusable) \(.*?\)|(?<=Stopped by: calls) \(.*?\)", "", masked)
    return [" ".join(re.sub(r"\d[\d.,]*", "#", line).split()) for line in masked.splitlines()]
