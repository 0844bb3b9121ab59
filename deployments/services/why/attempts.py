"""What earlier attempts have to do with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from deployments.services.why.explanation import Action, Cause, Subject
from deployments.services.why.situation import Situation
from deployments.services.why.wording import ago, clock, command, count
from orchestrator.pages.words import duration_words


def retried_in_its_process(situation: Situation) -> Iterator[Cause]:
    """No worker may take a run that the process which has it tries again."""
    run, claim = situation.run, situation.claim
    if run.retry_type != "in_process" or not situation.is_due:
        return
    late = situation.overdue_seconds > situation.patience.late_after
    where = f"on worker {claim.worker_name}" if claim else "that has it"
    summary = f"Only the process {where} can try it again, after attempt {run.run_count} of {run.retries + 1}."
    if not late:
        yield Cause("retried_in_its_process", summary, since=run.since)
        return
    summary += f" It has not done so for {duration_words(situation.overdue_seconds)}; it may have died."
    if claim is None and situation.heartbeat is None and situation.patience.begin is not None and run.due is not None:
        then = run.due + timedelta(seconds=situation.patience.begin)
        summary += f" It is taken from that process at {ago(then, situation.at)}."
    action = Action("End the run, and run it again.", command("flow-run", "cancel", run.id))
    yield Cause("retried_in_its_process", summary, since=run.since, action=action)


def lost_attempts(situation: Situation) -> Iterator[Cause]:
    lost = [claim for claim in situation.claims if claim.lost]
    if not lost:
        return
    last = lost[0]
    yield Cause(
        "attempts_were_lost",
        f"{count(len(lost), 'attempt')} ended without a result, of {situation.patience.most_attempts} at most. "
        f"The last, on worker {last.worker_name} since {clock(last.claimed_at, situation.at)}: "
        f"{last.reason or 'no reason is known'}.",
        since=last.claimed_at,
        subject=Subject("worker", last.worker_name),
        action=Action("Look at the log of that worker, and of the run.", command("flow-run", "logs", situation.run.id)),
        certain=False,
    )


def lease_words(situation: Situation) -> str:
    """Whether who holds the run goes on telling so; nothing when nobody holds it."""
    claim, at = situation.claim, situation.at
    if claim is None:
        return ""
    if claim.lease_expires_at < at:
        return f" It has told nothing since its lease ended at {ago(claim.lease_expires_at, at)}."
    return f" Its lease lasts until {clock(claim.lease_expires_at, at)} unless it is renewed."
