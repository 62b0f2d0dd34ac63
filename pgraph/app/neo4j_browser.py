"""Neo4j Browser: links that open it with a query, and a guide with a style for it, served on this machine."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import cypher
from explorer import bound_socket, serve, shelf
from foundation.errors import SettingsError, UsageError
from graphstore.server import BoltStore
from pgraph.app.browser_guide import files, filled
from pgraph.app.settings import Workspace

HOST = "localhost"  # not 127.0.0.1: Neo4j allows guides from localhost only


def query_link(workspace: Workspace, name: str, parameters: Mapping[str, Any]) -> str:
    """The link that opens the Browser with a shipped query in its editor. Raises `UsageError` for the local store."""
    return _link(workspace, "edit", f"// {name}\n{filled(cypher.load(f'queries/{name}'), parameters)}")


def serve_guide(workspace: Workspace, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve the guide, its style and its queries until Ctrl-C; `ready` gets the link that opens it in the Browser.

    `host`: an address of this machine; in a container, 0.0.0.0, with the port published under the same number. Raises
    `UsageError` for the local store, or if the port is taken.
    """
    _link(workspace, "play", "")  # raises for wrong settings, before a port is taken
    with bound_socket(port, host) as listener:
        listener.listen()
        here = f"http://{HOST}:{listener.getsockname()[1]}"
        ready(_link(workspace, "play", f"{here}/guide.html"))
        serve(listener, shelf(files(here)))


def _link(workspace: Workspace, command: str, argument: str) -> str:
    values = workspace.settings()
    if values.store == "local":
        raise UsageError(
            "Neo4j Browser needs a Neo4j server, but this graph is on the local server",
            "Use `pgraph explore` instead. Or name a Neo4j server with --store or PGRAPH_STORE (docs/neo4j-browser.md). Or open"
            " any Neo4j Browser, connect it to the address that `pgraph local status` shows (user root, password in"
            " .pgraph/store/server.json), and paste the query.",
        )
    BoltStore(values.store, values.store_user, values.store_password, values.store_database)  # checks the address
    user = f"{quote(values.store_user, safe='')}@" if values.store_password else ""
    parameters = [("dbms", values.store.replace("://", f"://{user}", 1))]
    if values.store_database != "neo4j":
        parameters.append(("db", values.store_database))
    if not values.store_password:
        parameters.append(("preselectAuthMethod", "NO_AUTH"))
    parameters += [("cmd", command), ("arg", argument)]
    page = _page(values.store_browser, values.store)
    return f"{page}/browser/?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters)


def _page(browser: str, store: str) -> str:
    """The address of the Browser: from the settings, or else the host of the store with Neo4j's usual port."""
    if not browser:
        address = urlsplit(store)
        host = f"[{address.hostname}]" if ":" in (address.hostname or "") else address.hostname
        return f"https://{host}:7473" if "+s" in address.scheme else f"http://{host}:7474"
    if urlsplit(browser).scheme not in {"http", "https"} or not urlsplit(browser).hostname:
        raise SettingsError(f"store_browser = {browser!r} is not an address", "Write it as http://host:7474.")
    return browser.rstrip("/").removesuffix("/browser")
