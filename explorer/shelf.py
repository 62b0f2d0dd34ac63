"""A few files, without data from a graph, for pages of any origin: the guide and the style for Neo4j Browser."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

TYPES = {"html": "text/html", "grass": "text/plain", "zip": "application/zip"}


def shelf(files: Mapping[str, bytes]) -> ASGIApp:
    """A web application that serves these files by name; the ending (html, grass, zip) sets the type."""

    async def send_file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            return Response(status_code=404)
        kind = TYPES[name.rpartition(".")[2]]
        return Response(files[name], media_type=kind, headers={"Access-Control-Allow-Origin": "*"})

    return Starlette(routes=[Route("/{name}", send_file)])
