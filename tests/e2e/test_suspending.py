"""Runs that are suspended and resumed, on a real worker and on a script that serves."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.e2e.system import System
from tests.waiting import eventually

pytestmark = pytest.mark.e2e

CODE = """
from orchestrator import pause_flow_run, suspend_flow_run

@flow(log_prints=True)
def main(leave: bool = True):
    print("process", os.getpid())
    if leave:
        number = suspend_flow_run(wait_for_input=int, timeout=60)
    else:
        number = pause_flow_run(wait_for_input=int, timeout=60)
    print("got", number + 1)
"""

SERVED = """
import os
from orchestrator import flow, suspend_flow_run

@flow(log_prints=True)
async def main():
    print("process", os.getpid())
    print("got", await suspend_flow_run(wait_for_input=int, timeout=60) + 1)

@flow
def endless():
    import time
    while True:
        time.sleep(0.1)

if __name__ == "__main__":
    from orchestrator import serve
    serve(main.to_deployment("s"), endless.to_deployment("e"), drain_seconds=1)
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("suspending"))
    try:
        yield system.start()
    finally:
        system.stop()
        print(system.output())


def resume(system, run_id, number):
    return system.ask("POST", f"/flow_runs/{run_id}/resume", {"run_input": {"value": number}})


def suspend(system, run_id):
    """From outside, as an automation does it."""
    state = {"type": "PAUSED", "name": "Suspended", "state_details": {"pause_reschedule": True, "pause_key": "k"}}
    system.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": state})


def processes(system, run_id):
    return [line.split()[-1] for line in system.logs(run_id) if line.startswith("process")]


def claims_are_free(system):
    """No process holds a run any more."""
    held = system.ask("POST", "/work_pools/default/workers/filter", {})
    return all(
        not system.ask("POST", "/work_pools/default/claims/held", {"worker_name": worker["name"]}) for worker in held
    )


class TestOnAWorker:
    def test_leaves_the_worker_and_is_executed_again(self, system):
        run_id = system.run(CODE, file="leaves.py")
        system.wait_for(run_id, "PAUSED")
        eventually(lambda: claims_are_free(system))

        refused = resume(system, run_id, "many")
        accepted = resume(system, run_id, 41)
        run = system.wait_for(run_id, "COMPLETED")

        assert refused["status"] == "REJECT"
        assert accepted["state"]["name"] == "Resuming"
        assert run["run_count"] == 1
        names = system.states(run_id)
        assert names.index("Suspended") < names.index("Resuming") < names.index("Completed")
        eventually(lambda: "got 42" in system.logs(run_id))
        assert len(processes(system, run_id)) == 2

    def test_does_not_repeat_tasks_whose_results_are_persisted(self, system):
        code = """
        from orchestrator import suspend_flow_run

        @task(persist_result=True, log_prints=True)
        def first():
            print("did the work")
            return 10

        @flow(log_prints=True)
        def main():
            ten = first()
            print("sum", ten + suspend_flow_run(wait_for_input=int))
        """
        run_id = system.run(code, file="persists.py")
        system.wait_for(run_id, "PAUSED")

        resume(system, run_id, 5)
        system.wait_for(run_id, "COMPLETED")

        eventually(lambda: "sum 15" in system.logs(run_id))
        assert system.logs(run_id).count("did the work") == 1

    def test_leaves_a_process_of_its_own_too(self, system):
        code = "@flow\ndef main():\n    while True:\n        time.sleep(0.1)\n"
        run_id = system.run(code, file="isolated.py", isolation="process")
        system.wait_for(run_id, "RUNNING")

        suspend(system, run_id)

        eventually(lambda: claims_are_free(system))
        assert system.flow_run(run_id)["state_name"] == "Suspended"

    def test_waits_in_the_worker_when_it_is_only_paused(self, system):
        deployment = system.deploy(CODE, file="waits.py")
        body = {"parameters": {"leave": False}}
        run_id = system.ask("POST", f"/deployments/{deployment}/create_flow_run", body)["id"]
        system.wait_for(run_id, "PAUSED")

        resume(system, run_id, 1)
        system.wait_for(run_id, "COMPLETED")

        assert system.states(run_id)[-3:] == ["Paused", "Running", "Completed"]
        eventually(lambda: "got 2" in system.logs(run_id))
        assert len(processes(system, run_id)) == 1

    def test_leaves_the_worker_when_it_is_suspended_from_outside(self, system):
        code = "@flow\ndef main():\n    while True:\n        time.sleep(0.1)\n"
        run_id = system.run(code, file="endless.py")
        system.wait_for(run_id, "RUNNING")

        suspend(system, run_id)
        eventually(lambda: claims_are_free(system))

        assert system.flow_run(run_id)["state_name"] == "Suspended"
        system.ask("POST", f"/flow_runs/{run_id}/resume", {})
        system.wait_for(run_id, "RUNNING")
        system.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}})
        system.wait_for(run_id, "CANCELLED")


@pytest.fixture(scope="module")
def script(system):
    (system.flows / "served.py").write_text(SERVED)
    process = subprocess.Popen(
        [sys.executable, str(system.flows / "served.py")],
        env={**system.environment, "ORCHESTRATOR_API_URL": f"{system.url}/api"},
        stdout=system.log,
        stderr=system.log,
        start_new_session=True,
    )
    system.processes.append(process)
    eventually(lambda: system.ask("POST", "/deployments/filter", {"deployments": {"name": {"any_": ["e"]}}}))
    yield process
    process.terminate()
    process.wait(20)


class TestServed:
    def run(self, system, name):
        deployment = system.ask("GET", f"/deployments/name/{name}")
        return str(system.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", {})["id"])

    def test_leaves_its_process_and_is_executed_again(self, system, script):
        run_id = self.run(system, "main/s")
        system.wait_for(run_id, "PAUSED")

        resume(system, run_id, 41)
        system.wait_for(run_id, "COMPLETED")

        eventually(lambda: "got 42" in system.logs(run_id))
        assert len(set(processes(system, run_id))) == 2

    def test_leaves_its_process_when_it_is_suspended_from_outside(self, system, script):
        run_id = self.run(system, "endless/e")
        system.wait_for(run_id, "RUNNING")
        (process,) = eventually(lambda: executing(run_id))

        suspend(system, run_id)
        eventually(lambda: process not in executing(run_id))

        assert system.flow_run(run_id)["state_name"] == "Suspended"


def executing(run_id):
    """The processes that have the run in their environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as environment:
                if f"ORCHESTRATOR_FLOW_RUN_ID={run_id}".encode() in environment.read():
                    found.append(pid)
        except OSError:
            continue
    return found
