"""What a file says, in the tables of the real server."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from deployments.models import Deployment as Row
from orchestrator import Cron, Deployment, Interval, flow
from orchestrator.cli.commands import orchestrator
from orchestrator.sdk.api.client import use_client
from tests.in_process import in_process_client


@flow
def counted(n: int = 1) -> None:
    """Counts."""


@pytest.fixture
def server(db):
    with use_client(in_process_client()):
        yield


@pytest.fixture
def full() -> Deployment:
    return Deployment.build_from_flow(
        counted,
        "daily",
        tags=["a"],
        parameters={"n": 3},
        schedules=[Cron("0 6 * * *", slug="morning"), Interval(900, slug="often")],
        concurrency_limit={"limit": 2, "collision_strategy": "CANCEL_NEW"},
        job_variables={"env": {"A": "1"}},
        catch_up="latest",
        paused=True,
    )


def test_is_made_and_brought_up_to_date(server, full, tmp_path):
    first = full.apply()
    full.to_yaml(tmp_path / "d.yaml")
    again = Deployment.load_from_yaml(tmp_path / "d.yaml")
    again.tags = ["b"]

    second = again.apply()

    row = Row.objects.get(name="daily")
    assert str(row.id) == first == second
    assert (row.tags, row.parameters, row.paused) == (["b"], {"n": 3}, True)
    assert row.schedules.count() == 2
    assert row.work_queue.work_pool.name == "default"


def test_is_the_same_for_the_command_line(server, full, tmp_path):
    full.to_yaml(tmp_path / "d.yaml")
    full.apply()

    plan = CliRunner().invoke(orchestrator, ["deploy", "--all", "--plan", "--file", str(tmp_path / "d.yaml")])

    assert plan.exit_code == 0, plan.output  # nothing would change
