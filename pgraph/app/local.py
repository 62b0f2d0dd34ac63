"""`pgraph local` put together: the local graph server of a workspace."""

from graphstore.server import local
from pgraph.app.settings import Workspace
from pgraph.app.workspace import local_directory


def status(workspace: Workspace) -> local.ServerStatus:
    """Look, without starting anything."""
    return local.status(local_directory(workspace))


def start(workspace: Workspace) -> None:
    """Start the server, if it does not run yet."""
    settings = workspace.settings()
    local.connect(local_directory(workspace), heap=settings.local_heap, idle=settings.local_idle).close()


def stop(workspace: Workspace) -> bool:
    """Stop the server and wait until it has gone; False when none ran."""
    return local.stop(local_directory(workspace))
