"""The settings that hold at this moment, as objects: for scripts that ask for them.

    get_current_settings().api.url
    PREFECT_API_URL.value()

Read when asked for; nothing is kept. Raises SettingError, as every use of a setting does, for what cannot be used.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from orchestrator.sdk.configuration import settings
from orchestrator.sdk.configuration.profiles import home


class NamedSetting(str):
    """The name of a setting, which gives its value. A text: `temporary_settings` takes it as a key."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return str(self)

    def value(self) -> Any:
        """As it holds now: a Path for directories, true or false for switches, a number, a text, or None."""
        return _value(settings.PREFIX + self.removeprefix(settings.PREFIX).removeprefix("PREFECT_"))


def get_current_settings() -> SimpleNamespace:
    """All of them, in groups: `home`, `api` (`url`, `key`, `auth_string`, `request_timeout`), `ui_url`, `logging`
    (`level`), `results` (`persist_by_default`, `default_serializer`, `local_storage_path`, `default_storage`).

    Secrets are in it as they are: do not print it.
    """
    return SimpleNamespace(
        home=home(),
        api=SimpleNamespace(
            url=settings.api_url(),
            key=settings.api_key(),
            auth_string=settings.auth_string(),
            request_timeout=settings.request_timeout_seconds(),
        ),
        ui_url=settings.ui_url(),
        logging=SimpleNamespace(level=settings.logging_level()),
        results=SimpleNamespace(
            persist_by_default=_value("ORCHESTRATOR_RESULTS_PERSIST_BY_DEFAULT"),
            default_serializer=_value("ORCHESTRATOR_RESULTS_DEFAULT_SERIALIZER"),
            local_storage_path=_value("ORCHESTRATOR_LOCAL_STORAGE_PATH"),
            default_storage=_value("ORCHESTRATOR_DEFAULT_RESULT_STORAGE"),
        ),
    )


PREFECT_API_URL = NamedSetting("PREFECT_API_URL")
PREFECT_API_KEY = NamedSetting("PREFECT_API_KEY")
PREFECT_API_AUTH_STRING = NamedSetting("PREFECT_API_AUTH_STRING")
PREFECT_UI_URL = NamedSetting("PREFECT_UI_URL")
PREFECT_HOME = NamedSetting("PREFECT_HOME")
PREFECT_LOGGING_LEVEL = NamedSetting("PREFECT_LOGGING_LEVEL")
PREFECT_LOCAL_STORAGE_PATH = NamedSetting("PREFECT_LOCAL_STORAGE_PATH")
PREFECT_RESULTS_PERSIST_BY_DEFAULT = NamedSetting("PREFECT_RESULTS_PERSIST_BY_DEFAULT")


def _value(name: str) -> Any:
    if name == "ORCHESTRATOR_HOME":
        return home()
    text = settings.value_of(name)
    if name == "ORCHESTRATOR_LOCAL_STORAGE_PATH":
        return Path(text).expanduser() if text else home() / "storage"
    if name == "ORCHESTRATOR_UI_URL":
        return settings.ui_url()
    if name == "ORCHESTRATOR_RESULTS_PERSIST_BY_DEFAULT":
        return text == "true"
    return text
