"""What the keys do. The settings page and the dialog of `?` show it; the scripts do it."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.pages.navigation import ITEMS


@dataclass(frozen=True, slots=True)
class Key:
    keys: tuple[str, ...]
    does: str


@dataclass(frozen=True, slots=True)
class Group:
    word: str
    keys: tuple[Key, ...]


GROUPS = (
    Group(
        "Everywhere",
        (
            Key(("Ctrl K",), "Search, and commands of this page"),
            Key(("?",), "Show these keys"),
            Key(("/",), "Go to the search or filter of the page"),
            Key(("p",), "Pause the page, or let it go on"),
            Key(("[", "]"), "The time before, the time after"),
            Key(("t",), "Times in UTC, or in your zone"),
        ),
    ),
    Group("Go to", tuple(Key(("g", item.key), item.word) for item in ITEMS if item.key)),
    Group(
        "Lists of runs",
        (
            Key(("j", "k"), "Next row, previous row"),
            Key(("x",), "Mark the row"),
            Key(("Shift x",), "Mark all rows from the last marked one"),
            Key(("Enter", "o"), "Open the run, here or in a new tab"),
            Key(("r", "c", "s"), "Retry, cancel, set the state of what is marked"),
        ),
    ),
    Group(
        "A run",
        (
            Key(("r", "c"), "Retry it, copy it to a new run"),
            Key(("←", "→"), "The run before, the run after, of the same deployment"),
            Key(("u", "l"), "Up to its deployment, down to its log"),
            Key(("+", "-", "0"), "Zoom the timeline in, out, to the whole run"),
        ),
    ),
    Group(
        "Logs",
        (
            Key(("e", "E"), "Next error, previous error"),
            Key(("n", "N"), "Next found line, previous found line"),
            Key(("g g", "G"), "First line, last line"),
            Key(("f",), "Follow the log"),
            Key(("w",), "Wrap long lines, or not"),
            Key(("y",), "Copy the link to the line"),
        ),
    ),
)
