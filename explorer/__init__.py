"""The web page of `pgraph explore` and its server."""

from explorer.calls import TagReader
from explorer.counting import Counting
from explorer.expanding import Expanding
from explorer.meaning import Meaning
from explorer.onefile import one_file
from explorer.server import HOST, application, bound_socket, serve
from explorer.shelf import shelf

__all__ = [
    "HOST",
    "Counting",
    "Expanding",
    "Meaning",
    "TagReader",
    "application",
    "bound_socket",
    "one_file",
    "serve",
    "shelf",
]
