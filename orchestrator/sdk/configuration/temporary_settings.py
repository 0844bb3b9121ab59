"""Other settings for the length of a `with` block."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from orchestrator.sdk.configuration import foreign, settings
from orchestrator.sdk.errors import SettingError
from orchestrator.sdk.values.nearest import nearest

_PLACES = ("ORCHESTRATOR_HOME", "ORCHESTRATOR_PROFILE")  # no settings of a profile, but of where profiles are
_FOREIGN = frozenset(foreign.NAMES)
_lock = threading.Lock()


@contextmanager
def temporary_settings(
    updates: Mapping[str, Any] | None = None,
    set_defaults: Mapping[str, Any] | None = None,
    restore_defaults: Iterable[str] | None = None,
    **more: Any,
) -> Iterator[None]:
    """Inside, these settings hold, in this process and in those that it starts; before and after, those of before.

        with temporary_settings(API_URL="http://127.0.0.1:4200/api", LOGGING_LEVEL="DEBUG"):
            my_flow()

    `updates`, or keywords, hold whatever was said before. `set_defaults` hold where nobody says anything, neither the
    environment nor a profile. `restore_defaults` names settings that are to be as if nobody had set them; so does None
    as a value. A name may be given with or without `ORCHESTRATOR_`, or as Prefect's. The settings are those of the
    whole process: threads see them too. Raises SettingError, before anything is changed, for a name that there is not
    and for a value that cannot be used.
    """
    if isinstance(restore_defaults, str):
        raise SettingError(f"restore_defaults is {restore_defaults!r}; a list of names of settings is needed.")
    wanted = {_full_name(name): _text(value) for name, value in {**(updates or {}), **more}.items()}
    wanted |= dict.fromkeys(_full_name(name) for name in restore_defaults or ())
    defaults = {_full_name(name): _text(value) for name, value in (set_defaults or {}).items()}
    for name, text in [*wanted.items(), *defaults.items()]:
        if text is not None and name in settings.SETTINGS:
            _check(name, text)
    wanted = {name: text for name, text in defaults.items() if not _is_said(name)} | wanted
    changes = wanted | {foreign.NAMES[name]: None for name, text in wanted.items() if text is None and name in _FOREIGN}
    with _lock:
        before = {name: os.environ.get(name) for name in changes}
        hidden = settings.hidden
        _put(changes)
        settings.hidden = (hidden | {name for name, text in wanted.items() if text is None}) - {
            name for name, text in wanted.items() if text is not None
        }
    try:
        yield
    finally:
        with _lock:
            _put(before)
            settings.hidden = hidden


def _is_said(name: str) -> bool:
    if name in settings.SETTINGS:
        return settings.given(name)[0] is not None
    return bool(os.environ.get(name, "").strip())


def _put(values: Mapping[str, str | None]) -> None:
    for name, text in values.items():
        if text is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = text


def _full_name(name: Any) -> str:
    if not isinstance(name, str):
        raise SettingError(f"{name!r} is no name of a setting; a text such as 'API_URL' is needed.")
    wanted = name.strip().upper()
    full = wanted if wanted.startswith(settings.PREFIX) else settings.PREFIX + wanted.removeprefix("PREFECT_")
    known = [*settings.SETTINGS, *_PLACES]
    if full in known:
        return full
    near = nearest(full, known)
    raise SettingError(f"There is no setting {name!r}.{f' Did you mean {near}?' if near else ''}")


def _text(value: Any) -> str | None:
    """As an environment variable says it. Numbers are written out, True and False as 1 and 0."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(int(value))
    return str(value)


def _check(name: str, text: str) -> None:
    setting = settings.SETTINGS[name]
    try:
        setting.check(text)
    except ValueError as error:
        shown = "something that cannot be used" if setting.secret else repr(text)
        raise SettingError(f"{name} would be {shown}; {error}") from None
