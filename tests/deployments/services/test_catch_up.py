"""What becomes of runs that were missed: policy by policy, by the scheduler, by the rules and by the service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deployments.models import DeploymentSchedule
from deployments.services import scheduling
from deployments.services.catch_up import may_skip_runs, skip_missed_runs
from deployments.services.planned_runs import schedule_deployment_runs
from deployments.services.scheduling import plan_due_schedules
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time
from orchestrator.events.models import Event
from runs.errors import ClaimRefused
from runs.models import FlowRun
from runs.orchestration.transition import RunKind
from runs.services.claims import claim_run
from runs.services.transitions import propose_state
from tests.clock import Clock
from tests.factories import make_deployment, make_flow_run, make_work_pool

pytestmark = pytest.mark.django_db

HOURLY = {"interval": 3600.0, "anchor_date": "2020-01-01T00:00:00+00:00", "timezone": "UTC"}
HALF_PAST = {"cron": "30 * * * *", "timezone": "UTC"}
EVERY_SECOND = {"interval": 1.0, "anchor_date": "2020-01-01T00:00:00+00:00", "timezone": "UTC"}


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch, datetime(2030, 11, 20, 9, 10, tzinfo=UTC))


def deployed(clock, policy, *schedules, **columns):
    """Planned ahead at 9:10: for 10:00, 11:00 and 12:00, when no other schedule is given."""
    if not isinstance(policy, str):
        columns |= {"catch_up_max_age_seconds": policy}
        policy = "max_age"
    deployment = make_deployment(catch_up_policy=policy, **columns)
    for schedule in schedules or (HOURLY,):
        DeploymentSchedule.objects.create(deployment=deployment, schedule=schedule, plan_at=clock())
    plan_due_schedules()
    return deployment


def outage(clock, **how_long):
    """Nobody is there, neither scheduler nor workers."""
    clock.forward(**how_long)


def runs(deployment, at=None):
    """`{"10:00": "Scheduled", …}` of those that were due by `at`."""
    found = FlowRun.objects.filter(deployment=deployment).order_by("expected_start_time")
    if at is not None:
        found = found.filter(expected_start_time__lte=at)
    return {f"{run.expected_start_time:%H:%M}": run.state_name for run in found}


def run_at(deployment, time):
    return next(
        run for run in FlowRun.objects.filter(deployment=deployment) if f"{run.expected_start_time:%H:%M}" == time
    )


def take(run):
    """As a worker does. Returns the state that the run has then."""
    propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=State(StateType.PENDING))
    run.refresh_from_db()
    return run.state_name


class TestAfterAnOutageOfFiveHours:
    """Planned were 10:00, 11:00 and 12:00; it is 14:20, so 13:00 and 14:00 were not planned at all."""

    @pytest.mark.parametrize(
        ("policy", "expected"),
        [
            ("planned", {"10:00": "Pending", "11:00": "Pending", "12:00": "Pending"}),
            ("none", {"10:00": "Skipped", "11:00": "Skipped", "12:00": "Skipped"}),
            (
                "all",
                {"10:00": "Pending", "11:00": "Pending", "12:00": "Pending", "13:00": "Pending", "14:00": "Pending"},
            ),
            ("latest", {"10:00": "Skipped", "11:00": "Skipped", "12:00": "Skipped", "14:00": "Pending"}),
            # Three hours: 11:20 is the oldest that may still begin.
            (
                3 * 3600,
                {"10:00": "Skipped", "11:00": "Skipped", "12:00": "Pending", "13:00": "Pending", "14:00": "Pending"},
            ),
        ],
    )
    @pytest.mark.parametrize("first", ["workers", "scheduler", "service"])
    def test_runs_what_the_policy_says_whoever_comes_back_first(self, clock, policy, expected, first):
        deployment = deployed(clock, policy)
        outage(clock, hours=5, minutes=10)

        def workers():
            for run in FlowRun.objects.filter(deployment=deployment, expected_start_time__lte=clock()):
                if run.state_type == StateType.SCHEDULED:
                    take(run)

        steps = {"workers": workers, "scheduler": plan_due_schedules, "service": skip_missed_runs}
        for step in [steps.pop(first), *steps.values(), workers]:
            step()
            clock.forward(seconds=1)

        assert runs(deployment, clock()) == expected
        assert list(runs(deployment)) == [*expected, "15:00", "16:00", "17:00"]

    @pytest.mark.parametrize(
        ("policy", "expected"), [("planned", False), ("all", False), ("none", True), ("latest", True)]
    )
    def test_knows_whether_any_run_may_be_skipped(self, clock, policy, expected):
        deployed(clock, policy)

        assert may_skip_runs() is expected

    def test_says_why_a_run_was_skipped(self, clock):
        deployment = deployed(clock, "none")
        outage(clock, hours=5, minutes=10)

        run = run_at(deployment, "10:00")
        take(run)

        assert run.state_type == StateType.CANCELLED
        assert run.state["message"] == (
            "Skipped: due at 2030-11-20 10:00:00 UTC, it did not begin for 4 hours, and "
            "runs of its deployment that were missed are not made up for."
        )
        assert Event.objects.filter(event="prefect.flow-run.Skipped", resource_id=f"prefect.flow-run.{run.pk}").exists()

    def test_refuses_the_claim_of_our_own_workers(self, clock):
        pool = make_work_pool()
        deployment = deployed(clock, "latest", work_queue=pool.default_queue)
        outage(clock, hours=5, minutes=10)

        with pytest.raises(ClaimRefused, match="only the last one is made up for"):
            claim_run(flow_run_id=run_at(deployment, "11:00").pk, worker_name="w")

        assert run_at(deployment, "11:00").state_name == "Skipped"

    def test_says_of_a_run_that_it_was_planned_late(self, clock):
        deployment = deployed(clock, "all")
        outage(clock, hours=5, minutes=10)

        plan_due_schedules()

        labelled = {time: run_at(deployment, time).labels.get("orchestrator.catch-up") for time in runs(deployment)}
        assert labelled == dict.fromkeys(["10:00", "11:00", "12:00", "15:00", "16:00", "17:00"]) | {
            "13:00": "all",
            "14:00": "all",
        }


class TestEachSchedule:
    def test_has_a_last_run_of_its_own(self, clock):
        deployment = deployed(clock, "latest", HOURLY, HALF_PAST)
        outage(clock, hours=5, minutes=10)

        plan_due_schedules()
        skip_missed_runs()

        left = [time for time, state in runs(deployment, clock()).items() if state != "Skipped"]
        assert left == ["13:30", "14:00"]

    def test_keeps_its_last_run_until_the_next_is_due(self, clock):
        deployment = deployed(clock, "latest")
        for _ in range(4):
            clock.forward(hours=1)
            plan_due_schedules()
            skip_missed_runs()

        # It is 13:10, and no worker has been there since 9:10.
        assert runs(deployment, clock()) == {
            "10:00": "Skipped",
            "11:00": "Skipped",
            "12:00": "Skipped",
            "13:00": "Scheduled",
        }

    def test_forgets_the_run_that_was_made_up_for_once_the_next_is_due(self, clock):
        deployment = deployed(clock, "latest")
        outage(clock, hours=5, minutes=10)
        plan_due_schedules()

        clock.forward(hours=1)
        skip_missed_runs()

        assert runs(deployment, clock()) == {
            "10:00": "Skipped",
            "11:00": "Skipped",
            "12:00": "Skipped",
            "14:00": "Skipped",
            "15:00": "Scheduled",
        }

    @pytest.mark.parametrize("policy", ["all", 86_400.0 * 30])
    def test_is_made_up_for_by_so_many_runs_at_the_most(self, clock, policy, monkeypatch):
        monkeypatch.setattr(scheduling, "MOST_MISSED", 20)
        deployment = deployed(clock, policy)
        outage(clock, days=10)

        plan_due_schedules()

        made_up = FlowRun.objects.filter(deployment=deployment, labels__has_key="orchestrator.catch-up")
        last = datetime(2030, 11, 30, 9, tzinfo=UTC)
        assert sorted(run.expected_start_time for run in made_up) == [
            last - timedelta(hours=number) for number in reversed(range(20))
        ]

    def test_loses_no_run_by_a_scheduler_that_is_slow_for_a_moment(self, clock):
        deployment = deployed(clock, "none", EVERY_SECOND)
        before = FlowRun.objects.filter(deployment=deployment).count()

        clock.forward(seconds=130)  # 100 were planned; 60 seconds are no outage
        plan_due_schedules()

        assert FlowRun.objects.filter(deployment=deployment, expected_start_time__lte=clock()).count() == before + 30


class TestLeavesAlone:
    @pytest.mark.parametrize("policy", ["none", "latest", 120])
    def test_a_run_that_is_late_by_less_than_the_grace(self, clock, policy):
        deployment = deployed(clock, policy)
        clock.at = datetime(2030, 11, 20, 10, 0, 59, tzinfo=UTC)
        plan_due_schedules()

        assert skip_missed_runs() == 0
        assert take(run_at(deployment, "10:00")) == "Pending"

    @pytest.mark.parametrize("policy", ["none", "latest", 120])
    def test_runs_that_people_asked_for(self, clock, policy):
        deployment = deployed(clock, policy)
        details = {"scheduled_time": format_time(clock())}
        by_hand = [
            make_flow_run(State(StateType.SCHEDULED, details=details), flow=deployment.flow, deployment=deployment)
            for _ in range(2)
        ]
        outage(clock, hours=5)

        skip_missed_runs()

        assert [take(run) for run in by_hand] == ["Pending", "Pending"]

    @pytest.mark.parametrize("policy", ["none", "latest", 3600])
    def test_runs_that_people_had_planned_for_the_past(self, clock, policy):
        deployment = deployed(clock, policy)
        start = datetime(2030, 11, 1, 0, 30, tzinfo=UTC)
        made = schedule_deployment_runs(
            deployment_id=deployment.pk, start_time=start, end_time=start + timedelta(hours=3), min_runs=5
        )
        clock.forward(minutes=30)

        skip_missed_runs()

        assert [take(FlowRun.objects.get(pk=run_id)) for run_id in made] == ["Pending"] * 3

    @pytest.mark.parametrize(
        "columns",
        [
            {"state_name": "AwaitingConcurrencySlot"},
            {"state_name": "AwaitingRetry"},
            {"run_count": 1},
        ],
    )
    def test_a_run_that_had_its_turn(self, clock, columns):
        deployment = deployed(clock, "none")
        run = run_at(deployment, "10:00")
        FlowRun.objects.filter(pk=run.pk).update(**columns)
        outage(clock, hours=5)

        skip_missed_runs()

        assert take(run) == "Pending"

    def test_a_run_that_is_put_off(self, clock):
        deployment = deployed(clock, "none")
        run = run_at(deployment, "10:00")
        outage(clock, hours=5)
        later = State(StateType.SCHEDULED, details={"scheduled_time": format_time(clock())})
        propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=later, force=True)
        clock.forward(seconds=30)

        skip_missed_runs()

        assert take(run) == "Pending"

    def test_a_run_that_somebody_cancels(self, clock):
        deployment = deployed(clock, "none")
        run = run_at(deployment, "10:00")
        outage(clock, hours=5)

        propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=State(StateType.CANCELLED))

        run.refresh_from_db()
        assert run.state_name == "Cancelled"


class TestCosts:
    def test_one_query_where_no_deployment_asks_for_it(self, clock, django_assert_num_queries):
        deployed(clock, "planned")
        outage(clock, hours=5)

        with django_assert_num_queries(1):
            assert skip_missed_runs() == 0

    @pytest.mark.parametrize("policy", ["planned", "all", "latest", "none", 3600])
    def test_no_query_for_a_run_that_is_on_time(self, clock, policy):
        deployment = deployed(clock, policy)
        plain = deployed(clock, "planned")
        clock.at = datetime(2030, 11, 20, 10, 0, 5, tzinfo=UTC)
        take(run_at(plain, "11:00"))  # statements are composed once

        counts = []
        for run in (run_at(plain, "10:00"), run_at(deployment, "10:00")):
            with CaptureQueriesContext(connection) as captured:
                propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=State(StateType.PENDING))
            counts.append(len(captured))

        assert counts[0] == counts[1]

    def test_a_bounded_number_of_runs_at_a_time(self, clock, monkeypatch):
        monkeypatch.setattr("deployments.services.catch_up.BATCH", 2)
        deployed(clock, "none")
        outage(clock, hours=5)

        assert [skip_missed_runs() for _ in range(3)] == [2, 1, 0]

    def test_no_longer_for_runs_that_are_kept(self, clock, monkeypatch):
        """The oldest may run late still, and the others are reached behind them."""
        monkeypatch.setattr("deployments.services.catch_up.BATCH", 2)
        deployed(clock, 86_400.0)
        deployed(clock, "latest")
        outage(clock, minutes=55)
        deployed(clock, 120.0)
        outage(clock, hours=1)

        # It is 11:05. One run is older than two minutes, and one has a newer one; three are kept.
        assert skip_missed_runs() == 2
