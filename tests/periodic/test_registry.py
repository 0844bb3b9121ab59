"""Which services there are, and what the contract says of them."""

from __future__ import annotations

import pytest
from celery import current_app

from orchestrator.contract.services import (
    SERVICES,
    BothWays,
    UnknownServices,
    chosen_services,
    named_services,
)
from orchestrator.periodic import service
from orchestrator.periodic.registry import DoubleService, all_services


def test_has_every_service_of_the_contract_and_no_other():
    registered = {each.name: each.description for each in all_services()}

    assert registered == SERVICES


def test_has_a_celery_task_for_every_service():
    current_app.loader.import_default_modules()

    assert {each.task_name for each in all_services()} <= set(current_app.tasks)


def test_gives_every_service_a_lease_that_is_over_soon():
    assert all(3 < each.lease_seconds <= 20 for each in all_services())


def test_refuses_a_second_service_of_one_name():
    with pytest.raises(DoubleService):

        @service(every_seconds=1)
        def retention() -> int:
            return 0


def test_takes_names_with_hyphens():
    assert named_services(["zombie-killer", "Late_Runs", "zombie_killer", ""]) == ["zombie_killer", "late_runs"]


def test_names_what_it_does_not_know_and_what_there_is():
    with pytest.raises(UnknownServices, match=r"called zombi\. There are: .*zombie_killer"):
        named_services(["scheduler", "zombi"])


@pytest.mark.parametrize(
    ("only", "without", "chosen"),
    [
        ([], [], list(SERVICES)),
        (["lazarus", "scheduler"], [], ["scheduler", "lazarus"]),
        ([], ["retention"], [name for name in SERVICES if name != "retention"]),
    ],
)
def test_chooses_some_or_all_without_some(only, without, chosen):
    assert chosen_services(only=only, without=without) == chosen


def test_refuses_to_choose_both_ways():
    with pytest.raises(BothWays):
        chosen_services(only=["scheduler"], without=["lazarus"])
