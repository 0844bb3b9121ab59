"""What rooms that this one does not know tell on the page of a deployment. They say so when they start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

MOST = 20  # that one page shows


@dataclass(frozen=True, slots=True)
class Trigger:
    """Something that acts on a deployment by itself. `admin_url` is where staff changes it."""

    name: str
    sentence: str
    is_on: bool
    admin_url: str


Reader = Callable[[UUID], list[Trigger]]

_readers: list[Reader] = []


def tell_triggers_of_deployments(reader: Reader) -> None:
    """From now on `reader` is asked about each deployment whose page is shown. It makes one query."""
    if reader not in _readers:
        _readers.append(reader)


def triggers_of(deployment_id: UUID) -> list[Trigger]:
    return list(islice((trigger for reader in _readers for trigger in reader(deployment_id)), MOST))
