"""Telling the server what happened: batches of events and logs, and ends of runs that it did not learn in time."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from orchestrator.contract.states import StateType, Status
from orchestrator.contract.times import parse_time
from orchestrator.sdk.api.transport import CLAIM_HEADER
from orchestrator.sdk.errors import ApiError
from orchestrator.sdk.recording.journal_files import LeftBehind
from orchestrator.sdk.recording.journal_lines import Batch, End
from orchestrator.sdk.values.json_values import encode

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

Wait = Callable[[float], None]

EVENTS, LOGS = "/events", "/logs/"
BATCH_ITEMS = 500
BATCH_BYTES = 2_000_000
_MOST_SERVER_ERRORS = 8  # about 30 seconds of pauses, before one item of the batch is taken for the cause
_LONGEST_PAUSE_SECONDS = 5.0
_NOT_ALLOWED = frozenset({401, 403})
_NOBODYS_FAULT = _NOT_ALLOWED | {404}  # the answer would be the same for every other item


def send_items(
    client: Client,
    path: str,
    bodies: list[bytes],
    *,
    patience_seconds: float,
    wait: Wait,
    refused: Callable[[int, ApiError], None],
    errors: int = 0,
) -> None:
    """Send items as one request, and what it refuses in halves, until only the bad ones are left.

    `refused` is called with how many were given up, and why. `errors` counts the answers of 500 and above; a part takes
    over the count of the whole. Raises ServerUnreachable after `patience_seconds` without an answer.
    """
    while True:
        if path == LOGS and not client.takes_ids_of_logs:
            bodies = [_without_id(body) for body in bodies]
        try:
            body = b"[" + b",".join(bodies) + b"]"
            client.send("POST", path, body, patience_seconds=patience_seconds, wait=wait)
            return
        except ApiError as error:
            if path == LOGS and client.takes_ids_of_logs and error.is_about_unknown("id"):
                # Other servers of the contract know a log line by nothing: it may come twice when an answer is lost.
                client.takes_ids_of_logs = False
            elif error.status >= 500 and errors < _MOST_SERVER_ERRORS:
                errors += 1
                wait(min(0.2 * 2**errors, _LONGEST_PAUSE_SECONDS))
            elif len(bodies) > 1 and error.status not in _NOBODYS_FAULT:
                middle = len(bodies) // 2
                for part in (bodies[:middle], bodies[middle:]):
                    send_items(
                        client,
                        path,
                        part,
                        patience_seconds=patience_seconds,
                        wait=wait,
                        refused=refused,
                        errors=errors,
                    )
                return
            else:
                refused(len(bodies), error)
                return


def send_end(client: Client, end: End, *, patience_seconds: float, wait: Wait) -> str | None:
    """Tell how a run ended. None when the server knows it now; else why it holds something else.

    A run that was begun again since, or that ended otherwise, is left as it is. One that the server took for dead in
    the meantime is not dead: it ended. Raises ServerUnreachable, and ApiError when the server does not let us in.
    """

    def ask(method: str, path: str, body: Any = None, **options: Any) -> Any:
        return client.ask(method, path, body, patience_seconds=patience_seconds, wait=wait, **options)

    try:
        run = ask("GET", f"/flow_runs/{end.flow_run_id}")
        held = run.get("state") or {}
        if _is_this(held, end):
            return None
        if _was_begun_since(ask("GET", f"/flow_run_states/?flow_run_id={end.flow_run_id}"), end):
            return "the run was begun again meanwhile"
        kind = held.get("type")
        if kind in {StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED}:
            return f"the run holds {held.get('name')} already"
        # Nobody here would try a run again that no deployment made.
        fails_for_good = end.state["type"] == StateType.FAILED and not run.get("deployment_id")
        force = end.force or kind == StateType.CRASHED or fails_for_good
        state = {**end.state, "message": _message(end)}
        if kind == StateType.CANCELLING:
            state, force = {**state, "type": StateType.CANCELLED, "name": "Cancelled"}, True
        headers = {CLAIM_HEADER: end.claim_id} if end.claim_id else {}
        answer = ask(
            "POST", f"/flow_runs/{end.flow_run_id}/set_state", {"state": state, "force": force}, headers=headers
        )
    except ApiError as error:
        if error.status in _NOT_ALLOWED:
            raise
        return "the server does not know the run any more" if error.status == 404 else str(error)
    if answer["status"] == Status.ACCEPT or _is_this(answer.get("state") or {}, end):
        return None
    now_held = (answer.get("state") or {}).get("name")
    reason = (answer.get("details") or {}).get("reason") or (f"it holds {now_held}" if now_held else answer["status"])
    return str(reason)


def send_left_behind(client: Client, journal: LeftBehind, *, patience_seconds: float, wait: Wait) -> list[str]:
    """Send all of a journal that its process left, and remove it. Returns what the server did not take, and why.

    Raises ServerUnreachable, and ApiError when the server does not let us in; then the journal stays. What arrived
    already is known to the server by its ids when it is sent again.
    """
    problems: list[str] = []
    for entry in journal.entries():
        if isinstance(entry, Batch):
            send_items(
                client,
                entry.path,
                entry.bodies,
                patience_seconds=patience_seconds,
                wait=wait,
                refused=_complain(problems, entry.path.strip("/")),
            )
            continue
        problem = send_end(client, entry, patience_seconds=patience_seconds, wait=wait)
        if problem is not None:
            problems.append(f"flow run {entry.flow_run_id} ended as {entry.state['name']}: {problem}")
        journal.note_settled(entry.id)
    journal.remove()
    return problems


def how_many_fit(bodies: list[bytes]) -> int:
    """How many of them one request may carry; one always does."""
    total = 0
    for count, body in enumerate(bodies[:BATCH_ITEMS]):
        total += len(body) + 1
        if total > BATCH_BYTES and count:
            return count
    return min(len(bodies), BATCH_ITEMS)


def _without_id(body: bytes) -> bytes:
    value = json.loads(body)
    value.pop("id", None)
    return encode(value)


def _complain(problems: list[str], label: str) -> Callable[[int, ApiError], None]:
    def refused(count: int, error: ApiError) -> None:
        if error.status in _NOT_ALLOWED:
            raise error
        problems.append(f"{count} {label}: {error}")

    return refused


def _is_this(held: dict[str, Any], end: End) -> bool:
    return bool((held.get("state_details") or {}).get("transition_id") == end.id)


def _was_begun_since(states: list[dict[str, Any]], end: End) -> bool:
    """Whether a RUNNING state came after the last one that the process knew of."""
    known = next((state for state in states if state["id"] == end.seen_state_id), None)
    since = parse_time(known["timestamp"]) if known is not None else None
    return any(
        state["type"] == StateType.RUNNING and (since is None or parse_time(state["timestamp"]) > since)
        for state in states
    )


def _message(end: End) -> str:
    """What the state said, and when: the server counts the end from when it learns of it."""
    said = str(end.state.get("message") or "").rstrip()
    told = f"It ended at {end.at.partition('.')[0].replace('T', ' ')} UTC, while the server was away."
    return f"{said} {told}" if said else told
