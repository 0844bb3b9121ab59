"""The scheduler: what it plans, when it looks again, and what it reads."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from deployments.models import DeploymentSchedule
from deployments.services import scheduling
from deployments.services.deployments import (
    apply_deployment,
    pause_deployment,
    resume_deployment,
    update_deployment,
)
from deployments.services.planned_runs import schedule_deployment_runs
from deployments.services.schedules import add_schedules, delete_schedule, update_schedule
from deployments.services.scheduling import has_due_schedules, plan_due_schedules
from runs.models import FlowRun, FlowRunState
from runs.services.flow_runs import delete_flow_run
from tests.clock import Clock
from tests.factories import make_deployment, make_flow, make_work_pool

EPOCH = "2020-01-01T00:00:00+00:00"
HOURLY = {"interval": 3600.0, "anchor_date": EPOCH, "timezone": "UTC"}
MINUTELY = {"cron": "* * * * *", "timezone": "UTC"}
DAILY = {"cron": "0 6 * * *", "timezone": "UTC", "day_or": True}
YEARLY = {"cron": "0 0 1 1 *", "timezone": "UTC"}
PER_SECOND = {"interval": 1.0, "anchor_date": EPOCH, "timezone": "UTC"}
THREE_TIMES = {"rrule": "DTSTART:20301120T100000\nRRULE:FREQ=HOURLY;COUNT=3", "timezone": "UTC"}
NEVER = {"cron": "0 0 30 2 *", "timezone": "UTC"}
# It takes away all that it gives, so nobody can say when it comes next.
BROKEN = {"rrule": "DTSTART:20200101T000000\nRRULE:FREQ=SECONDLY\nEXRULE:FREQ=SECONDLY", "timezone": "UTC"}


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch, datetime(2030, 11, 20, 9, 30, tzinfo=UTC))


def planned_for(clock, schedule, deployment=None, **columns):
    deployment = deployment or make_deployment()
    return DeploymentSchedule.objects.create(deployment=deployment, schedule=schedule, plan_at=clock(), **columns)


def times(schedule):
    """For which the schedule has runs."""
    runs = FlowRun.objects.filter(deployment=schedule.deployment_id, created_by__id=str(schedule.pk))
    return [run.next_scheduled_start_time for run in runs.order_by("next_scheduled_start_time")]


def hours(schedule):
    return [moment.hour for moment in times(schedule)]


def pass_by(clock, *, every, until):
    """The scheduler at its pace. Returns at how many schedules it looked in all."""
    looks = 0
    end = clock() + until
    while clock() < end:
        clock.at += every
        looks += plan_due_schedules()
    return looks


@pytest.mark.django_db
class TestPlansAhead:
    @pytest.mark.parametrize(
        ("schedule", "count"),
        [
            (HOURLY, 3),  # 10:00, 11:00 and 12:00
            (MINUTELY, 60),  # from 9:31 to 10:30: one hour
            (DAILY, 3),
            (PER_SECOND, 100),
            (YEARLY, 1),  # the next but one is further ahead than 100 days
            (THREE_TIMES, 3),
            (NEVER, 0),
        ],
    )
    def test_as_far_as_the_contract_says(self, clock, schedule, count):
        made = planned_for(clock, schedule)

        plan_due_schedules()

        assert len(times(made)) == count
        assert all(moment > clock() for moment in times(made))

    def test_what_is_known_to_be_due(self, clock):
        before = has_due_schedules()
        planned_for(clock, HOURLY)
        due = has_due_schedules()
        plan_due_schedules()

        assert (before, due, has_due_schedules()) == (False, True, False)

    @pytest.mark.parametrize("schedule", [HOURLY, MINUTELY, DAILY])
    def test_as_far_at_any_time(self, clock, schedule):
        made = planned_for(clock, schedule)
        plan_due_schedules()

        for _ in range(200):
            clock.forward(seconds=61.5)
            plan_due_schedules()
            # Just before the next look, which may come 5 seconds later.
            ahead = [moment for moment in times(made) if moment > clock() + timedelta(seconds=5)]
            assert len(ahead) >= 3
            assert ahead[-1] >= clock() + timedelta(seconds=5) + timedelta(hours=1)
            assert len(ahead) <= 100

    def test_without_a_hole_and_without_a_double(self, clock):
        made = planned_for(clock, HOURLY)
        begin = clock()

        pass_by(clock, every=timedelta(minutes=7), until=timedelta(days=1))

        expected = [begin + timedelta(minutes=30, hours=number) for number in range(len(times(made)))]
        assert times(made) == expected
        assert len(expected) >= 26

    def test_and_looks_no_more_often_than_needed(self, clock):
        planned_for(clock, HOURLY)

        assert pass_by(clock, every=timedelta(seconds=30), until=timedelta(hours=5)) <= 7

    def test_and_looks_at_what_comes_rarely_once_a_day(self, clock):
        made = planned_for(clock, {"cron": "0 0 29 2 *", "timezone": "UTC"})

        looks = pass_by(clock, every=timedelta(hours=1), until=timedelta(days=10))

        made.refresh_from_db()
        assert looks == 10
        assert (times(made), made.next_time) == ([], datetime(2032, 2, 29, tzinfo=UTC))

    @pytest.mark.parametrize("schedule", [NEVER, THREE_TIMES])
    def test_and_looks_no_more_at_what_has_ended(self, clock, schedule):
        made = planned_for(clock, schedule)

        plan_due_schedules()

        made.refresh_from_db()
        assert (made.plan_at, made.next_time, made.problem) == (None, None, "")

    def test_what_comes_every_moment_as_far_as_a_hundred_runs_reach(self, clock):
        made = planned_for(clock, PER_SECOND)

        pass_by(clock, every=timedelta(seconds=5), until=timedelta(minutes=2))

        assert len({*times(made)}) == len(times(made))
        assert times(made)[-1] >= clock() + timedelta(seconds=45)

    def test_a_rule_whose_first_time_is_years_ahead(self, clock):
        made = planned_for(clock, {"interval": 3600.0, "anchor_date": "2035-01-01T00:00:00Z", "timezone": "UTC"})

        plan_due_schedules()

        assert hours(made) == [10, 11, 12]  # an anchor is no beginning


@pytest.mark.django_db
class TestLooksAnew:
    @pytest.fixture
    def schedule(self, clock):
        made = planned_for(clock, HOURLY, slug="hourly")
        plan_due_schedules()
        return made

    def test_when_the_deployment_changes(self, clock, schedule):
        update_deployment(deployment_id=schedule.deployment_id, changes={"tags": ["new"]})

        plan_due_schedules()

        assert hours(schedule) == [10, 11, 12]
        assert all("new" in run.tags for run in FlowRun.objects.all())

    def test_without_losing_the_time_that_came_just_then(self, clock, schedule):
        clock.at = datetime(2030, 11, 20, 9, 59, 59, tzinfo=UTC)
        update_deployment(deployment_id=schedule.deployment_id, changes={"tags": ["new"]})
        clock.forward(seconds=4)

        plan_due_schedules()

        assert hours(schedule) == [10, 11, 12, 13]

    def test_when_the_schedule_changes(self, clock, schedule):
        changes = {"schedule": {**DAILY}}
        update_schedule(deployment_id=schedule.deployment_id, schedule_id=schedule.pk, changes=changes)

        plan_due_schedules()

        assert hours(schedule) == [6, 6, 6]

    def test_when_it_is_switched_off_and_on(self, clock, schedule):
        def switch(active):
            update_schedule(deployment_id=schedule.deployment_id, schedule_id=schedule.pk, changes={"active": active})
            plan_due_schedules()
            schedule.refresh_from_db()

        switch(False)
        assert (times(schedule), schedule.plan_at) == ([], None)
        clock.forward(hours=5)
        switch(True)
        assert hours(schedule) == [15, 16, 17]

    def test_when_the_deployment_is_paused_and_resumed(self, clock, schedule):
        pause_deployment(deployment_id=schedule.deployment_id)
        plan_due_schedules()
        schedule.refresh_from_db()
        assert (times(schedule), schedule.plan_at) == ([], None)

        clock.forward(hours=5)
        resume_deployment(deployment_id=schedule.deployment_id)
        plan_due_schedules()

        assert hours(schedule) == [15, 16, 17]

    @pytest.mark.parametrize("looked", [True, False])
    def test_and_takes_a_pause_for_no_outage(self, clock, schedule, looked):
        update_deployment(deployment_id=schedule.deployment_id, changes={"catch_up_policy": "all"})
        pause_deployment(deployment_id=schedule.deployment_id)
        if looked:
            plan_due_schedules()
        clock.forward(hours=5)
        resume_deployment(deployment_id=schedule.deployment_id)

        plan_due_schedules()

        assert hours(schedule) == [15, 16, 17]

    def test_when_schedules_are_added_and_deleted(self, clock, schedule):
        clock.forward(minutes=1)
        (added,) = add_schedules(deployment_id=schedule.deployment_id, schedules=[{"schedule": DAILY, "slug": "daily"}])
        DeploymentSchedule.objects.filter(pk=added.pk).update(plan_at=clock())
        plan_due_schedules()
        assert hours(added) == [6, 6, 6]

        delete_schedule(deployment_id=schedule.deployment_id, schedule_id=added.pk)
        plan_due_schedules()

        assert (hours(added), hours(schedule)) == ([], [10, 11, 12])

    def test_when_the_deployment_is_applied_again(self, clock):
        flow = make_flow()
        for slug in ("one", "two"):
            deployment, _ = apply_deployment(
                flow_id=flow.pk, name="served", changes={}, schedules=[{"schedule": HOURLY, "slug": slug}]
            )
            DeploymentSchedule.objects.update(plan_at=clock())
            plan_due_schedules()

        (schedule,) = DeploymentSchedule.objects.filter(deployment=deployment)
        assert (schedule.slug, hours(schedule)) == ("two", [10, 11, 12])
        assert FlowRun.objects.count() == 3

    def test_and_leaves_out_a_run_that_somebody_deleted(self, clock, schedule):
        gone = FlowRun.objects.order_by("next_scheduled_start_time")[1]
        delete_flow_run(flow_run_id=gone.pk)

        pass_by(clock, every=timedelta(minutes=10), until=timedelta(hours=1))

        assert hours(schedule) == [10, 12, 13]

    def test_and_leaves_runs_alone_that_somebody_planned_through_the_api(self, clock, schedule):
        schedule_deployment_runs(deployment_id=schedule.deployment_id, min_runs=5)

        pass_by(clock, every=timedelta(minutes=10), until=timedelta(hours=1))

        assert hours(schedule) == [10, 11, 12, 13, 14]


@pytest.mark.django_db
class TestWhatCannotBeWorkedOut:
    def test_holds_up_nothing_else(self, clock):
        broken, hourly = planned_for(clock, BROKEN), planned_for(clock, HOURLY)

        plan_due_schedules()  # two seconds, which are enough for one call
        plan_due_schedules()

        broken.refresh_from_db()
        assert broken.problem.startswith("The rule cannot be worked out")
        assert (times(broken), hours(hourly)) == ([], [10, 11, 12])

    def test_is_tried_again_more_and_more_rarely(self, clock):
        unknown = planned_for(clock, {**DAILY, "timezone": "Mars/Olympus"})

        looks = pass_by(clock, every=timedelta(seconds=30), until=timedelta(days=1))

        unknown.refresh_from_db()
        assert looks <= 13
        assert unknown.problem == "There is no time zone 'Mars/Olympus' any more."

    def test_is_planned_when_it_can_be_again(self, clock):
        unknown = planned_for(clock, {**DAILY, "timezone": "Mars/Olympus"})
        plan_due_schedules()
        DeploymentSchedule.objects.update(schedule=DAILY)

        clock.forward(minutes=1)
        plan_due_schedules()

        unknown.refresh_from_db()
        assert (hours(unknown), unknown.problem, unknown.failures) == ([6, 6, 6], "", 0)

    def test_is_told_with_the_schedule(self, api, clock):
        broken = planned_for(clock, {**DAILY, "timezone": "Mars/Olympus"})
        plan_due_schedules()

        (answer,) = api.get(f"/deployments/{broken.deployment_id}/schedules").json()

        assert answer["problem"] == "There is no time zone 'Mars/Olympus' any more."


@pytest.mark.django_db
class TestAWrongClock:
    def test_that_was_ahead_leaves_no_schedule_asleep(self, clock):
        clock.forward(days=400)
        made = planned_for(clock, HOURLY)
        plan_due_schedules()
        clock.forward(days=-400)

        plan_due_schedules()

        assert hours(made)[:3] == [10, 11, 12]
        made.refresh_from_db()
        assert made.plan_at < clock() + timedelta(days=1)

    def test_that_jumps_ahead_skips_what_was_never_planned(self, clock):
        made = planned_for(clock, HOURLY)
        plan_due_schedules()

        clock.forward(days=30)
        plan_due_schedules()

        assert hours(made) == [10, 11, 12, 10, 11, 12]


@pytest.mark.django_db
class TestReads:
    def make(self, clock, count):
        pool = make_work_pool()
        flow = make_flow()
        for _ in range(count):
            planned_for(clock, HOURLY, make_deployment(flow, pool=pool, tags=["a"]))

    @pytest.mark.parametrize("count", [1, 40])
    def test_as_much_however_many_schedules_are_due(self, clock, django_assert_max_num_queries, count):
        self.make(clock, count)

        with django_assert_max_num_queries(12):
            assert plan_due_schedules() == count

    def test_next_to_nothing_while_none_is_due(self, clock, django_assert_num_queries):
        self.make(clock, 3)
        plan_due_schedules()

        with django_assert_num_queries(2):
            assert plan_due_schedules() == 0

    def test_no_runs_but_those_that_it_made(self, clock, django_assert_max_num_queries):
        self.make(clock, 3)

        with django_assert_max_num_queries(12) as captured:
            plan_due_schedules()

        reading = [query["sql"] for query in captured.captured_queries if query["sql"].startswith("SELECT")]
        of_runs = [sql for sql in reading if "runs_flowrun" in sql]
        assert [sql for sql in of_runs if '"runs_flowrun"."id" IN' not in sql] == []
        for sql in reading:
            plan = explain(sql)
            assert not [line for line in plan if line.lstrip("-> ").startswith(("SCAN runs_", "Seq Scan on runs_"))], (
                plan
            )
        assert [line for line in explain(reading[0]) if "deployment_schedule_plan_at" in line]

    def test_a_bounded_number_of_schedules_at_a_time(self, clock):
        self.make(clock, scheduling.BATCH + 1)

        assert [plan_due_schedules() for _ in range(3)] == [scheduling.BATCH, 1, 0]

    def test_no_further_schedule_after_a_bounded_number_of_runs(self, clock, monkeypatch):
        monkeypatch.setattr(scheduling, "MOST_ROWS", 4)
        self.make(clock, 5)

        assert [plan_due_schedules() for _ in range(4)] == [2, 2, 1, 0]


def explain(sql):
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            return [row[3] for row in cursor.fetchall()]
        # Tables of tests are too small for an index. What is ordered can then only come from one: which of the joined
        # tables is read first would otherwise hang on statistics, which other tests have left.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {sql}")
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_plan_each_time_once(self):
        flow = make_flow()
        for _ in range(60):
            DeploymentSchedule.objects.create(deployment=make_deployment(flow), schedule=HOURLY)

        in_threads(4, lambda: [plan_due_schedules() for _ in range(5)])

        assert FlowRun.objects.count() == 180
        assert FlowRunState.objects.count() == 180
        assert not DeploymentSchedule.objects.filter(planned_until=None).exists()

    def test_leave_no_run_of_what_the_deployment_was(self):
        """Whoever changes a deployment while it is planned finds runs of the new kind afterwards, and no others."""
        schedule = DeploymentSchedule.objects.create(deployment=make_deployment(), schedule=MINUTELY)

        def change():
            for number in range(10):
                update_deployment(deployment_id=schedule.deployment_id, changes={"tags": [f"v{number}"]})

        in_threads(1, change, lambda: [plan_due_schedules() for _ in range(30)])
        plan_due_schedules()

        assert {tuple(run.tags) for run in FlowRun.objects.all()} == {("auto-scheduled", "v9")}
        assert FlowRun.objects.count() in (60, 61)

    def test_lose_nothing_when_one_breaks_off_in_the_middle(self, monkeypatch):
        schedule = DeploymentSchedule.objects.create(deployment=make_deployment(), schedule=HOURLY)
        whole = scheduling.insert_rows

        def break_off(*arguments, **options):
            raise KeyboardInterrupt

        monkeypatch.setattr(scheduling, "insert_rows", break_off)
        with pytest.raises(KeyboardInterrupt):
            plan_due_schedules()
        assert FlowRun.objects.count() == 0

        monkeypatch.setattr(scheduling, "insert_rows", whole)
        plan_due_schedules()

        assert len(times(schedule)) == 3


def in_threads(count, *functions):
    errors = []

    def work(function):
        try:
            function()
        except Exception as error:  # noqa: BLE001 -- told by the test
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(function,)) for function in functions for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
