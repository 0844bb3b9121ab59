"""The settings of a client: from the environment, else from the active profile, else a default.

Read when needed, so that a test or a notebook can change the environment. SETTINGS is the whole list. Some are also
taken from the variables that scripts for Prefect have set, when nobody says anything else: see `foreign.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from orchestrator.sdk.configuration import foreign, values
from orchestrator.sdk.configuration.profiles import active_settings
from orchestrator.sdk.errors import SettingError

PREFIX = "ORCHESTRATOR_"


class Setting(NamedTuple):
    """One setting. `check` gives the text back as it is used, or raises ValueError with what is needed."""

    name: str
    check: Callable[[str], str]
    default: str | None
    help: str
    secret: bool = False


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting(
            "ORCHESTRATOR_API_URL", values.address, None, "Where the API is. Without it, scripts run without a server."
        ),
        Setting("ORCHESTRATOR_UI_URL", values.address, None, "Where the pages are, if not beside the API."),
        Setting("ORCHESTRATOR_API_KEY", values.text, None, "Sent as a bearer token.", secret=True),
        Setting(
            "ORCHESTRATOR_API_AUTH_STRING",
            values.login,
            None,
            "`user:password`, sent as basic authentication when there is no key.",
            secret=True,
        ),
        Setting(
            "ORCHESTRATOR_BROKER_URL",
            values.broker,
            None,
            "From where a worker is woken; by default the embedded broker of the data directory.",
            secret=True,
        ),
        Setting(
            "ORCHESTRATOR_SIGNING_KEY",
            values.text,
            None,
            "Signs what flows and Celery workers send each other; by default a key that the data directory keeps.",
            secret=True,
        ),
        Setting(
            "ORCHESTRATOR_CONNECT_SECONDS", values.seconds, "15", "How long the start of a run waits for the server."
        ),
        Setting(
            "ORCHESTRATOR_DRAIN_SECONDS",
            values.seconds,
            "120",
            "How long the end of a run, or of the process, waits for the server to take what it has not received yet.",
        ),
        Setting("ORCHESTRATOR_REQUEST_TIMEOUT_SECONDS", values.some_seconds, "60", "How long one request may take."),
        Setting(
            "ORCHESTRATOR_HEARTBEAT_SECONDS",
            values.seconds,
            "20",
            "How often a run that no worker looks after tells that its process lives; 0 is never.",
        ),
        Setting(
            "ORCHESTRATOR_TASK_THREADS", values.some, "128", "How many submitted tasks of a flow run execute at once."
        ),
        Setting(
            "ORCHESTRATOR_JOURNAL_MEGABYTES",
            values.seconds,
            "256",
            "How much may be kept on disk for a server that is away; 0 is nothing.",
        ),
        Setting(
            "ORCHESTRATOR_RESULTS_PERSIST_BY_DEFAULT",
            values.yes_or_no,
            "false",
            "Whether flows and tasks that do not say so themselves store their results.",
        ),
        Setting(
            "ORCHESTRATOR_RESULTS_DEFAULT_SERIALIZER", values.text, "pickle", "How results are written: pickle, json, …"
        ),
        Setting(
            "ORCHESTRATOR_RESULTS_JSON_MODULES",
            values.text,
            None,
            "Modules, with commas between, that are imported for the classes of values that are stored as JSON.",
        ),
        Setting(
            "ORCHESTRATOR_DEFAULT_RESULT_STORAGE",
            values.text,
            None,
            "Where results are stored: a path or an fsspec address.",
        ),
        Setting(
            "ORCHESTRATOR_LOCAL_STORAGE_PATH",
            values.text,
            None,
            "The directory of stored results; by default `storage` in the data directory.",
        ),
        Setting(
            "ORCHESTRATOR_TASKS_DEFAULT_PERSIST_RESULT",
            values.yes_or_no,
            None,
            "Whether tasks that do not say so themselves store their results, whatever their flow says.",
        ),
        Setting(
            "ORCHESTRATOR_TASKS_DEFAULT_RETRIES",
            values.count,
            "0",
            "The retries of tasks that do not say so themselves.",
        ),
        Setting(
            "ORCHESTRATOR_TASKS_DEFAULT_RETRY_DELAY_SECONDS",
            values.delays,
            "0",
            "How long such tasks wait before a retry: a number, or one for each retry: 1,10,100.",
        ),
        Setting(
            "ORCHESTRATOR_FLOWS_DEFAULT_RETRIES",
            values.count,
            "0",
            "The retries of flows that do not say so themselves.",
        ),
        Setting(
            "ORCHESTRATOR_FLOWS_DEFAULT_RETRY_DELAY_SECONDS",
            values.seconds,
            "0",
            "How long such flows wait before a retry.",
        ),
        Setting(
            "ORCHESTRATOR_LOGGING_LOG_PRINTS",
            values.yes_or_no,
            "false",
            "Whether what flows and tasks print is logged where they do not say so themselves.",
        ),
        Setting("ORCHESTRATOR_LOGGING_LEVEL", values.level, "INFO", "The least level of log lines that count."),
    )
}

# They belong to one server: a profile's are never sent to another one that the environment names.
OF_ONE_SERVER = frozenset(
    {
        "ORCHESTRATOR_API_KEY",
        "ORCHESTRATOR_API_AUTH_STRING",
        "ORCHESTRATOR_UI_URL",
        "ORCHESTRATOR_BROKER_URL",
        "ORCHESTRATOR_SIGNING_KEY",
    }
)


def value_of(name: str) -> str | None:
    """The checked value of a setting, or its default. Raises SettingError when what is given cannot be used."""
    setting = SETTINGS[name]
    text, source = given(name)
    if text is None:
        return setting.default
    try:
        return setting.check(text)
    except ValueError as error:
        if source in foreign.NAMES.values() and name not in foreign.OF_THE_SERVER:
            return setting.default  # it was said to Prefect, which knows more levels than we do
        shown = "set to something that cannot be used" if setting.secret else repr(text)
        said = source if source in foreign.NAMES.values() else name
        raise SettingError(f"{said} is {shown}; {error}") from None


hidden: frozenset[str] = frozenset()  # settings of which the active profile's word does not count for the moment


def given(name: str) -> tuple[str | None, str]:
    """What is said about a setting, and by whom: `environment`, `profile`, the name of a variable of Prefect's, or
    `default` when nobody says anything."""
    text, source = _said_of_ours(name)
    if text is not None and not is_passed_over(name):
        return text, source
    text = None if name in hidden else foreign.value(name)
    if text is not None and (name not in foreign.CREDENTIALS or _are_meant_for_this_server()):
        return text, foreign.NAMES[name]
    return None, "default"


def is_passed_over(name: str) -> bool:
    """True when what is said about this setting belongs to another server than the one that is spoken to.

    The environment names another server than the profile does, or it gives the other kind of credentials; or the
    address is the one that Prefect's variable names, while key or password are ours.
    """
    if name not in OF_ONE_SERVER:
        return False
    if _foreign_address() is not None:
        return name in foreign.CREDENTIALS or not _of_environment(name)
    if _of_environment(name):
        return False
    other = foreign.CREDENTIALS.get(name)
    if other and _of_environment(other):
        return True
    named, theirs = _of_environment("ORCHESTRATOR_API_URL"), _of_profile("ORCHESTRATOR_API_URL")
    return bool(theirs and named and theirs.rstrip("/") != named.rstrip("/"))


def _said_of_ours(name: str) -> tuple[str | None, str]:
    text = _of_environment(name)
    if text is not None:
        return text, "environment"
    text = None if name in hidden else _of_profile(name)
    return text, "profile" if text is not None else "default"


def _of_environment(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None


def _of_profile(name: str) -> str | None:
    return active_settings().get(name, "").strip() or None


def _foreign_address() -> str | None:
    """The server that Prefect's variable names, when it is the one that counts."""
    name = "ORCHESTRATOR_API_URL"
    if name in hidden or _said_of_ours(name)[0] is not None:
        return None
    return foreign.value(name)


