"""Filling a database, and what must be found in it afterwards."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, connections
from django.db.models import Max

from benchmarks.filling import postgresql, sqlite
from benchmarks.filling.copies import Copy, Part, moment_at
from benchmarks.filling.plan import Plan, Planned, run_names
from benchmarks.filling.recording import COPIED, Specimen, make_deployments, plan_ahead, record_specimens
from orchestrator.contract.times import format_time, now
from orchestrator.events.models import Event
from runs.services.hour_counts import count_hours

_AT_ONCE = 500  # copies that one process takes in turn
Say = Callable[[str], None]


def fill(*, task_runs: int, deployments: int, say: Say = lambda words: None) -> dict[str, Any]:
    """Fill an empty database. Returns what it holds (see `_told`)."""
    plan = Plan(task_runs=task_runs, deployments=deployments, until=now().replace(microsecond=0))
    with _database().in_haste(_place()):
        words = make_deployments(plan)
        say(f"{deployments} deployments")
        specimens = record_specimens(partial(_database().read_rows, _place()))
        say(f"{len(specimens)} specimens")
        first_event = (Event.objects.aggregate(last=Max("sequence"))["last"] or 0) + 1
        connections.close_all()
        tables = [model._meta.db_table for model in COPIED]
        with _database().without_indexes(_place(), tables):
            _write(plan, specimens, words, first_event)
            say(f"{plan.copies:,} copies")
        say("indexes")
        if connection.vendor == "postgresql":
            postgresql.count_numbers_on(_place(), Event._meta.db_table, "sequence")
        planned = plan_ahead()
        while count_hours():
            pass
        say(f"{planned} runs planned, and hours counted")
        connections.close_all()
        _database().tidy_up(_place(), tables)
    say("statistics")
    return _told(plan, specimens, planned)


def _write(plan: Plan, specimens: dict[str, Specimen], words: list[dict[str, str]], first_event: int) -> None:
    copies = partial(_copies, plan, specimens, words, first_event)
    if connection.vendor == "sqlite":  # which has one writer
        sqlite.write_copies(_place(), copies(0, 1))
        return
    context = multiprocessing.get_context("fork")  # what is to be copied is known to all of them
    share = postgresql.PROCESSES
    writers = [
        context.Process(target=lambda mine=mine: postgresql.write_copies(_place(), copies(mine, share)))
        for mine in range(share)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    if any(writer.exitcode for writer in writers):
        raise RuntimeError("The copies could not be written.")


def _copies(
    plan: Plan, specimens: dict[str, Specimen], words: list[dict[str, str]], first_event: int, mine: int, share: int
) -> Iterator[tuple[Part, Copy]]:
    """Those that fall to one of `share` processes, part by part."""
    names = run_names()
    for planned in plan:
        specimen = specimens[planned.kind.name]
        has_events = plan.has_events(planned)
        if planned.number // _AT_ONCE % share == mine:
            own = words[planned.deployment] | {"run_name": names[planned.number % len(names)]}
            stretch = specimen.stretch_to(planned.seconds)
            copy = Copy(planned.number, planned.begin, stretch, own, first_event)
            yield specimen.core, copy
            if plan.has_logs(planned):
                yield specimen.logs, copy
            if has_events:
                yield specimen.events, copy
        if has_events:
            first_event += specimen.event_count


def _told(plan: Plan, specimens: dict[str, Specimen], planned: int) -> dict[str, Any]:
    """Which counts are right, as the plan alone knows them: by state, by team, and where there is one number, that.

    What is of a day, or a week, began since `since_day` or `since_week`. `many_tasks` are runs of many task runs.
    """
    day, week = plan.since_last_day, plan.since_last_week
    runs: Counter[str] = Counter({"SCHEDULED": planned})
    tasks: Counter[str] = Counter()
    runs_of_day: Counter[str] = Counter()
    tasks_of_day: Counter[str] = Counter()
    top_level_of_day: Counter[str] = Counter()
    failed_of_team: Counter[str] = Counter()
    rare = 0
    many: list[str] = []
    for each in plan:
        specimen = specimens[each.kind.name]
        runs.update(fact.state_type for fact in specimen.runs)
        tasks.update(fact.state_type for fact in specimen.tasks)
        rare += each.kind.name == "with a rare tag"
        began = moment_at(each.begin, specimen.stretch_to(each.seconds), specimen.runs[0].began)
        if began >= week and specimen.runs[0].state_type == "FAILED":
            failed_of_team[plan.tags_of(each.deployment)[0]] += 1
        if began >= day:
            runs_of_day.update(fact.state_type for fact in specimen.runs)
            top_level_of_day.update(fact.state_type for fact in specimen.runs if not fact.is_subflow)
            tasks_of_day.update(fact.state_type for fact in specimen.tasks)
        if each.kind.name == "of many tasks":
            many.append(_id_of_first_run(specimen, each))
    return {
        "until": format_time(plan.until),
        "since_day": format_time(day),
        "since_week": format_time(week),
        "runs": dict(runs),
        "task_runs": dict(tasks),
        "runs_of_day": dict(runs_of_day),
        "top_level_of_day": dict(top_level_of_day),
        "task_runs_of_day": dict(tasks_of_day),
        "failed_of_week": {team: failed_of_team[team] for team in plan.teams},
        "rare": rare,
        "many_tasks": many,
    }


def _id_of_first_run(specimen: Specimen, planned: Planned) -> str:
    copy = Copy(planned.number, planned.begin, specimen.stretch_to(planned.seconds), {})
    cut = next(cut for cut in specimen.core.cuts if cut.table == "runs_flowrun")
    gap = cut.texts[cut.columns.index("id")][2:-2]
    return str(UUID(specimen.core.values_of(copy)[gap]))


def _database() -> Any:
    return postgresql if connection.vendor == "postgresql" else sqlite


def _place() -> str:
    """Of the database: a URL, or a path."""
    if connection.vendor == "postgresql":
        return str(settings.DATABASE_URL)
    return str(connection.settings_dict["NAME"])
