"""Which services a server starts, and running one by hand."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from orchestrator.cli import serving
from orchestrator.cli.commands import orchestrator
from orchestrator.cli.serving import ServerPlan, banner
from orchestrator.contract.services import SERVICES


@pytest.fixture
def planned(monkeypatch):
    """What `server start` with these options would do, or how it ends."""

    def plan(*options: str) -> ServerPlan | str:
        plans: list[ServerPlan] = []
        monkeypatch.setattr(serving, "serve", lambda plan, say: plans.append(plan) or 0)
        result = CliRunner().invoke(orchestrator, ["server", "start", *options])
        return plans[0] if plans else result.output

    return plan


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("ORCHESTRATOR_SERVICES", "ORCHESTRATOR_SERVICES_EXCEPT"):
        monkeypatch.delenv(name, raising=False)


def test_starts_every_service_unless_told_otherwise(planned):
    assert planned().services == tuple(SERVICES)


def test_starts_only_some(planned):
    assert planned("--services", "lazarus, scheduler").services == ("scheduler", "lazarus")


def test_starts_all_without_some(planned):
    plan = planned("--except", "zombie-killer", "--except", "retention")

    assert set(SERVICES) - set(plan.services) == {"zombie_killer", "retention"}


def test_starts_none(planned):
    assert planned("--no-services").services == ()


def test_heeds_the_environment_unless_there_are_options(planned, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_SERVICES", "retention")

    assert planned().services == ("retention",)
    assert len(planned("--except", "lazarus").services) == len(SERVICES) - 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--services", "scheduler", "--except", "lazarus"], "not both at once"),
        (["--services", "zombi"], "There is no service called zombi. There are: scheduler"),
        (["--no-services", "--except", "lazarus"], "goes with neither"),
    ],
)
def test_refuses_what_makes_no_sense(planned, options, reason):
    assert reason in " ".join(planned(*options).split())


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        ((), "Orchestrator is ready.\n\n"),
        (("zombie_killer",), "(no zombie_killer on this machine)"),
        (tuple(SERVICES)[2:], "(of the services only scheduler, catch_up on this machine)"),
        (tuple(SERVICES), "(no scheduler and services on this machine)"),
    ],
)
def test_says_what_is_off(left_out, words):
    services = tuple(name for name in SERVICES if name not in left_out)

    assert words in banner("http://127.0.0.1:4200", worker=True, services=services)


def test_names_the_services_when_there_is_none_of_a_name():
    result = CliRunner().invoke(orchestrator, ["server", "services", "run", "zombi"])

    assert result.exit_code == 3
    assert "There are: scheduler" in result.output
