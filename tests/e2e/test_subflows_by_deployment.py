"""A flow that runs a deployment as its subflow, both on workers."""

from __future__ import annotations

import pytest

from tests.e2e.system import System
from tests.waiting import eventually

pytestmark = pytest.mark.e2e

CHILD = """
@flow
def main(seconds: float = 0):
    time.sleep(seconds)
"""

PARENT = """
from orchestrator import run_deployment

@flow(log_prints=True)
def main(seconds: float = 0):
    run = run_deployment("child.py/e2e", parameters={"seconds": seconds})
    print("child is", run.state.name)
"""

ASYNC_PARENT = """
from orchestrator import run_deployment

@flow(log_prints=True)
async def main(seconds: float = 0):
    run = await run_deployment("child.py/e2e", parameters={"seconds": seconds})
    print("child is", run.state.name)
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("subflows"))
    try:
        system.start()
        system.deploy(CHILD, file="child.py")
        yield system
    finally:
        system.stop()
        print(system.output())


def begun(system, code, file, seconds):
    deployment = system.deploy(code, file=file)
    body = {"parameters": {"seconds": seconds}}
    return system.ask("POST", f"/deployments/{deployment}/create_flow_run", body)["id"]


def child_of(system, run_id):
    found = system.ask("POST", "/flow_runs/filter", {"flow_runs": {"parent_flow_run_id": {"any_": [run_id]}}})
    return found[0] if found else None


def test_gives_its_result_when_that_is_persisted(system):
    system.deploy("@flow(persist_result=True)\ndef main():\n    return 42\n", file="persisted.py")
    code = """
    from orchestrator import run_deployment

    @flow(log_prints=True)
    def main():
        print("child said", run_deployment("persisted.py/e2e").state.result())
    """
    run_id = system.run(code, file="asks.py")

    system.wait_for(run_id, "COMPLETED")

    eventually(lambda: "child said 42" in system.logs(run_id))


PARENTS = [(PARENT, "parent.py"), (ASYNC_PARENT, "async_parent.py")]


@pytest.mark.parametrize(("code", "file"), PARENTS, ids=["sync", "async"])
def test_is_waited_for_and_shown_in_the_parent(system, code, file):
    run_id = begun(system, code, file, seconds=0)

    system.wait_for(run_id, "COMPLETED")

    eventually(lambda: "child is Completed" in system.logs(run_id))
    assert child_of(system, run_id)["state_type"] == "COMPLETED"
    (tracking,) = system.task_runs(run_id)
    assert (tracking["name"], tracking["state_type"]) == ("child.py/e2e-0", "COMPLETED")


@pytest.mark.parametrize(("code", "file"), PARENTS, ids=["sync", "async"])
def test_is_cancelled_with_the_parent(system, code, file):
    run_id = begun(system, code, file, seconds=60)
    child_id = eventually(lambda: child_of(system, run_id))["id"]
    system.wait_for(child_id, "RUNNING")

    system.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}})

    system.wait_for(run_id, "CANCELLED")
    system.wait_for(child_id, "CANCELLED")
