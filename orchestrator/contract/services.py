"""The services that run by themselves, by name, and what each does."""

from __future__ import annotations

from collections.abc import Iterable

SERVICES: dict[str, str] = {
    "scheduler": "Plans the runs of schedules ahead.",
    "catch_up": "Skips runs that were missed, where their deployments want it.",
    "dispatcher": "Wakes workers for the runs that became due just now.",
    "sweeper": "Wakes workers again for runs that are still waiting.",
    "late_runs": "Marks scheduled runs that did not begin in time.",
    "pause_expirations": "Lets runs fail whose pause nobody ended in time.",
    "cancellation_cleanup": "Cancels what cancelled runs left unfinished.",
    "foreman": "Says which workers, queues, pools and deployments are ready.",
    "repossessor": "Frees the slots of limits whose holders stopped renewing.",
    "lost_runs": "Begins runs again whose worker stopped renewing its claim.",
    "zombie_killer": "Ends or retries running runs whose heartbeat stopped.",
    "lazarus": "Schedules runs again that were taken and never began.",
    "triggers": "Shows new events to the triggers of automations, and does the actions of those that fire.",
    "bulk_actions": "Does to many runs what somebody asked for, one after the other.",
    "hour_counts": "Counts the runs of past hours, for charts that look back for days.",
    "retention": "Deletes what is kept no longer.",
    "leftovers": "Deletes the log lines and artifacts of deleted runs.",
}


class UnknownServices(ValueError):
    """Says which names are of no service, and which names there are."""

    def __init__(self, names: Iterable[str]) -> None:
        unknown = ", ".join(names)
        super().__init__(f"There is no service called {unknown}. There are: {', '.join(SERVICES)}.")


class BothWays(ValueError):
    """Services were both picked and left out."""

    def __init__(self) -> None:
        super().__init__("Services can be picked or left out, not both at once.")


def named_services(names: Iterable[str]) -> list[str]:
    """The services of these names, which may be written with hyphens, each once. Raises UnknownServices."""
    wanted = list(dict.fromkeys(name.strip().lower().replace("-", "_") for name in names if name.strip()))
    unknown = [name for name in wanted if name not in SERVICES]
    if unknown:
        raise UnknownServices(unknown)
    return wanted


def chosen_services(*, only: Iterable[str], without: Iterable[str]) -> list[str]:
    """The services that are to run: `only` these, or all `without` some; all of them when both are empty.

    Raises UnknownServices and BothWays.
    """
    picked, left_out = named_services(only), named_services(without)
    if picked and left_out:
        raise BothWays
    return [name for name in SERVICES if (name in picked if picked else name not in left_out)]
