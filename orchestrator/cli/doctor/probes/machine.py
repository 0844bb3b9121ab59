"""The machine that this command runs on."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

_OF_THE_OWNER_ALONE = ("secret_key", "encryption_key", "profiles.toml")


@dataclass(frozen=True, slots=True)
class Machine:
    """`readable` are files with secrets that others than their owner may read, as their modes say."""

    python: tuple[int, int, int]
    knows_time_zones: bool
    home: Path
    home_exists: bool
    home_is_open: bool  # anybody may write in it
    free_bytes: int | None
    all_bytes: int | None
    file_system: str | None  # of the data directory; None where the system does not tell
    readable: tuple[tuple[str, str], ...] = ()


def look_at_machine(home: Path) -> Machine:
    usage = shutil.disk_usage(_existing(home))
    return Machine(
        python=(sys.version_info.major, sys.version_info.minor, sys.version_info.micro),
        knows_time_zones=_knows_time_zones(),
        home=home,
        home_exists=home.is_dir(),
        home_is_open=home.is_dir() and bool(home.stat().st_mode & stat.S_IWOTH),
        free_bytes=usage.free,
        all_bytes=usage.total,
        file_system=file_system_of(home),
        readable=tuple(_open_files(home)),
    )


def file_system_of(place: Path, mounts: str | None = None) -> str | None:
    """The type of the file system that holds a place, such as `ext4` or `nfs4`."""
    if mounts is None:
        try:
            mounts = Path("/proc/self/mounts").read_text(errors="replace")
        except OSError:
            return None
    best, kind = "", None
    for line in mounts.splitlines():
        words = line.split(" ")
        if len(words) < 3:
            continue
        point = words[1].replace("\\040", " ")
        # Of two mounts on one point the later one is seen.
        if (str(place) == point or str(place).startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, words[2]
    return kind


def _open_files(home: Path) -> list[tuple[str, str]]:
    found = []
    for name in _OF_THE_OWNER_ALONE:
        try:
            mode = (home / name).stat().st_mode
        except OSError:
            continue
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            found.append((name, stat.filemode(mode)))
    return found


def _existing(place: Path) -> Path:
    while not os.path.exists(place) and place != place.parent:
        place = place.parent
    return place


def _knows_time_zones() -> bool:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo("Europe/Paris"), ZoneInfo("America/New_York")
    except (ZoneInfoNotFoundError, OSError):
        return False
    return True
