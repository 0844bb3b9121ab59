"""Calls to the scheduler. The broker is outside; what is sent to it is recorded instead."""

from __future__ import annotations

from time import monotonic, sleep

import pytest
from celery import current_app

from deployments.services import planning_anew
from deployments.services.deployments import update_deployment
from deployments.services.schedules import add_schedules
from tests.factories import make_deployment

HOURLY = {"schedule": {"cron": "0 * * * *", "timezone": "UTC", "day_or": True}}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(planning_anew, "TOGETHER_SECONDS", 0.05)
    monkeypatch.setattr(current_app, "send_task", lambda name, **options: messages.append(name))
    return messages


def wait_for(messages, count):
    until = monotonic() + 10
    while len(messages) < count and monotonic() < until:
        sleep(0.01)
    sleep(0.1)
    return messages


def test_are_made_when_a_schedule_is_new_and_when_its_deployment_changes(sent):
    deployment = make_deployment()

    add_schedules(deployment_id=deployment.pk, schedules=[HOURLY])
    wait_for(sent, 1)
    update_deployment(deployment_id=deployment.pk, changes={"tags": ["a"]})

    assert wait_for(sent, 2) == ["services.scheduler"] * 2


def test_are_gathered_while_much_changes(sent):
    for _ in range(5):
        add_schedules(deployment_id=make_deployment().pk, schedules=[HOURLY])

    assert 1 <= len(wait_for(sent, 1)) < 5


def test_are_left_out_where_there_is_nothing_to_plan_or_nobody_who_does(sent, settings):
    update_deployment(deployment_id=make_deployment().pk, changes={"tags": ["a"]})
    settings.SERVICES = ["dispatcher"]
    add_schedules(deployment_id=make_deployment().pk, schedules=[HOURLY])

    assert wait_for(sent, 0) == []


def test_can_fail_without_anybody_noticing(sent, monkeypatch):
    def fail(name, **options):
        sent.append(name)
        raise OSError("no broker")

    monkeypatch.setattr(current_app, "send_task", fail)

    for count in (1, 2):
        add_schedules(deployment_id=make_deployment().pk, schedules=[HOURLY])
        assert len(wait_for(sent, count)) == count
