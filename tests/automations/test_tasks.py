"""When the triggers are looked after: only while there is something that could fire, or has fired."""

from __future__ import annotations

import pytest

from automations.models import Automation, Firing
from automations.tasks import triggers
from orchestrator.contract.times import now

pytestmark = pytest.mark.django_db


def automation(*, enabled: bool) -> Automation:
    return Automation.objects.create(name="guard", enabled=enabled, trigger={}, actions=[])


def firing_of(made: Automation, **columns) -> Firing:
    return Firing.objects.create(automation=made, fired_at=now(), event={}, labels={}, **columns)


def test_have_no_work_without_automations(django_assert_num_queries):
    with django_assert_num_queries(2):
        assert not triggers.has_work()


def test_have_work_while_an_automation_is_enabled():
    automation(enabled=True)

    assert triggers.has_work()


def test_have_work_until_the_actions_of_every_firing_are_done():
    firing = firing_of(automation(enabled=False))

    before = triggers.has_work()
    Firing.objects.filter(pk=firing.pk).update(done_at=now())

    assert (before, triggers.has_work()) == (True, False)
