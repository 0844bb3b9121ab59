"""Files that are written whole: whoever reads one meanwhile gets what was there or what is new, nothing in between."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

OWNER_ONLY = 0o600
_LONGEST_NAME = 40  # letters of the file's name that are kept beside it, so that people see what it belongs to


def write_whole(file: str | Path, content: bytes, *, mode: int | None = OWNER_ONLY, durable: bool = True) -> None:
    """Put the content into the file, whose directory must be there. Several may do so at once: the last one stays.

    `mode` are the rights of the file, less what the umask takes away; None keeps those of the file that is there, and
    of a new one everything that the umask allows. With `durable` it is on the disk when this returns, and a power cut
    leaves no empty file. Raises OSError, and leaves nothing behind.
    """
    file = Path(file)
    kept = None if mode is not None else _mode_of(file)
    beside = file.with_name(f".{file.name[:_LONGEST_NAME]}.{os.getpid()}-{os.urandom(6).hex()}.part")
    rights = mode if mode is not None else 0o666 if kept is None else OWNER_ONLY
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, rights)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if kept is not None:
                os.chmod(beside, kept)
            stream.write(content)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        os.replace(beside, file)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def _mode_of(file: Path) -> int | None:
    try:
        return stat.S_IMODE(os.stat(file).st_mode)
    except FileNotFoundError:
        return None
