"""What waits in memory for the server: events and logs, each kind in its order."""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

MAX_WAITING = 200_000  # items of one kind that wait in memory while the server is away; then the oldest are given up


class Item(Protocol):
    def to_wire(self) -> dict[str, Any]:
        """The item as the API takes it. Called once, in the sending thread."""
        ...


class Lane:
    """One kind of item, in order."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.label = path.strip("/")
        self.items: deque[Item | Written] = deque()
        self.put = 0  # items ever put
        self.settled = 0  # items that arrived, or that were given up
        self.warned = False

    def add(self, item: Item) -> None:
        """Put it behind the others. When there are too many, the oldest is given up."""
        self.items.append(item)
        self.put += 1
        while len(self.items) > MAX_WAITING:
            self._give_up_oldest()

    def take_unwritten(self) -> list[Item]:
        """Take out those that stand behind the last whose JSON is there: what was put since."""
        taken: list[Item] = []
        while self.items and not isinstance(last := self.items[-1], Written):
            taken.append(last)
            self.items.pop()
        return taken[::-1]

    def warn(self, text: str, *, always: bool = False) -> None:
        """Say it once per outage."""
        if self.warned and not always:
            return
        self.warned = True
        say(text)

    def _give_up_oldest(self) -> None:
        self.items.popleft()
        self.settled += 1
        self.warn(f"more than {MAX_WAITING} {self.label} wait for the server; the oldest are given up")


class Written:
    """An item whose JSON is there already."""

    __slots__ = ("body",)

    def __init__(self, body: bytes) -> None:
        self.body = body


def say(text: str) -> None:
    """On the terminal: it is about the way to the server, so it cannot go there."""
    from orchestrator.sdk.recording.logs import sdk_logger

    sdk_logger().warning(text)
