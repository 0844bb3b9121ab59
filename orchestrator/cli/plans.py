"""What deploying would change, and deploying itself: both are one request, so one is as the other."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.output import hint, plain, show_json
from orchestrator.cli.schedules import in_short as schedule_in_short
from orchestrator.sdk.api.refusals import refusals
from orchestrator.sdk.deployments.files.entries import Declared, Problem
from orchestrator.sdk.errors import ApiError

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

# Keys of the API -> where they stand in a file.
_IN_FILES: dict[str, tuple[str, ...]] = {
    "work_pool_name": ("work_pool", "name"),
    "work_queue_name": ("work_pool", "work_queue_name"),
    "job_variables": ("work_pool", "job_variables"),
    "concurrency_options": ("concurrency_limit",),
    "parameter_openapi_schema": ("entrypoint",),
    "pull_steps": ("pull",),
}
# What nobody needs to be told of a new deployment.
_SAID_BY_THE_FLOW = frozenset({"parameter_openapi_schema", "description", "enforce_parameter_schema", "path"})
_USUAL = {"catch_up_policy": "planned"}
_SIGNS = {"create": "+", "update": "~", "unchanged": "=", "delete": "-", "leave": "?"}
_COLOURS = {"create": "green", "update": "yellow", "delete": "red", "leave": "bright_black"}
_WORDS = {
    "create": "new",
    "update": "changes",
    "unchanged": "unchanged",
    "delete": "is deleted: it is in the file no more",
    "leave": "is in the file no more; --prune deletes it",
}


@dataclass(slots=True)
class Report:
    """What the server answered, and all problems, those that were found here included."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    applied: bool = False

    def count(self, *actions: str) -> int:
        return sum(step["action"] in actions and not step["problems"] for step in self.steps)

    @property
    def differs(self) -> bool:
        return self.count("create", "update", "delete") > 0


def apply_declared(
    client: Client,
    deployments: Sequence[Declared],
    *,
    problems: Iterable[Problem] = (),
    project: str | None = None,
    whole_project: bool = False,
    prune: bool = False,
    dry_run: bool = False,
) -> Report:
    """Apply all of them or none. With problems that are known already the server is only asked what it would do.

    What it does not even understand of one deployment is noted, and it is asked about the others.
    """
    report = Report(problems=[*problems, *(problem for each in deployments for problem in each.problems)])
    dry_run = dry_run or bool(report.problems)
    rest = [each for each in deployments if not each.problems]
    while rest:
        body = {
            "deployments": [each.body for each in rest],
            "project": project,
            "whole_project": whole_project and len(rest) == len(deployments),
            "prune": prune,
            "dry_run": dry_run,
        }
        try:
            answer = client.ask("POST", "/deployments/apply", body)
        except ApiError as error:
            if error.status == 409 and isinstance(error.body, dict) and "deployments" in error.body:
                answer = error.body
            elif error.status == 422 and (left := _without_refused(rest, error, report)) is not None:
                rest, dry_run = left, True
                continue
            else:
                raise
        report.steps = answer["deployments"]
        report.applied = answer["applied"]
        for declared, step in zip(rest, report.steps, strict=False):
            for found in step["problems"]:
                place, key = declared.where(*_in_file(found["key"])) if found["key"] else declared.where()
                report.problems.append(Problem(declared.title, place, key, found["message"]))
        break
    return report


def show_report(report: Report, *, output: str) -> None:
    """The difference, deployment by deployment, then the problems, then a sentence."""
    if output == "json":
        show_json(
            {
                "applied": report.applied,
                "differs": report.differs,
                "deployments": report.steps,
                "problems": [asdict(problem) for problem in report.problems],
            }
        )
        return
    for step in report.steps:
        _show_step(step)
    for problem in report.problems:
        said = f"{problem.deployment}: {problem}" if problem.deployment else str(problem)
        hint(_coloured(f"! {plain(said)}", "red", sys.stderr))
    hint(_summary(report))


