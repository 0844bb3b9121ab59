"""Runs that have left the line: taken, running, paused, or asked to end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from deployments.services.why.attempts import lease_words
from deployments.services.why.explanation import Action, Cause, Subject
from deployments.services.why.situation import Situation
from deployments.services.why.wording import ago, clock, command
from orchestrator.contract.times import parse_time
from orchestrator.pages.words import duration_words


def pending(situation: Situation) -> Iterator[Cause]:
    run, claim, at = situation.run, situation.claim, situation.at
    cancel = Action("Cancel it if it takes too long.", command("flow-run", "cancel", run.id))
    time = run.details.get("scheduled_time")
    if time and parse_time(time) > at:
        yield Cause(
            "waits_in_its_process", f"It was taken ahead of its time, and begins at {ago(parse_time(time), at)}."
        )
        return
    if claim is not None:
        gone = claim.lease_expires_at < at
        summary = (
            f"Worker {claim.worker_name} took it at {ago(claim.claimed_at, at)} (attempt {claim.attempt}) and has "
            f"not begun it yet.{lease_words(situation)}"
        )
        if gone:
            summary += " It is begun again elsewhere as soon as the service lost_runs comes to it."
        action = Action("Look at the worker's log.", command("worker", "ls"))
        subject = Subject("worker", claim.worker_name)
        code = "claim_lost" if gone else "claimed"
        yield Cause(code, summary, since=claim.claimed_at, subject=subject, action=action)
        return
    if run.deployment_id is None:
        summary = "The program that made it prepares to run it."
        yield Cause("prepared_by_its_program", summary, since=run.since, action=cancel)
        return
    waited = f" for {duration_words((at - run.since).total_seconds())}" if run.since else ""
    by = f"by a worker of pool {situation.pool.name}" if situation.pool else "by the program that serves its deployment"
    infrastructure = f" as {run.infrastructure}" if run.infrastructure else ""
    summary = f"It was taken {by}{infrastructure} and has been {run.state_name}{waited}; it has not begun."
    if situation.patience.begin is not None and run.since is not None:
        then = run.since + timedelta(seconds=situation.patience.begin)
        summary += f" If it does not begin, it is put back in line at {ago(then, at)}"
        done, most = situation.rescues, situation.patience.most_rescues
        summary += f", as was done {done} of {most} times already." if done else "."
    look = Action("Look at the worker's log and at what it started (a process, a container, a pod).", cancel.command)
    subject_of_pool = Subject("work-pool", situation.pool.name, situation.pool.id) if situation.pool else None
    yield Cause("submitted", summary, since=run.since, subject=subject_of_pool, action=look)


def running(situation: Situation) -> Iterator[Cause]:
    run, claim, at = situation.run, situation.claim, situation.at
    since = f" since {ago(run.since, at)}" if run.since else ""
    where = f" on worker {claim.worker_name}" if claim else (f" as {run.infrastructure}" if run.infrastructure else "")
    code, life = "running", lease_words(situation)
    beat = situation.heartbeat
    if claim is not None and claim.lease_expires_at < at:
        code = "claim_lost"
    elif claim is None and beat is not None:
        life = f" Its process{beat.sender} gave a sign of life at {ago(beat.last_at, at)}."
        if beat.silent_after < at:
            code = "process_is_silent"
            life += " It counts as dead: the service zombie_killer begins the run again, or ends it."
    yield Cause(
        code,
        f"It runs{where}{since}.{life}",
        since=run.since,
        subject=Subject("worker", claim.worker_name) if claim else None,
        action=Action("Follow its log.", command("flow-run", "logs", run.id, "--follow"), f"/runs/flow-run/{run.id}"),
    )


def paused(situation: Situation) -> Iterator[Cause]:
    run, at = situation.run, situation.at
    suspended = bool(run.details.get("pause_reschedule"))
    what = "suspended: no process executes it" if suspended else "paused: its process waits"
    since = f" since {clock(run.since, at)}" if run.since else ""
    summary = f"It is {what}{since}."
    if run.message:
        summary += f" {run.message.rstrip('.')}."
    if run.details.get("run_input_keyset"):
        summary += " It waits for somebody to give it input."
    until = run.details.get("pause_timeout")
    if until:
        end = parse_time(until)
        summary += f" It {'fails' if end > at else 'should have failed'} unless it is resumed by {ago(end, at)}."
    yield Cause(
        "suspended" if suspended else "paused",
        summary,
        since=run.since,
        action=Action("Resume it on its page.", command("flow-run", "resume", run.id), _page(situation)),
    )


def cancelling(situation: Situation) -> Iterator[Cause]:
    run, claim, at = situation.run, situation.claim, situation.at
    who = f"Worker {claim.worker_name}" if claim else (run.infrastructure or "Whoever executes it")
    since = f" at {ago(run.since, at)}" if run.since else ""
    summary = f"It was asked to end{since}. {who} is to stop it.{lease_words(situation)}"
    if run.since is not None:
        until = run.since + timedelta(seconds=situation.patience.cancelling)
        summary += f" It counts as cancelled at {ago(until, at)} in any case."
    yield Cause(
        "cancelling",
        summary,
        since=run.since,
        subject=Subject("worker", claim.worker_name) if claim else None,
        action=Action("Look at its log.", command("flow-run", "logs", run.id), _page(situation)),
    )


def _page(situation: Situation) -> str:
    return f"/runs/flow-run/{situation.run.id}"
