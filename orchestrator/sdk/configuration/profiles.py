"""Profiles: named sets of client settings in `profiles.toml`, one of them active.

    active = "staging"

    [profiles.staging]
    ORCHESTRATOR_API_URL = "https://orchestrator.example.org/api"
    ORCHESTRATOR_API_KEY = "orc_…"

What the environment says goes before a profile. The file is read when a setting is first asked for, never at import.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.sdk.errors import ProfileError

if TYPE_CHECKING:
    from pathlib import Path

ACTIVE = "ORCHESTRATOR_PROFILE"  # names the profile for this process, whatever the file says
FILE = "profiles.toml"

_NOTHING: Mapping[str, str] = {}


class Profiles(NamedTuple):
    """What the file says. `active` is None when no profile is."""

    active: str | None = None
    settings: dict[str, dict[str, str]] = {}  # never changed in place


def home() -> Path:
    """The data directory: ORCHESTRATOR_HOME, or `~/.orchestrator`."""
    from pathlib import Path

    return Path(os.environ.get("ORCHESTRATOR_HOME", "").strip() or "~/.orchestrator").expanduser().resolve()


def profiles_file() -> Path:
    return home() / FILE


def read_profiles(file: Path) -> Profiles:
    """No file is no profiles. Raises ProfileError, with the place, for a file that cannot be read."""
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Profiles()
    except PermissionError as error:
        if not os.access(file.parent, os.X_OK):  # another user's home, as in many containers
            return Profiles()
        raise ProfileError(f"{file} cannot be read: {error.strerror}") from None
    except (OSError, UnicodeError) as error:
        raise ProfileError(f"{file} cannot be read: {error}") from None
    import tomllib

    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{file} is broken: {error}. Mend it, or move it away.") from None
    return _checked(file, text, told)


def write_profiles(file: Path, profiles: Profiles) -> None:
    """All of it at once, readable for its owner only: profiles hold keys."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [] if profiles.active is None else [f"active = {_quoted(profiles.active)}"]
    for name, values in profiles.settings.items():
        lines += ["", f"[profiles.{_quoted(name)}]"]
        lines += [f"{variable} = {_quoted(value)}" for variable, value in values.items()]
    from orchestrator.sdk.values.whole_files import write_whole

    write_whole(file, ("\n".join(lines) + "\n").encode())


def active_name(profiles: Profiles) -> str | None:
    """The profile that counts for this process. Raises ProfileError when there is none of that name."""
    wanted = os.environ.get(ACTIVE, "").strip() or profiles.active
    if wanted is not None and wanted not in profiles.settings:
        known = ", ".join(sorted(profiles.settings)) or "none"
        raise ProfileError(f"There is no profile {wanted!r} in {profiles_file()}; there are: {known}.")
    return wanted


def active_settings() -> Mapping[str, str]:
    """What the active profile says; read once for each data directory and name. Raises ProfileError."""
    place = (os.environ.get("ORCHESTRATOR_HOME"), os.environ.get(ACTIVE))
    found = _read.get(place)
    if found is None:
        try:
            file = profiles_file()
        except RuntimeError:  # a user without a home directory
            return _NOTHING
        profiles = read_profiles(file)
        name = active_name(profiles)
        found = _read[place] = _NOTHING if name is None else profiles.settings[name]
    return found


def forget() -> None:
    """Read the file again when a setting is next asked for."""
    _read.clear()


_read: dict[tuple[str | None, str | None], Mapping[str, str]] = {}


def _checked(file: Path, text: str, told: dict[str, object]) -> Profiles:
    active, tables = told.pop("active", None), told.pop("profiles", {})
    if told:
        name = next(iter(told))
        raise ProfileError(f"{file}{_line(text, name)}: only `active` and `[profiles.…]` can stand here, not {name!r}.")
    if active is not None and not isinstance(active, str):
        raise ProfileError(f"{file}{_line(text, 'active')}: `active` must be the name of a profile in quotes.")
    if not isinstance(tables, dict):
        raise ProfileError(f"{file}{_line(text, 'profiles')}: `profiles` must be tables, such as [profiles.local].")
    for name, values in tables.items():
        if not isinstance(values, dict):
            raise ProfileError(f"{file}{_line(text, name)}: `profiles.{name}` must be a table of settings.")
        for variable, value in values.items():
            if not isinstance(value, str):
                raise ProfileError(f"{file}{_line(text, variable)}: the value of {variable} must stand in quotes.")
    return Profiles(active, tables)


def _line(text: str, word: str) -> str:
    """`, line 3`: where the word first begins a line, or a table."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip().lstrip("[\"'").removeprefix("profiles.").lstrip("\"'").startswith(word):
            return f", line {number}"
    return ""


def _quoted(text: str) -> str:
    """A TOML string. JSON's is one, but for the sign of deletion, which TOML wants escaped."""
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
