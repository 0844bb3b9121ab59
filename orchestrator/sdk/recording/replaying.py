"""Telling the server late: how runs ended while it was away, and all that earlier processes left behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from orchestrator.sdk.errors import ServerUnreachable
from orchestrator.sdk.recording.journal_files import LeftBehind, take_left_behind
from orchestrator.sdk.recording.journal_lines import End
from orchestrator.sdk.recording.lanes import say
from orchestrator.sdk.recording.sending import send_end, send_left_behind

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

ATTEMPT_SECONDS = 5.0  # one try of a batch; between tries the thread looks whether it should stop

Wait = Callable[[float], None]


def tell_end(client: Client, end: End, *, wait: Wait) -> None:
    """Tell it until the server knows. What it holds instead, and why, is said on the terminal."""
    while True:
        try:
            problem = send_end(client, end, patience_seconds=ATTEMPT_SECONDS, wait=wait)
            break
        except ServerUnreachable:
            wait(0.2)
        except Exception as error:  # noqa: BLE001 - an answer that is none of the API must not end this thread
            problem = f"{type(error).__name__}: {error}"
            break
    if problem is not None:
        say(f"The server was told late that flow run {end.flow_run_id} ended as {end.state['name']}: {problem}")


def send_all_left_behind(client: Client, address: str, *, wait: Wait) -> None:
    """Send what earlier processes left for this server. What cannot be sent stays, and that is said."""
    for journal in take_left_behind(address):
        try:
            problems = _sent(client, journal, wait)
        except Exception as error:  # noqa: BLE001 - a file or an answer that is odd must not end this thread
            journal.close()
            say(f"What an earlier process left in {journal.file} stays there: {error}")
            return
        for problem in problems:
            say(f"The server did not take all that an earlier process left: {problem}")


def _sent(client: Client, journal: LeftBehind, wait: Wait) -> list[str]:
    while True:
        try:
            return send_left_behind(client, journal, patience_seconds=ATTEMPT_SECONDS, wait=wait)
        except ServerUnreachable:
            wait(0.2)
