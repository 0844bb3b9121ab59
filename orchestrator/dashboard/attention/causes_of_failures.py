"""Causes for which runs went wrong: a streak that no success ended, and failures that become more."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse

from orchestrator.contract.states import TERMINAL
from orchestrator.dashboard.attention.cause import Cause, Deed, Urgency
from orchestrator.dashboard.attention.failures import MOST_RETRIED, Failing
from orchestrator.dashboard.attention.known import Known
from orchestrator.pages.addresses import address_of

LATELY = 10  # ended runs whose failures are compared with those before
LEAST_WRONG = 3  # of them, before anything is said


def failing_deployments(known: Known) -> Iterator[Cause]:
    """Deployments, and flows that run without one, whose last runs went wrong and none completed since."""
    for failing in known.failing:
        last = failing.last
        crashed = last.state_type == "CRASHED"
        again = failing.count > 1
        verb = "crashes" if crashed and again else "crashed" if crashed else "fails" if again else "failed"
        deeds = [Deed("Open log", f"{address_of('flow-run', last.pk)}/logs")]
        if last.error_fingerprint:
            deeds.append(Deed("Same errors", address_of("error", last.error_fingerprint)))
        if last.deployment is not None:
            deeds.insert(0, _retry_of(failing, known))
            if not last.deployment.paused:
                url, value = reverse("dashboard:pause-deployment"), str(last.deployment.pk)
                deeds.append(Deed("Pause deployment", url, posts=True, name="deployment", value=value))
        yield Cause(
            key=f"failing:{failing.key}:{failing.first}",
            urgency=Urgency.FAILS_AGAIN if again else Urgency.CRASHED if crashed else Urgency.FAILED_ONCE,
            tone="crashed" if crashed else "failed",
            icon="burst" if crashed else "cross",
            word=last.state_name or ("Crashed" if crashed else "Failed"),
            title=f"{failing.name} {verb}",
            url=address_of("flow-run", last.pk) if not again else failing.url,
            since=failing.since,
            count=failing.count,
            details=f"{failing.words} without a success" if again else last.name,
            code=failing.error_words,
            deeds=tuple(deeds),
        )


def failing_more_often(known: Known) -> Iterator[Cause]:
    """Deployments whose last run went well, and of whose last ten more than twice as many failed as of those before."""
    failing = {one.key for one in known.failing}
    for row in known.deployments:
        runs = [run for run in row.recent.runs if run.state_type in TERMINAL]
        late, before = runs[-LATELY:], runs[:-LATELY]
        wrong, wrong_before = (sum(run.went_wrong for run in some) for some in (late, before))
        often = wrong >= LEAST_WRONG and len(before) >= LATELY and wrong * len(before) > 2 * wrong_before * len(late)
        if often and str(row.deployment.pk) not in failing:
            url = address_of("deployment", row.deployment.pk)
            first = next(run for run in late if run.went_wrong)
            query = {"state": ["failed", "crashed"], "deployment": row.deployment.name, "range": "30d"}
            yield Cause(
                key=f"often:{row.deployment.pk}:{first.id}",
                urgency=Urgency.FAILS_MORE_OFTEN,
                tone="failed",
                icon="cross",
                word="Failing",
                title=f"{row.deployment.name} fails more often",
                url=url,
                since=first.at,
                count=wrong,
                details=f"{wrong} of its last {len(late)} runs failed, {wrong_before} of the {len(before)} before",
                deeds=(
                    Deed("Show them", f"{address_of('runs')}?{urlencode(query, doseq=True)}"),
                    Deed("Open", url),
                ),
            )


def _retry_of(failing: Failing, known: Known) -> Deed:
    """All of them at once; of too many the list, where they can be chosen."""
    of_tag = {"tag": known.tag} if known.tag else {}
    query: dict[str, str | list[str]] = {"range": known.range_key, **of_tag}
    if failing.count > MOST_RETRIED:
        query |= {"state": ["failed", "crashed"], "deployment": failing.name}
        return Deed(f"Choose of {failing.words}", f"{address_of('runs')}?{urlencode(query, doseq=True)}", is_first=True)
    url = f"{reverse('dashboard:retry')}?{urlencode(query)}"
    return Deed(f"Retry {failing.count}", url, posts=True, name="failing", value=failing.key, is_first=True)
