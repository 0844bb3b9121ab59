"""Which services there are. Each app declares its own in its `tasks.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.module_loading import autodiscover_modules

SPARE_SECONDS = 3.0  # by which a lease is longer than the work between two renewals
IDLE_SECONDS = 30.0  # how often at least a service is run that has nothing to do, to show that it is there


@dataclass(frozen=True, slots=True)
class Service:
    """One service. Calling it does its work, without asking whether somebody else does so."""

    name: str
    description: str
    every_seconds: float  # unless an administrator says otherwise
    most_seconds: float  # that its work takes between two renewals of its lease
    work: Callable[[], int]
    has_work: Callable[[], bool] | None = None  # asked before each run, if there is such a question

    def __call__(self) -> int:
        """Do a bounded piece of work. Returns how many rows it touched."""
        return self.work()

    @property
    def task_name(self) -> str:
        """The name of its Celery task."""
        return f"{TASKS}{self.name}"

    @property
    def lease_seconds(self) -> float:
        return self.most_seconds + SPARE_SECONDS

    def turns_when_idle(self, every_seconds: float) -> int:
        """How many of its turns come to one run while there is nothing to do."""
        return 1 if self.has_work is None else max(1, int(IDLE_SECONDS / max(every_seconds, 1.0)))


TASKS = "services."

_services: dict[str, Service] = {}


class UnknownService(Exception):
    """No service has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no service called {name}.")


class DoubleService(Exception):
    """Two services have one name."""


def register(service: Service) -> None:
    if service.name in _services:
        raise DoubleService(service.name)
    _services[service.name] = service


def all_services() -> list[Service]:
    """Every service, by name."""
    autodiscover_modules("tasks")
    return [_services[name] for name in sorted(_services)]


def find_service(name: str) -> Service:
    """Raises UnknownService."""
    autodiscover_modules("tasks")
    try:
        return _services[name]
    except KeyError:
        raise UnknownService(name) from None
