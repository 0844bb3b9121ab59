"""Slots of concurrency limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from deployments.services.why.explanation import Action, Cause, Subject
from deployments.services.why.situation import AskedFact, LimitFact, Situation
from deployments.services.why.wording import ago, clock, command, count, who_holds


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
    is_full = f"{_name(limit)} is full: {limit.occupied} of {count(limit.limit, 'slot')} taken."
    yield Cause(
        "limit_full",
        f"{is_full}{who_holds(limit.holders, limit.occupied, situation.at)} {what_then}",
        since=limit.holders[-1].since if limit.holders else None,
        subject=subject,
        action=Action(
            "Wait, see who has the slots, or raise the limit.", command("concurrency-limit", "inspect", limit.name)
        ),
        held_by=limit.holders,
        bare=f"{is_full} {what_then}",
    )


def asked_slots(situation: Situation) -> Iterator[Cause]:
    """Of a run that is under way, and stands still until it has them."""
    for asked in situation.asked:
        yield asks_for_slots(asked, situation.at)


def asks_for_slots(asked: AskedFact, at: datetime) -> Cause:
    limit = asked.limit
    waits = (
        f"It waits for {count(asked.slots, 'slot')} of concurrency limit {limit.name} since {clock(asked.since, at)}: "
        f"{limit.occupied} of {limit.limit} taken."
    )
    again = f"It asks again at {ago(asked.again_at, at)}."
    return Cause(
        "asks_for_slots",
        f"{waits}{who_holds(limit.holders, limit.occupied, at)} {again}",
        since=asked.since,
        subject=Subject("concurrency-limit", limit.name, limit.id),
        action=Action(
            "Wait, see who has the slots, or raise the limit.", command("concurrency-limit", "inspect", limit.name)
        ),
        held_by=limit.holders,
        bare=f"{waits} {again}",
    )


def _name(limit: LimitFact) -> str:
    return f"Concurrency limit {limit.name}, which its deployment shares," if limit.shared else "Its deployment's limit"
