"""Why no runs of a deployment come."""

from __future__ import annotations

from deployments.services.why.of_deployments import DeploymentSituation, PlanFact, explain_deployment
from orchestrator.contract.ids import uuid7
from tests.deployments.services.why.making import (
    NOW,
    a_deployment,
    a_pool,
    a_run,
    a_server,
    a_situation,
    after,
)


def a_plan(**facts):
    return PlanFact(**{"id": uuid7(), "name": "weekdays"} | facts)


def causes(*schedules, deployment=None, next_run=None, **of_a_run):
    situation = DeploymentSituation(
        NOW,
        deployment or a_deployment(),
        a_situation(a_run(due=NOW), **of_a_run),
        schedules=schedules,
        next_run=next_run,
    )
    return [(cause.code, cause.certain) for cause in explain_deployment(situation)[1]]


def test_tells_when_the_next_run_is_due():
    assert causes(a_plan(), next_run=after(hours=1)) == [("next_run_planned", False)]


def test_waits_for_the_scheduler():
    assert causes(a_plan()) == [("not_planned_yet", False)]


def test_says_that_it_is_paused():
    found = causes(a_plan(), deployment=a_deployment(paused=True), next_run=after(hours=1))

    assert found[0] == ("deployment_paused", True)


def test_says_that_it_has_no_schedule():
    assert causes() == [("no_schedule", True)]


def test_says_that_its_only_schedule_is_switched_off():
    assert causes(a_plan(active=False)) == [("schedule_inactive", True)]


def test_takes_one_schedule_that_works_for_enough():
    assert causes(a_plan(active=False), a_plan(), next_run=after(hours=1))[0] == ("schedule_inactive", False)


def test_says_that_a_schedule_has_no_time_left():
    assert causes(a_plan(is_over=True)) == [("schedule_over", True)]


def test_says_that_the_times_cannot_be_worked_out():
    assert causes(a_plan(problem="the rule takes too long")) == [("schedule_broken", True)]


def test_says_that_the_scheduler_does_not_run():
    assert causes(a_plan(), server=a_server(scheduler=90))[0] == ("service_overdue", True)


def test_says_what_would_hold_its_runs_up():
    found = causes(a_plan(), next_run=after(hours=1), pool=a_pool(is_paused=True), workers=())

    assert found == [("next_run_planned", False), ("pool_paused", True), ("no_worker_online", True)]