def _are_meant_for_this_server() -> bool:
    """Whether the credentials in Prefect's variables are for the server that is spoken to, and the only ones."""
    theirs = foreign.value("ORCHESTRATOR_API_URL")
    if theirs is None:
        return False
    if _foreign_address() is not None:
        return True
    ours = _said_of_ours("ORCHESTRATOR_API_URL")[0]
    if ours is None or ours.rstrip("/") != theirs.rstrip("/"):
        return False
    return all(_said_of_ours(name)[0] is None or is_passed_over(name) for name in foreign.CREDENTIALS)


def api_url() -> str | None:
    """Where the API is, without a slash at the end. None: run without a server."""
    return value_of("ORCHESTRATOR_API_URL")


def ui_url() -> str | None:
    """Where the pages are. Unless ORCHESTRATOR_UI_URL says otherwise, beside the API."""
    told = value_of("ORCHESTRATOR_UI_URL")
    if told:
        return told
    api = api_url()
    return api.removesuffix("/api") if api else None


def api_key() -> str | None:
    """Sent as a bearer token."""
    return value_of("ORCHESTRATOR_API_KEY")


def auth_string() -> str | None:
    """`user:password`, sent as basic authentication when there is no key."""
    return value_of("ORCHESTRATOR_API_AUTH_STRING")


def broker_url() -> str | None:
    """From where a worker is woken. None: from the embedded broker of the data directory."""
    return value_of("ORCHESTRATOR_BROKER_URL")


def signing_key() -> str | None:
    """Signs what flows and Celery workers send each other. None: the key that the data directory keeps."""
    return value_of("ORCHESTRATOR_SIGNING_KEY")


def drain_seconds() -> float:
    """How long the end of a run, or of the process, waits for the server to take what it has not received yet."""
    return float(value_of("ORCHESTRATOR_DRAIN_SECONDS") or 0)


def connect_seconds() -> float:
    """How long the start of a run waits for the server before it gives up."""
    return float(value_of("ORCHESTRATOR_CONNECT_SECONDS") or 0)


def request_timeout_seconds() -> float:
    """How long one request may take."""
    return float(value_of("ORCHESTRATOR_REQUEST_TIMEOUT_SECONDS") or 0)


def heartbeat_seconds() -> float:
    """How often a run that no worker looks after tells that its process lives; 0: never, so nobody finds it dead."""
    return float(value_of("ORCHESTRATOR_HEARTBEAT_SECONDS") or 0)


def journal_bytes() -> int:
    """How much may be kept on disk for a server that is away, of all processes of this data directory together."""
    return int(float(value_of("ORCHESTRATOR_JOURNAL_MEGABYTES") or 0) * 1_000_000)


def task_threads() -> int:
    """How many submitted tasks of one flow run execute at once, unless its task runner says otherwise."""
    return int(value_of("ORCHESTRATOR_TASK_THREADS") or 1)


def logging_level() -> str:
    return value_of("ORCHESTRATOR_LOGGING_LEVEL") or "INFO"
