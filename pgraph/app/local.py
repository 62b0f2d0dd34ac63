"""`pgraph local`: the local graph server of a workspace."""

from graphstore.server import local
from pgraph.app.settings import Workspace


def status(workspace: Workspace) -> local.ServerStatus:
    """Whether the server is running, where, and what it uses; starts nothing."""
    return local.status(workspace.store)


def start(workspace: Workspace) -> None:
    """Start the server, if it is not running. Raises `StoreError` if it does not start."""
    settings = workspace.settings()
    local.connect(workspace.store, heap=settings.local_heap, idle=settings.local_idle).close()


def stop(workspace: Workspace) -> bool:
    """Stop the server and wait for its end; False if it was not running."""
    return local.stop(workspace.store)
