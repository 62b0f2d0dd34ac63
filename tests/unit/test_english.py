"""Plain English: words and phrases that read as translated, and the places that must not use them."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Made from the code or from a measurement: the source of these pages should be checked instead.
GENERATED = {"cli.md", "errors.md", "outcomes.md", "queries.md", "relations.md", "selection.md", "settings.md"}

# A regular expression between word boundaries, and what to write instead: only what is nearly always wrong.
BANNED = {
    # old or rare words
    r"aforesaid|thereof|therein|thereby|whereby|whence|thence|hitherto|herewith": "a plain word",
    r"amongst|amidst|whilst": "among, while",
    r"anew": "again",
    r"(whose|the) elder": "older, aged",
    r"for ever": "forever, always",
    r"foretells?|foretold|foretelling": "predict, estimate",
    r"heeds?|heeded": "follow, honour",
    r"how-?manieth": "which repeat, how many times",
    r"lest": "so that … not",
    r"likeness": "similarity",
    r"of like \w+": "of similar …",
    r"mend|mends|mended|mending": "fix, correct, repair",
    r"nought|naught": "zero, nothing",
    r"read-outs?": "measure",
    r"shall": "must, will",
    r"till|upon": "until, on",
    r"utili[sz]e[sd]?|leverag(e|ed|es|ing)": "use",
    r"whoever|whosoever": "anyone who",
    r"whom": "who, or turn the sentence round",
    # inverted order, and sentences without a subject or an object
    r"and whatever": "and everything that",
    r"as (it )?is said|(that|which) is said": "name who says it",
    r"be it": "whether it is",
    r"by what words|in what words": "with which words",
    r"has otherwise|(is|are) otherwise": "differs",
    r"in place of": "instead of",
    r"(is|are) let be": "left alone",
    r"(only|to|for|by) who (has|have|is|are|uses?|knows?)": "anyone who",
    r"that which": "what, the one that",
    r"the told|the mended|the asked": "the noun that is meant",
    r"say (it|that|the same) again|the same again": "run it again",
    r"what(ever)? (came|comes) of": "the result of",
    r"where none (is|are|was|were)": "if there is no …",
    r"with (its|their) help": "with it, by",
    # negation by "none" and "no"
    r"(?<!there )(is|are|was|were) none": "is not a …, unknown",
    r"(?<!there )is no(?! (longer|more|less|worse|better|different))": "is not a",
    r"(?<!there )are no(?! (longer|more|less|worse|better|different))": "are not",
    r"nobody (told|said)": "unknown, not given",
    # verbs
    r"(goes|go|going|went) on(?! (the|an?|top|one|page))": "continue",
    r"(starts?|started|ends?|leaves?) by (itself|themselves)": "automatically",
    r"(?<!aim )(?<!goal )(is|are|was|were) to (be|have)": "should, must, will",
    r"(is|are|was|were) told(?! to)": "given, reported, listed",
    r"held against": "checked with, applied to",
    r"looks?(ed)? through": "checks, reads",
    r"not spoken": "not supported",
    r"pass(es|ed) over": "skip",
    r"stands? (there|below|above|on|at|where)": "is, appears",
    # quantities
    r"\d[\d.,]* and more": "or more",
    r"from which on": "the least … at which",
    r"(?<!at )most calls": "the maximum number of calls",
    r"some (thousands|millions)": "several thousand, several million",
    # nouns and small words
    r"all else": "everything else",
    r"else than": "other than",
    r"in order to": "to",
    r"lists? from outside": "outside list",
    r"of (its|their|our|his|her|my) own": "separate, our …, your own …",
    r"(the|that) very (same|arm|command|text|words?)": "the same, exactly the",
    r"stand-in for": "name it: our test model",
    r"the way of an?": "the path of a",
    r"whether or not": "whether",
    r"the words that (are|were) sent": "the prompt",
}
_FAULTS = {re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE): use for pattern, use in BANNED.items()}


def prose(page: str) -> str:
    """A Markdown page without its code blocks, inline code, link targets and comments, on one line."""
    page = re.sub(r"^(```+).*?^\1\s*$", " ", page, flags=re.DOTALL | re.MULTILINE)
    page = re.sub(r"<!--.*?-->|`[^`\n]+`|(?<=\])\([^)\s]*\)", " ", page, flags=re.DOTALL)
    return " ".join(page.split())


def faults(text: str) -> list[str]:
    """The banned words of a text: each with the words around it and what to write instead."""
    return [
        f"“…{text[max(0, match.start() - 30) : match.end() + 30]}…”: “{match[0]}”; write: {use}"
        for pattern, use in _FAULTS.items()
        for match in pattern.finditer(text)
    ]


def pages() -> Iterator[tuple[str, str]]:
    """The pages written by hand, as (place, text)."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    below = [path for path in sorted((ROOT / "docs").rglob("*.md")) if path.name not in GENERATED]
    for path in [*top, *below]:
        yield str(path.relative_to(ROOT)), prose(path.read_text(encoding="utf-8"))


