"""Slots of concurrency limits."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.services.why.explanation import Action, Cause, Subject
from deployments.services.why.situation import LimitFact, Situation
from deployments.services.why.wording import command, count, who_holds


def full_limit(situation: Situation) -> Iterator[Cause]:
    limit = situation.limit
    if limit is None or not limit.full:
        return
    subject = Subject("concurrency-limit", limit.name, limit.id)
    if limit.limit <= 0:
        yield Cause(
            "limit_closed",
            f"{_name(limit)} is 0, so none of its runs can ever begin.",
            subject=subject,
            action=Action("Raise the limit.", command("concurrency-limit", "update", limit.name, "--limit", 1)),
        )
        return
    what_then = "A run that finds no slot free is cancelled." if limit.cancels_new else "It waits until one is free."
    yield Cause(
        "limit_full",
        f"{_name(limit)} is full: {limit.occupied} of {count(limit.limit, 'slot')} taken."
        f"{who_holds(limit.holders, limit.occupied, situation.at)} {what_then}",
        since=limit.holders[-1].since if limit.holders else None,
        subject=subject,
        action=Action(
            "Wait, see who has the slots, or raise the limit.", command("concurrency-limit", "inspect", limit.name)
        ),
        held_by=limit.holders,
    )


def _name(limit: LimitFact) -> str:
    return f"Concurrency limit {limit.name}, which its deployment shares," if limit.shared else "Its deployment's limit"
