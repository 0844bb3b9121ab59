"""A run that is not due."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.services.why.explanation import Cause
from deployments.services.why.situation import Situation
from deployments.services.why.wording import ago


def not_due_yet(situation: Situation) -> Iterator[Cause]:
    run = situation.run
    if situation.is_due or run.due is None:
        return
    when = ago(run.due, situation.at)
    match run.state_name:
        case "AwaitingConcurrencySlot":
            summary = f"It found no concurrency slot free, and tries again at {when}."
            code = "waits_for_slot"
        case "AwaitingRetry" if run.retry_type == "in_process":
            summary = f"It failed in attempt {run.run_count} of {run.retries + 1}, and is tried again at {when}."
            code = "waits_for_retry"
        case "AwaitingRetry":
            summary = f"It is begun again at {when}."
            code = "waits_for_retry"
        case "Resuming":
            summary = f"It was resumed, and goes on at {when}."
            code = "not_due"
        case _:
            how = "It was planned by its schedule for" if run.auto_scheduled else "It is to begin at"
            summary = f"{how} {when}."
            code = "not_due"
    yield Cause(code, summary, since=run.since)


def skipped_by_catch_up(situation: Situation) -> Iterator[Cause]:
    if situation.will_be_skipped and situation.is_due:
        yield Cause(
            "skipped_by_catch_up",
            f"It will not be run. {situation.will_be_skipped}",
            since=situation.run.due,
        )
