"""What the environment says to a client. Read when needed, so that a test or a notebook can change it."""

from __future__ import annotations

import os

from orchestrator.sdk.errors import SettingError


def api_url() -> str | None:
    """Where the API is, without a slash at the end. None: run without a server."""
    return os.environ.get("ORCHESTRATOR_API_URL", "").strip().rstrip("/") or None


def ui_url() -> str | None:
    """Where the pages are. Unless ORCHESTRATOR_UI_URL says otherwise, beside the API."""
    given = os.environ.get("ORCHESTRATOR_UI_URL", "").strip().rstrip("/")
    if given:
        return given
    api = api_url()
    return api.removesuffix("/api") if api else None


def api_key() -> str | None:
    """Sent as a bearer token."""
    return os.environ.get("ORCHESTRATOR_API_KEY") or None


def auth_string() -> str | None:
    """`user:password`, sent as basic authentication when there is no key."""
    return os.environ.get("ORCHESTRATOR_API_AUTH_STRING") or None


def drain_seconds() -> float:
    """How long the end of a run, or of the process, waits for the server to take what it has not received yet."""
    return _number("ORCHESTRATOR_DRAIN_SECONDS", 120.0)


def connect_seconds() -> float:
    """How long the start of a run waits for the server before it gives up."""
    return _number("ORCHESTRATOR_CONNECT_SECONDS", 15.0)


def request_timeout_seconds() -> float:
    """How long one request may take."""
    return _number("ORCHESTRATOR_REQUEST_TIMEOUT_SECONDS", 60.0)


def task_threads() -> int:
    """How many submitted tasks of one flow run execute at once, unless its task runner says otherwise."""
    return max(1, int(_number("ORCHESTRATOR_TASK_THREADS", 128)))


def logging_level() -> str:
    level = os.environ.get("ORCHESTRATOR_LOGGING_LEVEL", "INFO").strip().upper()
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
        raise SettingError(f"ORCHESTRATOR_LOGGING_LEVEL is {level!r}; use DEBUG, INFO, WARNING, ERROR or CRITICAL")
    return level


def _number(variable: str, default: float) -> float:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        raise SettingError(f"{variable} is {text!r}; a number is needed") from None
    if value < 0:
        raise SettingError(f"{variable} is {text!r}; it cannot be negative")
    return value
