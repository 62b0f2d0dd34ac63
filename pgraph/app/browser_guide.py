"""Files for Neo4j Browser: a guide (`:play`), a style (`:style`), and queries to keep, all made from the shipped Cypher."""

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import cypher

STYLE = Path(__file__).with_name("style.grass")


@dataclass(frozen=True, slots=True)
class Slide:
    """A slide of the guide; `lead` and `note` are HTML."""

    title: str
    lead: str
    queries: tuple[str, ...]  # names of shipped queries, and commands of the Browser
    note: str = ""


def _take(match: str, order: str = "count(*)") -> str:
    """The Browser's command that sets `$id` to the id of the first node `chosen` in this order."""
    return f":param [{{id}}] => {{ {match} WITH chosen.id AS id, {order} AS n ORDER BY n DESC, id LIMIT 1 RETURN id }}"


SLIDES = (
    Slide(
        "A population as a graph",
        "Click a grey box to bring it into the editor, then press Ctrl+Enter to run it.",
        (":style {here}/style.grass",),
        "Start with the style. It gives each kind of node a colour: orange groups, yellow domains, blue personas, grey texts,"
        ' green questions and answers.</p><p>To keep all queries, download <a href="{here}/queries.zip" download>queries.zip</a>'
        " and drop it on this window. It becomes a folder of favourites (the star on the left).",
    ),
    Slide(
        "Who is here",
        "The groups with their largest domains, and how far the personas are from the seeds.",
        ("picture_groups", "depth_histogram"),
    ),
    Slide(
        "Who is missing",
        "Coverage is the chance that the next answer of the model names a known role. Where it is low, much is missing.",
        ("coverage_overall", "under_covered_groups", "personas_without_relationships"),
        "<code>pgraph coverage -o report.html</code> shows which calls lead there best.",
    ),
    Slide(
        "How it grew",
        "From which group to which, along which relationships, and what each run brought.",
        ("picture_flow", "relation_by_domain", "runs"),
    ),
    Slide(
        "Where somebody came from",
        "Take a persona, here the one farthest from the seeds. Then draw its way back, and what is around it.",
        (_take("MATCH (chosen:Persona)", "chosen.depth"), "picture_way_to_seed", "picture_neighbours"),
        "To take another one: <code>:param id =&gt; 'p0123456789abcdef'</code>. A double click on a node draws its neighbours.",
    ),
    Slide(
        "What a seed led to",
        "Take the seed from which most personas were derived. Then draw what it led to in two steps.",
        (_take("MATCH (:Persona)-[:DERIVED_FROM]->(chosen:Persona {depth: 0})"), "picture_descendants"),
    ),
    Slide(
        "Who is in a text",
        "Take the text from which most personas were drawn. Then draw them.",
        (_take("MATCH (:Persona)-[:DERIVED_FROM]->(chosen:Text)"), "picture_text"),
    ),
    Slide(
        "What is known",
        "Take the question with the most answers. Then draw the personas that it needs and those that answer it, and all groups.",
        (_take("MATCH (:Knowledge)-[:ANSWERS]->(chosen:Question)"), "picture_question", "knowledge_by_group"),
    ),
)


def filled(text: str, parameters: Mapping[str, Any]) -> str:
    """A query without its header, with values instead of those parameters that have one.

    It does not use `:param`: from several statements, the Browser draws no picture.
    """

    def value(match: re.Match[str]) -> str:
        return literal(parameters[match[1]]) if match[1] in parameters else match[0]

    body = re.sub(r"^//.*\n", "", text, flags=re.MULTILINE).strip()
    return re.sub(r"\$(\w+)", value, body)


def literal(value: object) -> str:
    """A JSON value in Cypher, which escapes texts as JSON does."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"`{key.replace('`', '``')}`: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def files(here: str) -> dict[str, bytes]:
    """All files for the Browser, by name; `here`: the address from which it loads them."""
    return {"guide.html": guide(here).encode(), "style.grass": STYLE.read_bytes(), "queries.zip": saved()}


def guide(here: str) -> str:
    """The guide as HTML; `here`: the address from which the Browser loads its style and queries."""
    slides = "\n".join(_slide(slide, here) for slide in SLIDES)
    return f'<article class="guide">\n<carousel class="deck container-fluid">\n{slides}\n</carousel>\n</article>\n'


def _slide(slide: Slide, here: str) -> str:
    note = f"<p>{slide.note.replace('{here}', here)}</p>\n" if slide.note else ""
    boxes = "\n".join(_box(query, here) for query in slide.queries)
    return (
        f'<slide class="row-fluid">\n<div class="col-sm-3"><h3>{slide.title}</h3><p class="lead">{slide.lead}</p></div>\n'
        f'<div class="col-sm-9">\n{boxes}\n{note}</div>\n</slide>'
    )


def _box(query: str, here: str) -> str:
    if query.startswith(":"):
        text, purpose = query.replace("{here}", here), ""
    else:
        text, purpose = _with_defaults(query), cypher.header(query).purpose
    caption = f"<figcaption>{escape(purpose)}</figcaption>" if purpose else ""
    return f'<figure><pre class="pre-scrollable code runnable">{escape(text)}</pre>{caption}</figure>'


def _with_defaults(name: str) -> str:
    """A shipped query with its defaults as values; a parameter without a default needs `:param`."""
    return f"// {name}\n{filled(cypher.load(f'queries/{name}'), cypher.header(name).parameters)}"


def saved() -> bytes:
    """The shipped queries as .cypher files in a zip: the Browser keeps each as a favourite, named by its first line."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # without compression and times: the same bytes on every machine
        for name in cypher.names("queries"):
            archive.writestr(zipfile.ZipInfo(f"pgraph/{name}.cypher"), _with_defaults(name) + "\n")
    return buffer.getvalue()
