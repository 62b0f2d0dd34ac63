"""What Neo4j Browser can be given: a guide (`:play`), a style (`:style`), queries to keep; all made from the shipped Cypher."""

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
    title: str
    lead: str
    queries: tuple[str, ...]  # shipped ones by name, and commands of the Browser
    note: str = ""  # HTML


def _take(match: str, order: str = "count(*)") -> str:
    """The Browser's command that makes `$id` that of the first `one`."""
    return f":param [{{id}}] => {{ {match} WITH one.id AS id, {order} AS n ORDER BY n DESC, id LIMIT 1 RETURN id }}"


SLIDES = (
    Slide(
        "A population as a graph",
        "A click on a grey box brings it into the editor; Ctrl+Enter runs it.",
        (":style {here}/style.grass",),
        "First the style, a colour for each kind of node: orange groups, yellow domains, blue personas, grey texts, green"
        ' questions and answers.</p><p>To keep all queries: <a href="{here}/queries.zip" download>queries.zip</a>, dropped on this'
        " window as it is, becomes a folder of favourites (the star on the left).",
    ),
    Slide(
        "Who is here",
        "The groups with their largest domains, and how far the personas are from those that the population began with.",
        ("picture_groups", "depth_histogram"),
    ),
    Slide(
        "Who is missing",
        "Coverage is the chance that the next answer of the model names a role that is known. Where it is low, much is not.",
        ("coverage_overall", "under_covered_groups", "personas_without_relationships"),
        "<code>pgraph coverage -o report.html</code> says which call leads there best.",
    ),
    Slide(
        "How it grew",
        "From which group into which, along which relationships, and what each run brought.",
        ("picture_flow", "relation_by_domain", "runs"),
    ),
    Slide(
        "Where somebody came from",
        "Take a persona, here the one farthest from the seeds; then draw its way back, and what is around it.",
        (_take("MATCH (one:Persona)", "one.depth"), "picture_way_to_seed", "picture_neighbours"),
        "Another one: <code>:param id =&gt; 'p0123456789abcdef'</code>. A double click on a node of a picture draws its"
        " neighbours.",
    ),
    Slide(
        "What a seed led to",
        "Take the seed from which most was derived; draw what came of it in two steps.",
        (_take("MATCH (:Persona)-[:DERIVED_FROM]->(one:Persona {depth: 0})"), "picture_descendants"),
    ),
    Slide(
        "Who is in a text",
        "Take the text from which most personas were drawn; draw them.",
        (_take("MATCH (:Persona)-[:DERIVED_FROM]->(one:Text)"), "picture_text"),
    ),
    Slide(
        "What is known",
        "Take the question with most answers; draw whom it needs, and who speaks in its answers. Then all groups.",
        (_take("MATCH (:Knowledge)-[:ANSWERS]->(one:Question)"), "picture_question", "knowledge_by_group"),
    ),
)


def filled(text: str, parameters: Mapping[str, Any]) -> str:
    """A query without its header, values in place of its parameters.

    Not by `:param`: a text of several statements is run by the Browser without a picture.
    """
    body = re.sub(r"^//.*\n", "", text, flags=re.MULTILINE).strip()
    return re.sub(r"\$(\w+)", lambda found: literal(parameters[found[1]]) if found[1] in parameters else found[0], body)


def literal(value: object) -> str:
    """A JSON value in Cypher, whose escapes in texts are those of JSON."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"`{key.replace('`', '``')}`: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def files(here: str) -> dict[str, bytes]:
    """All that the Browser can be given; `here`: the address from which it gets them."""
    return {"guide.html": guide(here).encode(), "style.grass": STYLE.read_bytes(), "queries.zip": saved()}


def guide(here: str) -> str:
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
        text, says = query.replace("{here}", here), ""
    else:
        text, says = _kept(query), cypher.header(query).purpose
    caption = f"<figcaption>{escape(says)}</figcaption>" if says else ""
    return f'<figure><pre class="pre-scrollable code runnable">{escape(text)}</pre>{caption}</figure>'


def _kept(name: str) -> str:
    """With the defaults in place; a parameter without one is left to `:param`."""
    return f"// {name}\n{filled(cypher.load(f'queries/{name}'), cypher.header(name).parameters)}"


def saved() -> bytes:
    """A folder of .cypher files, zipped: the Browser keeps each as a favourite, named by its first line."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:  # not compressed, with no times: the same bytes on every machine
        for name in cypher.names("queries"):
            archive.writestr(zipfile.ZipInfo(f"pgraph/{name}.cypher"), _kept(name) + "\n")
    return made.getvalue()
