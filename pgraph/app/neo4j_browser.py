"""Neo4j Browser: the address at which it opens with a query, and a guide with a style for it, served on this machine."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import cypher
from explorer import bound_socket, serve, shelf
from foundation.errors import SettingsError, UsageError
from graphstore.server import BoltStore
from pgraph.app.browser_guide import files, filled
from pgraph.app.settings import Workspace

HOST = "localhost"  # by this name: 127.0.0.1 is not among the hosts from which Neo4j lets its Browser take a guide


def query_link(workspace: Workspace, name: str, parameters: Mapping[str, Any]) -> str:
    """The address at which the Browser opens with a shipped query in its editor."""
    return _link(workspace, "edit", f"// {name}\n{filled(cypher.load(f'queries/{name}'), parameters)}")


def serve_guide(workspace: Workspace, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Hand out the guide and what goes with it until Ctrl-C; `ready` is told where the Browser opens the guide.

    `host`: an address of this machine; in a container all of them, its port open outside under the same number.
    """
    _link(workspace, "play", "")  # what is wrong with the settings is told before a port is taken
    with bound_socket(port, host) as place:
        place.listen()
        here = f"http://{HOST}:{place.getsockname()[1]}"
        ready(_link(workspace, "play", f"{here}/guide.html"))
        serve(place, shelf(files(here)))


def _link(workspace: Workspace, command: str, argument: str) -> str:

    values = workspace.settings()
    if values.store == "local":
        raise UsageError(
            "Neo4j Browser needs a Neo4j, and this graph is on the local server, which has no web page of its own",
            "`pgraph explore` shows it in a page. Or name a Neo4j with --store or PGRAPH_STORE (docs/neo4j-browser.md); or open"
            " any Neo4j Browser, connect it to the address that `pgraph local status` shows (user root, password in"
            " .pgraph/store/server.json), and paste the query.",
        )
    BoltStore(values.store, values.store_user, values.store_password, values.store_database)  # checks the address
    user = f"{quote(values.store_user, safe='')}@" if values.store_password else ""
    asked = [("dbms", values.store.replace("://", f"://{user}", 1))]
    asked += [("db", values.store_database)] if values.store_database != "neo4j" else []
    asked += [] if values.store_password else [("preselectAuthMethod", "NO_AUTH")]
    asked += [("cmd", command), ("arg", argument)]
    page = _page(values.store_browser, values.store)
    return f"{page}/browser/?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in asked)


def _page(browser: str, store: str) -> str:
    """Where the Browser is: where the settings say, else at Neo4j's usual port of the store's host."""
    if not browser:
        at = urlsplit(store)
        host = f"[{at.hostname}]" if ":" in (at.hostname or "") else at.hostname
        return f"https://{host}:7473" if "+s" in at.scheme else f"http://{host}:7474"
    if urlsplit(browser).scheme not in {"http", "https"} or not urlsplit(browser).hostname:
        raise SettingsError(f"store_browser = {browser!r} is no address", "Write it as http://host:7474.")
    return browser.rstrip("/").removesuffix("/browser")
