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
    """A path to write to; when the block ends without an error, that file takes the place of the file `name`.

    Otherwise it is removed, and `name` is as before. A device or a pipe is written to directly. Raises `InputError` for a
    place that cannot be written to, and for a full disk.
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
    """Whether it is a device or a pipe: a file must not replace it."""
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


def unwritable(name: str, error: OSError, *, consequence: str = "nothing was changed") -> UsageError:
    """The error for a file `name` that cannot be written, by the system's `error`; `consequence` says what was kept."""
    target = Path(os.path.realpath(name))
    if error.errno in (errno.ENOENT, errno.ENOTDIR) and not target.parent.is_dir():
        return InputError(f"{name}: there is no directory {target.parent}", f"Make it first: mkdir -p {target.parent}")
    reason, hint = _REASONS.get(error.errno or 0, (error.strerror or str(error), "Check the disk."))
    return InputError(f"{name}: cannot be written, {reason}; {consequence}", hint)
