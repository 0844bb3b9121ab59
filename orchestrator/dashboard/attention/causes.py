"""Every kind of cause, as a function from what is known to rows. `KINDS` is the list of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, Max, Q, QuerySet
from django.urls import reverse

from deployments.models import Deployment
from deployments.pages.pauses import pause_of
from deployments.pages.pool_rows import runs_words
from deployments.pages.recent_runs import RecentRuns
from orchestrator.dashboard.attention.cause import Cause, Deed, Urgency
from orchestrator.dashboard.attention.causes_of_failures import failing_deployments, failing_more_often
from orchestrator.dashboard.attention.known import Known
from orchestrator.dashboard.overview.pools import has_nobody
from orchestrator.dashboard.overview.under_way import PAUSED, RUNNING
from orchestrator.events.models import Event
from orchestrator.pages.addresses import address_of, address_of_event
from orchestrator.pages.words import duration_words
from orchestrator.statements.reading import PreparedQuery
from runs.models import ConcurrencyLimit, FlowRun

MOST_OF_A_KIND = 10
FULL_FOR = timedelta(minutes=5)
ACTION_FAILED = "prefect.automation.action.failed"
LEAST_KNOWN = 5  # completed runs, before anything is said to be slower than usual
TIMES_SLOWER = 2  # than 95 of 100 runs


def pools_without_worker(known: Known) -> Iterator[Cause]:
    for row in known.pools:
        if has_nobody(row):
            pool = row.pool
            wait = duration_words(row.oldest_wait)
            yield Cause(
                key=f"pool-without-worker:{pool.pk}",
                urgency=Urgency.NOBODY_WORKS,
                tone="late",
                icon="alarm",
                word="Late" if row.load.late else "Waits",
                title=f"{pool.name} has no worker",
                url=address_of("work-pool", pool.name),
                since=row.load.oldest_due,
                count=row.load.waiting,
                details=f"{_waits(row.load.waiting, wait)} Start one:",
                code=f"orchestrator worker start --pool {pool.name}",
                deeds=(
                    Deed("Pause pool", reverse("deployments:pause-pool", args=[pool.name]), posts=True),
                    Deed(
                        f"Cancel {row.load.waiting}",
                        reverse("dashboard:cancel-waiting"),
                        posts=True,
                        name="pool",
                        value=str(pool.pk),
                    ),
                ),
            )


def runs_waiting_for_input(known: Known) -> Iterator[Cause]:
    for run in known.under_way.rows[PAUSED]:
        asks = bool(((run.state or {}).get("state_details") or {}).get("run_input_keyset"))
        name = run.deployment.name if run.deployment else run.flow.name
        yield Cause(
            key=f"paused:{run.pk}:{_stamp(run.state_timestamp)}",
            urgency=Urgency.WAITS_FOR_SOMEBODY,
            tone="paused",
            icon="pause",
            word=run.state_name or "Paused",
            title=f"{name} waits for {'input' if asks else 'somebody'}",
            url=address_of("flow-run", run.pk),
            since=run.state_timestamp,
            count=1,
            details=run.name,
            deeds=(
                Deed("Answer" if asks else "Open and resume", address_of("flow-run", run.pk), is_first=asks),
                Deed("Cancel", reverse("runs:cancel", args=[run.pk]), posts=True),
            ),
        )


def slow_runs(known: Known) -> Iterator[Cause]:
    for run, seconds, usual in slower_than_usual(known.under_way.rows[RUNNING], known.recent, known.now):
        name = run.deployment.name if run.deployment else run.flow.name
        yield Cause(
            key=f"slow:{run.pk}",
            urgency=Urgency.SLOW,
            tone="running",
            icon="play",
            word=run.state_name or "Running",
            title=f"{name} is slow",
            url=address_of("flow-run", run.pk),
            since=run.start_time,
            count=1,
            details=f"{run.name} runs for {duration_words(seconds)}, 95 of 100 for {duration_words(usual)} at most",
            deeds=(
                Deed("Open", address_of("flow-run", run.pk)),
                Deed("Cancel", reverse("runs:cancel", args=[run.pk]), posts=True),
            ),
        )


def slower_than_usual(
    runs: Iterable[FlowRun], recent: Mapping[Any, RecentRuns], now: datetime
) -> Iterator[tuple[FlowRun, float, float]]:
    """Those that run for longer than twice what 95 of 100 runs of their deployment took, with both in seconds."""
    for run in runs:
        known = recent.get(run.deployment_id)
        if known is None or known.p95 is None:
            continue
        completed = sum(one.state_type == "COMPLETED" for one in known.runs)
        seconds = run.estimated_run_time(now)
        if completed >= LEAST_KNOWN and seconds > TIMES_SLOWER * known.p95:
            yield run, seconds, known.p95


def full_limits(known: Known) -> Iterator[Cause]:
    """Every slot has been held by the same leases for a while. One query."""
    full: list[Any] = _full_limits.all(now=known.now, before=known.now - FULL_FOR)
    for limit in full:
        url = address_of("concurrency-limit", limit.pk)
        yield Cause(
            key=f"full:{limit.pk}:{_stamp(limit.last_taken)}",
            urgency=Urgency.FULL,
            tone="late",
            icon="alarm",
            word="Full",
            title=f"Limit {limit.name} is full",
            url=url,
            since=limit.last_taken,
            count=limit.leased,
            details=f"{limit.leased} of {limit.limit} slots are held, and none became free meanwhile",
            deeds=(Deed("Show holders", url),),
        )


def _limits_full_since(now: datetime, before: datetime) -> QuerySet[ConcurrencyLimit]:
    live = Q(leased_slots__lease__expires_at=None) | Q(leased_slots__lease__expires_at__gt=now)
    limits = ConcurrencyLimit.objects.filter(active=True, limit__gt=0).with_leased(now)
    limits = limits.annotate(last_taken=Max("leased_slots__lease__taken_at", filter=live))
    full = limits.filter(leased__gte=F("limit"), last_taken__lt=before).order_by("last_taken")
    return full[:MOST_OF_A_KIND]


_full_limits = PreparedQuery(_limits_full_since, moments=["now", "before"])


def failed_actions(known: Known) -> Iterator[Cause]:
    """Actions of automations, by automation. One query."""
    of_each: dict[str, list[Event]] = {}
    for event in _failures_of_actions.all(since=known.since):
        of_each.setdefault(event.resource_id, []).append(event)
    for resource_id, failed in list(of_each.items())[:MOST_OF_A_KIND]:
        last, first = failed[0], failed[-1]
        name = last.resource.get("prefect.resource.name") or resource_id.rpartition(".")[2]
        yield Cause(
            key=f"action-failed:{resource_id}:{last.sequence}",
            urgency=Urgency.ACTION_FAILED,
            tone="failed",
            icon="cross",
            word="Failed",
            title=f"Automation {name}: an action failed",
            url=address_of_event(last.occurred, last.id),
            since=first.occurred,
            count=len(failed),
            details=str(last.payload.get("reason") or last.payload.get("action_type") or ""),
            deeds=(
                Deed("Open event", address_of_event(last.occurred, last.id)),
                Deed("Its events", f"{address_of('events')}?{urlencode({'resource': resource_id})}"),
            ),
        )


_failures_of_actions = PreparedQuery(
    lambda since: Event.objects.filter(event=ACTION_FAILED, occurred__gte=since).order_by("-occurred")[:100],
    moments=["since"],
)


def paused_by_automations(known: Known) -> Iterator[Cause]:
    """Deployments that nobody but a rule switched off. One query."""
    for one in _paused_by_automations.all():
        pause = pause_of(one)
        yield Cause(
            key=f"paused-by-automation:{one.pk}:{_stamp(one.paused_at)}",
            urgency=Urgency.SWITCHED_OFF,
            tone="paused",
            icon="pause",
            word="Paused",
            title=f"{one.name} is paused",
            url=address_of("deployment", one.pk),
            since=one.paused_at,
            count=1,
            details=f"Paused {pause.who}: its schedules plan nothing" if pause else "",
            deeds=(
                Deed(
                    "Resume",
                    reverse("dashboard:resume-deployment"),
                    posts=True,
                    name="deployment",
                    value=str(one.pk),
                    is_first=True,
                ),
                Deed("Open", address_of("deployment", one.pk)),
            ),
        )


_paused_by_automations = PreparedQuery(
    lambda: (
        Deployment.objects.filter(paused=True, paused_by__type="AUTOMATION")
        .only("name", "paused", "paused_at", "paused_by")
        .order_by("-paused_at")[:MOST_OF_A_KIND]
    )
)


KINDS: tuple[Callable[[Known], Iterator[Cause]], ...] = (
    pools_without_worker,
    failing_deployments,
    failing_more_often,
    runs_waiting_for_input,
    slow_runs,
    full_limits,
    failed_actions,
    paused_by_automations,
)


def all_causes(known: Known) -> list[Cause]:
    """The most urgent first, and of the same urgency what began first."""
    found = [cause for kind in KINDS for cause in kind(known)]
    return sorted(found, key=lambda cause: (cause.urgency, cause.since or known.now))


def _waits(number: int, oldest: str) -> str:
    return f"1 run waits for {oldest}." if number == 1 else f"{runs_words(number)} wait, the oldest for {oldest}."


def _stamp(moment: datetime | None) -> str:
    """What tells one occasion from the next."""
    return f"{moment.timestamp():.0f}" if moment else ""
