"""Files out: each appears whole or not at all."""

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foundation.errors import InputError, UsageError


@contextmanager
def replacing(name: str) -> Iterator[Path]:
    """A path to write to, which takes the place of the file `name` when all went well; else it is removed.

    What is wrong with the place or the disk is raised as `InputError`.
    """
    target = Path(os.path.realpath(name))
    try:
        if _is_special(target):
            yield target
            return
        temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
        try:
            temporary.touch(exist_ok=False)
            yield temporary
            _settle(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(name, error) from error


def _is_special(path: Path) -> bool:
    """A device or a pipe is written to as it is: it must not be replaced by a file."""
    return path.exists() and not path.is_dir() and not stat.S_ISREG(path.stat().st_mode)


def _settle(temporary: Path, target: Path) -> None:
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    if target.exists():
        shutil.copymode(target, temporary)
    temporary.replace(target)


_REASONS = {
    errno.ENOSPC: ("the disk is full", "Make room, or write to another disk."),
    errno.EDQUOT: ("the disk quota is used up", "Make room, or write to another disk."),
    errno.EFBIG: ("the file would be larger than allowed", "Look at `ulimit -f`, or write to another disk."),
    errno.EACCES: ("permission denied", "Choose a directory that you may write to."),
    errno.EPERM: ("permission denied", "Choose a directory that you may write to."),
    errno.EROFS: ("the disk is read-only", "Choose a directory that you may write to."),
    errno.EISDIR: ("is a directory", "Give a file name in it."),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter one."),
}


def unwritable(name: str, error: OSError, *, kept: str = "nothing was changed") -> UsageError:
    """What the system says about a file that cannot be written, in our words; `kept` is what became of it."""
    target = Path(os.path.realpath(name))
    if error.errno in (errno.ENOENT, errno.ENOTDIR) and not target.parent.is_dir():
        return InputError(f"{name}: there is no directory {target.parent}", f"Make it first: mkdir -p {target.parent}")
    reason, hint = _REASONS.get(error.errno or 0, (error.strerror or str(error), "Check the disk."))
    return InputError(f"{name}: cannot be written, {reason}; {kept}", hint)
