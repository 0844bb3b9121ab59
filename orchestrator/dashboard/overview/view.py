"""The page itself, and its one part, which changes while it is open."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestrator.dashboard.attention.causes import all_causes, slower_than_usual
from orchestrator.dashboard.attention.failures import read_failing
from orchestrator.dashboard.attention.known import Known
from orchestrator.dashboard.attention.snoozing import SPANS, awake, snoozed
from orchestrator.dashboard.overview.counters import counters_of
from orchestrator.dashboard.overview.deployments import deployment_rows
from orchestrator.dashboard.overview.history import failed_in, read_history
from orchestrator.dashboard.overview.pools import MOST_POOLS, pool_rows
from orchestrator.dashboard.overview.ranges import RANGES, USUAL, Range, range_named
from orchestrator.dashboard.overview.run_counts import MOST_RUNS
from orchestrator.dashboard.overview.under_way import COMING, RUNNING, read_under_way
from orchestrator.pages.page import page, render_page
from orchestrator.pages.shared_parts import shared_parts
from runs.models import FlowRun

MOST_CAUSES = 6  # shown at first; all of them with `?all=1`


@require_safe
@page
def overview(request: HttpRequest) -> HttpResponseBase:
    """One rendering of the part is for all readers of a role, but for those who left something out for themselves."""
    asleep = snoozed(request.user.pk, timezone.now())
    is_own = bool(asleep) and request.user.is_authenticated
    return _answer(request, asleep) if is_own else _shared_answer(request, asleep)


def _answer(request: HttpRequest, asleep: frozenset[str]) -> HttpResponseBase:
    wanted = request.GET.get("range", USUAL.key)
    chosen = range_named(wanted)
    tag = request.GET.get("tag", "").strip()[:200]
    context = _known(request, timezone.now(), chosen, tag, asleep) | {
        "ranges": RANGES,
        "chosen": chosen,
        "tag": tag,
        "warning": f"There is no range {wanted[:40]}." if wanted != chosen.key else "",
    }
    return render_page(request, "overview/page.html", context, fragments={"overview": "overview/now.html"})


_shared_answer = shared_parts(_answer)


def _known(
    request: HttpRequest, now: datetime, chosen: Range, tag: str, marks_asleep: frozenset[str]
) -> dict[str, Any]:
    """Thirteen queries, whatever there is."""
    under_way = read_under_way(now, tag)
    history = read_history(now, chosen.span, chosen.words, tag)
    failing = read_failing(now - chosen.span, tag)
    pools = pool_rows(under_way.loads, now)
    running = under_way.rows[RUNNING]
    deployments, recent = deployment_rows(
        now,
        failing={one.last.deployment.pk for one in failing if one.last.deployment is not None},
        beside={run.deployment_id for run in running if run.deployment_id},
        tag=tag,
    )
    known = Known(now, now - chosen.span, chosen.key, tag, pools, failing, under_way, deployments, recent)
    causes, asleep = awake(all_causes(known), marks_asleep)
    shown = causes if "all" in request.GET else causes[:MOST_CAUSES]
    slow = len(list(slower_than_usual(running, recent, now)))
    return {
        "now": now,
        "section": "overview",
        "counters": counters_of(under_way, history, slow=slow, range_key=chosen.key, now=now, tag=tag),
        "failures": failed_in(history.now),
        "alarms": failed_in(history.now),
        "causes": shown,
        "cause_count": len(causes),
        "left_out": len(causes) - len(shown),
        "asleep": asleep,
        "spans": [(key, words) for key, (words, _) in SPANS.items()],
        "history": history,
        "most_runs": f"{MOST_RUNS:,}",
        "pools": pools[:MOST_POOLS],
        "pool_count": len(pools),
        "deployments": deployments,
        "coming": under_way.rows[COMING],
        "coming_count": under_way.numbers[COMING],
        "is_new": _is_new(history.is_empty and not under_way.numbers and not deployments, tag),
        "anything_live": True,
        "every": chosen.every,
    }


def _is_new(is_empty: bool, tag: str) -> bool:
    """Whether nothing ever ran here: only then is it worth a look."""
    return is_empty and not tag and not FlowRun.objects.exists()
