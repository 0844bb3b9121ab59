"""Other settings for the length of a `with` block."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from orchestrator.sdk.configuration import settings
from orchestrator.sdk.errors import SettingError

_PLACES = ("ORCHESTRATOR_HOME", "ORCHESTRATOR_PROFILE")  # no settings of a profile, but of where profiles are
_lock = threading.Lock()


@contextmanager
def temporary_settings(values: Mapping[str, Any] | None = None, /, **more: Any) -> Iterator[None]:
    """Inside, these settings hold, in this process and in those that it starts; before and after, those of before.

        with temporary_settings(API_URL="http://127.0.0.1:4200/api", LOGGING_LEVEL="DEBUG"):
            my_flow()

    A name may be given with or without `ORCHESTRATOR_`; None means as if nobody had set it, neither the environment nor
    a profile. The settings are those of the whole process: threads see them too. Raises SettingError, before anything
    is changed, for a name that there is not and for a value that cannot be used.
    """
    wanted = {_full_name(name): _text(value) for name, value in {**(values or {}), **more}.items()}
    for name, text in wanted.items():
        if text is not None and name in settings.SETTINGS:
            _check(name, text)
    with _lock:
        before = {name: os.environ.get(name) for name in wanted}
        hidden = settings.hidden
        _put(wanted)
        settings.hidden = (hidden | {name for name, text in wanted.items() if text is None}) - {
            name for name, text in wanted.items() if text is not None
        }
    try:
        yield
    finally:
        with _lock:
            _put(before)
            settings.hidden = hidden


def _put(values: Mapping[str, str | None]) -> None:
    for name, text in values.items():
        if text is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = text


def _full_name(name: str) -> str:
    wanted = name.strip().upper()
    full = wanted if wanted.startswith(settings.PREFIX) else settings.PREFIX + wanted.removeprefix("PREFECT_")
    known = [*settings.SETTINGS, *_PLACES]
    if full in known:
        return full
    near = get_close_matches(full, known, n=1)
    raise SettingError(f"There is no setting {name!r}.{f' Did you mean {near[0]}?' if near else ''}")


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