def _without_refused(rest: Sequence[Declared], error: ApiError, report: Report) -> list[Declared] | None:
    """Those that the server said nothing against; None when it was against something else."""
    refused: set[int] = set()
    for refusal in refusals(error):
        match refusal.place:
            case ("deployments", int(position), *path) if position < len(rest):
                refused.add(position)
                place, key = rest[position].where(*_in_file(*path))
                report.problems.append(Problem(rest[position].title, place, key, refusal.reason))
            case _:
                return None
    return [each for position, each in enumerate(rest) if position not in refused]


def _in_file(*path: str | int) -> list[str | int]:
    first, *others = path or ("",)
    # A schedule's own description has a level of its own in the API.
    inner = [part for part in others if part != "schedule"]
    return [*_IN_FILES.get(str(first), (first,) if first else ()), *inner]


def _show_step(step: dict[str, Any]) -> None:
    action = step["action"]
    name = f"{step['flow_name']}/{step['name']}"
    sign = "!" if step["problems"] else _SIGNS[action]
    word = "has problems" if step["problems"] else _WORDS[action]
    click.echo(_coloured(f"{sign} {plain(name)}  {word}", _COLOURS.get(action), sys.stdout))
    for key, change in step["changes"].items():
        if action == "create":
            if key not in _SAID_BY_THE_FLOW and _USUAL.get(key) != change["to"]:
                _show_new(key, change["to"])
            continue
        for name, before, after in differences_in(key, change["from"], change["to"]):
            click.echo(f"    {plain(name)}: {before} → {after}")
    for warning in step["warnings"]:
        click.echo(_coloured(f"    {plain(warning)}", "yellow", sys.stdout))


def in_short(value: Any) -> str:
    """A value on one line, cut where nobody reads on."""
    text = plain(json.dumps(value, ensure_ascii=False, sort_keys=True))
    return text if len(text) <= 300 else f"{text[:300]}…"


def _show_new(key: str, value: Any) -> None:
    for name, _, after in differences_in(key, [] if key == "schedules" else None, value):
        click.echo(f"    {plain(name)}: {after}")


def differences_in(key: str, before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
    """Name, old and new, of the innermost values that are not the same."""
    if key == "schedules":
        old, new = _schedules_by_name(before), _schedules_by_name(after)
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                yield f"schedules.{name}", _schedule_in_words(old.get(name)), _schedule_in_words(new.get(name))
    elif isinstance(before, dict) and isinstance(after, dict):
        for inner in sorted({*before, *after}):
            if before.get(inner) != after.get(inner):
                for name, old_text, new_text in differences_in(inner, before.get(inner), after.get(inner)):
                    yield f"{key}.{name}", old_text, new_text
    else:
        yield key, in_short(before), in_short(after)


def _schedules_by_name(schedules: list[dict[str, Any]] | None) -> dict[str, Any]:
    return {each["slug"] or f"[{place}]": each for place, each in enumerate(schedules or ())}


def _schedule_in_words(schedule: dict[str, Any] | None) -> str:
    if schedule is None:
        return "none"
    beside = {key: schedule[key] for key in ("parameters", "max_scheduled_runs") if schedule.get(key)}
    words = [schedule_in_short(schedule), "" if schedule["active"] else "inactive", in_short(beside) if beside else ""]
    return plain(", ".join(word for word in words if word)).replace("\n", " ")


def _coloured(text: str, colour: str | None, stream: Any) -> str:
    return click.style(text, fg=colour) if colour and stream.isatty() else text


def _summary(report: Report) -> str:
    counts = [
        (report.count("create"), "new"),
        (report.count("update"), "changed"),
        (report.count("unchanged"), "unchanged"),
        (report.count("delete"), "deleted"),
    ]
    told = ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing to do"
    if report.problems:
        many = len(report.problems)
        return f"Nothing was changed: there {'is a problem' if many == 1 else f'are {many} problems'}."
    if report.applied:
        return f"Applied: {told}."
    return f"Plan: {told}. Nothing was changed yet." if report.differs else f"Plan: {told}. There is nothing to do."
