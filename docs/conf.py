"""The documentation site, built by `make site` (docs/decisions/0009)."""

project = "pgraph"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3

html_theme = "furo"
html_title = "pgraph"
html_show_copyright = False
html_copy_source = False
html_show_search_summary = False  # pages opened as files may not read one another
highlight_language = "text"  # a block that names no language is output, or a formula
suppress_warnings = [
    "misc.highlighting_failure"
]  # the highlighter does not know all of Cypher; it then highlights less
