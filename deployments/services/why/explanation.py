"""What an explanation is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Subject:
    """What a cause is about. `kind` is a word of the contract, such as `work-pool`; `id` None where there is none."""

    kind: str
    name: str
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """What ends a cause: in words, as a command of ours, and as a page of ours."""

    summary: str
    command: str | None = None
    href: str | None = None  # a path below the public address


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a place that the run waits for."""

    kind: str
    name: str
    id: UUID | None = None
    state_name: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason. `certain`: it alone keeps the run from going on now; others may, will later, or are worth knowing."""

    code: str
    summary: str
    since: datetime | None = None
    subject: Subject | None = None
    action: Action | None = None
    certain: bool = True
    held_by: tuple[Holder, ...] = ()  # some of them, the oldest first
    bare: str = ""  # the summary without who holds, for those who list them beside it; empty where it is the same

    @property
    def beside_holders(self) -> str:
        return self.bare or self.summary


@dataclass(frozen=True, slots=True)
class Explanation:
    """`causes` in the order in which they hold the run up: what is first has to go first."""

    summary: str
    overdue_seconds: float  # 0 for a run that has begun, or is not due yet
    causes: tuple[Cause, ...]
