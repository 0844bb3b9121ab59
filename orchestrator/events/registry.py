"""Who wants to hear of events. The apps register at start-up; this package never learns their names.

- A *recorder* gets every batch of events from outside, inside the transaction that stores them:
  what it writes is stored with the events or not at all. It must be idempotent.
- A *hint subscriber* is called in this process after the commit of an event that this process emitted.
  It may be lost when the process dies, so something else must find the same work in the database.
  It subscribes to one name, or to all that begin alike.
- A *commit listener* is called in this process after each commit that added events, whichever they are:
  a follower of the log reads on at once instead of at its next look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrator.events.models import Event

Recorder = Callable[[Sequence[Event]], None]
HintSubscriber = Callable[[Event], None]
CommitListener = Callable[[], None]

_recorders: list[Recorder] = []
_hints: dict[str, list[HintSubscriber]] = {}
_hints_by_beginning: dict[str, list[HintSubscriber]] = {}
_commit_listeners: list[CommitListener] = []


def add_recorder(recorder: Recorder) -> None:
    if recorder not in _recorders:
        _recorders.append(recorder)


def subscribe_to_hints(event_name: str, subscriber: HintSubscriber) -> None:
    """Call `subscriber` for events of exactly this name."""
    subscribers = _hints.setdefault(event_name, [])
    if subscriber not in subscribers:
        subscribers.append(subscriber)


def subscribe_to_hints_of_all(beginning: str, subscriber: HintSubscriber) -> None:
    """Call `subscriber` for every event whose name begins like this, such as `prefect.flow-run.`."""
    subscribers = _hints_by_beginning.setdefault(beginning, [])
    if subscriber not in subscribers:
        subscribers.append(subscriber)


def recorders() -> tuple[Recorder, ...]:
    return tuple(_recorders)


def hint_subscribers(event_name: str) -> tuple[HintSubscriber, ...]:
    found = list(_hints.get(event_name, ()))
    for beginning, subscribers in _hints_by_beginning.items():
        if event_name.startswith(beginning):
            found += subscribers
    return tuple(found)


def add_commit_listener(listener: CommitListener) -> None:
    """`listener` is called in the thread that committed, so it must be quick and must not raise."""
    if listener not in _commit_listeners:
        _commit_listeners.append(listener)


def announce_commit() -> None:
    for listener in _commit_listeners:
        listener()
