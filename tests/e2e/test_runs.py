"""Runs from the API through the broker and a worker back to the API."""

from tests.waiting import eventually

THREE_TASKS = """
@task
def step(number):
    return number

@flow(log_prints=True)
def main():
    for number in range(3):
        print("step", step(number))
"""


def test_a_run_completes_on_a_worker(system):
    run_id = system.run(THREE_TASKS)

    run = system.wait_for(run_id, "COMPLETED")

    assert system.states(run_id) == ["Scheduled", "Pending", "Running", "Completed"]
    assert run["run_count"] == 1
    assert [line for line in system.logs(run_id) if line.startswith("step ")] == ["step 0", "step 1", "step 2"]
    assert sorted(task_run["state_name"] for task_run in system.task_runs(run_id)) == ["Completed"] * 3


def test_changed_code_is_seen_by_the_next_run(system):
    code = "@flow(log_prints=True)\ndef main():\n    print('{}')\n"
    deployment = system.deploy(code.format("old"), file="changing.py")
    first = system.run_again(deployment)
    system.wait_for(first, "COMPLETED")

    system.deploy(code.format("new"), file="changing.py")
    runs = [system.run_again(deployment) for _ in range(4)]  # enough to reach every child

    for run_id in runs:
        system.wait_for(run_id, "COMPLETED")
        assert "new" in system.logs(run_id)
    assert "old" in system.logs(first)


def test_environment_and_directory_of_a_run_end_with_it(system):
    spoils = (
        "@flow\ndef main():\n    assert os.environ['GIVEN'] == 'yes'\n    os.environ['LEAK'] = '1'\n    os.chdir('/')\n"
    )
    looks = (
        "@flow(log_prints=True)\ndef main():\n    print(os.environ.get('LEAK'), os.environ.get('GIVEN'), os.getcwd())\n"
    )
    deployment = system.deploy(spoils, file="spoils.py", env={"GIVEN": "yes"})
    for run_id in [system.run_again(deployment) for _ in range(4)]:
        system.wait_for(run_id, "COMPLETED")

    deployment = system.deploy(looks, file="looks.py")
    for run_id in [system.run_again(deployment) for _ in range(4)]:
        system.wait_for(run_id, "COMPLETED")
        assert f"None None {system.flows}" in system.logs(run_id)


def test_a_running_run_is_cancelled(system):
    run_id = system.run("@flow\ndef main():\n    time.sleep(60)\n", file="long.py")
    system.wait_for(run_id, "RUNNING")

    system.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})

    system.wait_for(run_id, "CANCELLED", seconds=20)


def test_a_soft_time_limit_fails_the_run(system):
    run_id = system.run("@flow\ndef main():\n    time.sleep(60)\n", file="soft.py", soft_time_limit_seconds=1)

    run = system.wait_for(run_id, "FAILED", seconds=20)

    assert run["state_name"] == "TimedOut"


def test_a_hard_time_limit_crashes_the_run_for_good(system):
    stubborn = """
    @flow
    def main():
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass
    """
    run_id = system.run(stubborn, file="hard.py", time_limit_seconds=1)

    run = system.wait_for(run_id, "CRASHED", seconds=30)

    assert "hard time limit of 1 seconds" in run["state"]["message"]
    assert system.states(run_id).count("Running") == 1


def test_code_that_cannot_be_loaded_crashes_the_run_and_says_where(system):
    run_id = system.run("def main(:\n", file="broken.py")

    run = system.wait_for(run_id, "CRASHED", seconds=20)

    assert "broken.py" in run["state"]["message"]
    assert "SyntaxError" in run["state"]["message"]


def test_a_failing_flow_fails_with_its_error(system):
    run_id = system.run("@flow\ndef main():\n    raise ValueError('no good')\n", file="failing.py")

    run = system.wait_for(run_id, "FAILED", seconds=20)

    assert "no good" in run["state"]["message"]


def test_retries_of_the_flow_are_honoured(system):
    code = """
    @flow(retries=2, retry_delay_seconds=0.2)
    def main():
        marker = "/tmp/orchestrator-e2e-" + str(os.getpid())
        if not os.path.exists(marker):
            open(marker, "w").close()
            raise ValueError("the first time only")
        os.remove(marker)
    """
    run_id = system.run(code, file="retrying.py")

    run = system.wait_for(run_id, "COMPLETED", seconds=30)

    assert run["run_count"] == 2


def test_many_runs_at_once_all_complete(system):
    deployment = system.deploy("@flow\ndef main():\n    pass\n", file="many.py")

    runs = [system.run_again(deployment) for _ in range(25)]

    for run_id in runs:
        system.wait_for(run_id, "COMPLETED", seconds=60)
    eventually(lambda: all(system.states(run_id).count("Running") == 1 for run_id in runs))
