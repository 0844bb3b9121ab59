"""Deploying and running from the command line."""

from tests.e2e.test_server_command import orchestrator

GREET = """
from orchestrator import flow, task

@task
def greeting(name):
    return f"hello {name}"

@flow(log_prints=True)
def greet(name: str = "nobody"):
    print(greeting(name))
    if name == "trouble":
        raise ValueError("no such person")
"""


def test_a_flow_is_deployed_run_and_watched(fresh):
    fresh.start()
    (fresh.flows / "greet.py").write_text(GREET)

    code, said = orchestrator(
        fresh, "deploy", str(fresh.flows / "greet.py:greet"), "--name", "mine", "--param", "name=Ada"
    )
    assert code == 0, said
    assert "greet/mine" in said

    code, said = orchestrator(fresh, "deployment", "run", "greet/mine", "--watch")
    assert code == 0, said
    assert "hello Ada" in said
    assert "Task run 'greeting-" in said

    code, said = orchestrator(fresh, "deployment", "run", "greet/mine", "--param", "name=trouble", "--watch")
    assert code == 1
    assert "no such person" in said

    code, said = orchestrator(fresh, "flow-run", "ls")
    assert code == 0
    assert "Completed" in said
    assert "Failed" in said


def test_a_flow_that_is_not_there_is_said_in_one_line(fresh):
    fresh.start("--no-worker", "--no-services")

    code, said = orchestrator(fresh, "deploy", str(fresh.flows / "missing.py:greet"), "--name", "mine")

    assert code == 1
    assert said.startswith("Error: ")
    assert "cannot be read" in said
    assert said.count("\n") == 1


def test_a_run_is_cancelled(fresh):
    fresh.start()
    run_id = fresh.run("@flow\ndef main():\n    time.sleep(60)\n")
    fresh.wait_for(run_id, "RUNNING")

    code, said = orchestrator(fresh, "flow-run", "cancel", run_id, "--wait")

    assert code == 0, said
    assert "is asked to stop" in said
    assert "is Cancelled" in said
    assert fresh.flow_run(run_id)["state_type"] == "CANCELLED"