PACKAGES = ("foundation", "cypher", "graphstore", "population", "expansion", "distill", "explorer", "pgraph")


def strings() -> Iterator[tuple[str, str]]:
    """The string literals of the Python files, docstrings included, as (file:line, text)."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for line, text in literals(path.read_text(encoding="utf-8")):
                yield f"{path.relative_to(ROOT)}:{line}", text


def literals(source: str) -> Iterator[tuple[int, str]]:
    """Each string literal of a module that holds a sentence or a part of one, with its line and without `code`.

    A format string is one text, with "…" instead of its values.
    """
    tree = ast.parse(source)
    inner = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inner:
            text = node.value
        else:
            continue
        if " " in text.strip():
            yield node.lineno, " ".join(re.sub(r"`[^`]+`|^\s*>>> .*$|\bNone\b", " ", text, flags=re.MULTILINE).split())


def scripts() -> Iterator[tuple[str, str]]:
    """The quoted texts and the comments of the explorer's scripts and of the headers of queries, file by file."""
    for path in sorted((ROOT / "explorer" / "static").glob("*.js")):
        quoted = re.findall(r"'([^'\n]* [^'\n]*)'|`([^`]* [^`]*)`|(?://|/\*\*) (.*)", path.read_text(encoding="utf-8"))
        yield str(path.relative_to(ROOT)), " | ".join("".join(groups) for groups in quoted)
    for path in sorted((ROOT / "cypher" / "queries").glob("*.cypher")):
        header = re.findall(r"^// (.*)", path.read_text(encoding="utf-8"), re.MULTILINE)
        yield str(path.relative_to(ROOT)), " ".join(header)


def prompts() -> Iterator[tuple[str, str]]:
    """The English YAML files of prompts, rubrics, tasks and relationship kinds.

    Earlier wordings are left out: they must stay as runs used them. So must a "whom", which is old but not wrong.
    """
    for package in ("distill", "expansion", "population"):
        for path in sorted((ROOT / package).rglob("*.yml")):
            language = re.search(r"\.(\w\w)$", path.stem)
            if path.parent.name != "earlier" and (language is None or language[1] == "en"):
                text = re.sub(r"\bwhom\b", "who", path.read_text(encoding="utf-8"))
                yield str(path.relative_to(ROOT)), " ".join(text.split())


PLACES = (pages, strings, scripts, prompts)


@pytest.mark.parametrize("texts", PLACES, ids=lambda texts: texts.__name__)
def test_plain_english(texts: Callable[[], Iterator[tuple[str, str]]], subtests: pytest.Subtests) -> None:
    checked = 0
    for place, text in texts():
        checked += 1
        found = faults(text)
        if found:
            with subtests.test(place):
                pytest.fail(f"{place}: {'; '.join(found)}")
    assert checked > 5


def test_faults_are_found() -> None:
    assert len(faults("Mended rows are counted anew.")) == 2
    assert len(faults("format = 'x' is none. Only who has the link can open it.")) == 2
    assert len(faults("A depth of nought is no depth, and the run goes on.")) == 3
    assert not faults("There is no hurdle, it is no longer slow, and the recommended tables stand side by side.")


def test_strings_are_found_and_code_is_not() -> None:
    source = '"""See `mend`."""\nmend = {"mended": 1}\nfail(f"{mend!r} is mended", "go " "on")\n'
    assert list(literals(source)) == [(1, "See ."), (3, "… is mended"), (3, "go on")]


def test_code_is_no_prose() -> None:
    page = "Use `anew`.\n```sh\nmend it\n```\nSee [the page](anew.md).\n<!-- whom -->\n"
    assert prose(page) == "Use . See [the page] ."
