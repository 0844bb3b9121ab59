"""A real worker process against a server that the test plays."""

import os
import signal
import time

import pytest

from tests.waiting import eventually

FINISHES = "@flow(log_prints=True)\ndef main():\n    print('hello')\n"


def test_executes_a_run_and_gives_the_claim_up(worker, api):
    worker.start()

    run_id = worker.run(FINISHES)

    assert worker.released(run_id) == ["Running", "Completed"]
    assert api.messages_of(run_id).count("hello") == 1
    assert api.released == [{"run": run_id, "reason": None}]


def test_registers_under_its_name(worker, api):
    worker.start()

    beat = eventually(lambda: api.heartbeats)[0]

    assert (beat["name"], beat["heartbeat_interval_seconds"]) == ("tested", 30.0)
    assert (beat["work_queue_names"], beat["concurrency"]) == ([], 2)
    assert beat["metadata"].keys() == {"version", "host", "process_id"}


def test_says_that_the_pool_is_missing_and_ends(worker):
    worker.start("--pool", "nowhere")

    assert worker.process.wait(15) == 1
    assert worker.output().strip() == f"orchestrator worker: There is no work pool 'nowhere' on {worker.api.url}"


def test_leaves_alone_what_it_cannot_claim(worker, api):
    api.accept = False
    worker.start()
    refused = worker.run(FINISHES)
    eventually(lambda: api.claimed)

    api.accept = True
    taken = worker.run(FINISHES)

    worker.released(taken)
    assert api.states[refused] == []


def test_sees_changed_code_on_the_next_run(worker, api):
    worker.start("--concurrency", "1")
    (worker.flows / "helper_of_flow.py").write_text("WORD = 'old'\n")
    code = "@flow(log_prints=True)\ndef main():\n    import helper_of_flow\n    print('{} and', helper_of_flow.WORD)\n"
    first = worker.run(code.replace("{}", "one"))
    worker.released(first)

    (worker.flows / "helper_of_flow.py").write_text("WORD = 'new'\n")
    second = worker.run(code.replace("{}", "two"))
    worker.released(second)

    assert "one and old" in api.messages_of(first)
    assert "two and new" in api.messages_of(second)


def test_lets_nothing_of_a_run_reach_the_next(worker, api):
    worker.start("--concurrency", "1")
    spoils = worker.run(
        """
        import logging, signal

        @flow
        def main():
            os.environ["LEAK"] = "yes"
            os.chdir("/")
            sys.path.insert(0, "/leak")
            logging.getLogger().setLevel(logging.DEBUG)
            signal.signal(signal.SIGUSR1, lambda *_: None)
        """,
        env={"GIVEN": "1"},
    )
    worker.released(spoils)

    looks = worker.run(
        """
        import logging, signal

        @flow(log_prints=True)
        def main():
            print("LEAK" in os.environ, "GIVEN" in os.environ, os.getcwd(), "/leak" in sys.path,
                  logging.getLogger().level, signal.getsignal(signal.SIGUSR1))
        """,
        file="looks.py",
    )
    worker.released(looks)

    expected = f"False False {worker.flows} False 30 {signal.SIG_IGN!r}"
    assert expected.replace(repr(signal.SIG_IGN), str(signal.Handlers.SIG_IGN)) in api.messages_of(looks)


def test_gives_a_run_without_a_path_a_directory_that_vanishes(worker, api):
    worker.start()

    code = "@flow(log_prints=True)\ndef main():\n    open('made', 'w').close()\n    print(os.getcwd())"
    run_id = worker.run(code, in_place=False)
    worker.released(run_id)

    directory = str(worker.home / "runs" / run_id)
    assert directory in api.messages_of(run_id)
    assert not os.path.exists(directory)


def test_captures_what_is_written_past_the_logger_once(worker, api):
    worker.start()

    run_id = worker.run(
        """
        import logging, subprocess

        @flow(log_prints=True)
        def main():
            print("by print")
            get_run_logger().info("by logger")
            subprocess.run(["echo", "by subprocess"])
            os.write(2, b"by descriptor\\n")
            logging.getLogger("library").warning("by library")
        """
    )
    worker.released(run_id)

    messages = api.messages_of(run_id)
    for said in ("by print", "by logger", "by subprocess", "by descriptor"):
        assert [message for message in messages if said in message] == [said]
    names = {log["message"]: log["name"] for log in api.logs}
    assert names["by subprocess"] == "stdout"
    assert names["by descriptor"] == "stderr"
    output = worker.output()
    assert all(said in output for said in ("by print", "by logger", "by subprocess", "by descriptor"))


@pytest.mark.parametrize(
    ("entrypoint", "code", "says"),
    [
        ("missing.py:main", "", "missing.py"),  # no such file
        ("broken.py:main", "def main(:\n", "SyntaxError"),
        ("broken.py:main", "@flow\ndef other(): ...\n", "the flows there are: other"),  # no such flow
        ("broken.py:main", "import no_such_module\n", "No module named 'no_such_module'"),
        ("broken.py:main", "sys.exit(3)\n", "SystemExit"),  # the child survives that
    ],
)
def test_crashes_a_run_whose_code_cannot_be_loaded(worker, api, entrypoint, code, says):
    worker.start()
    worker.write("broken.py", code)
    run_id = api.add_run(entrypoint=entrypoint, path=str(worker.flows))

    worker.wake(run_id)

    assert worker.released(run_id) == ["Crashed"]
    message = api.states[run_id][0]["message"]
    assert says in message
    assert entrypoint.split(":")[0] in message


def test_renews_the_lease_while_a_run_executes(worker, api):
    worker.start()

    run_id = worker.run("@flow\ndef main():\n    time.sleep(1.5)\n")
    worker.released(run_id)

    assert api.renewals >= 3


def test_stops_a_run_that_is_to_be_cancelled(worker, api):
    worker.start()
    run_id = worker.run("@flow\ndef main():\n    time.sleep(30)\n")
    eventually(lambda: api.state_names(run_id) == ["Running"])

    api.cancel.add(run_id)

    assert worker.released(run_id) == ["Running", "Cancelled"]


def test_stops_and_says_nothing_when_the_claim_is_lost(worker, api):
    worker.start("--concurrency", "1")
    run_id = worker.run("@flow\ndef main():\n    time.sleep(30)\n")
    eventually(lambda: api.state_names(run_id) == ["Running"])

    api.ended_claims.update(api.claims)
    following = worker.run(FINISHES, file="next.py")  # the child is free for it once it has stopped

    worker.released(following)
    assert api.state_names(run_id) == ["Running"]


def test_ends_a_run_at_its_soft_limit(worker, api):
    worker.start()

    run_id = worker.run("@flow\ndef main():\n    time.sleep(30)\n", soft_time_limit_seconds=1)

    assert worker.released(run_id) == ["Running", "TimedOut"]
    assert api.states[run_id][-1]["type"] == "FAILED"


def test_kills_a_run_at_its_hard_limit_and_crashes_it(worker, api):
    worker.start()

    # A flow that nothing but SIGKILL stops.
    run_id = worker.run(
        "import signal\n@flow\ndef main():\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    time.sleep(30)\n",
        time_limit_seconds=1,
    )

    eventually(lambda: api.state_names(run_id) == ["Running", "TimedOut"])
    assert api.states[run_id][-1]["type"] == "CRASHED"
    assert "hard time limit of 1 seconds" in api.states[run_id][-1]["message"]
    eventually(lambda: api.lost)


def test_calls_the_hooks_of_a_run_that_was_killed(worker, api):
    worker.start()

    run_id = worker.run(
        """
        import signal

        def told(flow, flow_run, state):
            get_run_logger().info("the hook logs")
            open("told.txt", "w").write(f"{flow.name} {flow_run.name} {state.name}")

        @flow(on_crashed=[told])
        def main():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(30)
        """,
        time_limit_seconds=1,
    )

    told = worker.flows / "told.txt"
    assert eventually(lambda: told.exists() and told.read_text()) == "main amber-dove TimedOut"
    assert api.states[run_id][-1]["type"] == "CRASHED"
    said = eventually(lambda: [m for m in api.messages_of(run_id) if "hook" in m])
    assert said == ["Calls hook 'told' (on_crashed)", "the hook logs"]


def test_reports_a_run_whose_child_was_killed(worker, api):
    worker.start("--concurrency", "1")
    run_id = worker.run("@flow\ndef main():\n    os.kill(os.getpid(), 9)\n")

    report = eventually(lambda: api.lost)[0]

    assert report["flow_run_id"] == run_id
    assert report["worker_name"] == "tested"
    assert report["reason"] == "The process that executed the run died: signal 9 (SIGKILL)."
    following = worker.run(FINISHES, file="next.py")
    assert worker.released(following) == ["Running", "Completed"]


def test_gives_its_runs_back_when_the_worker_itself_is_killed(worker, api):
    worker.start()
    run_id = worker.run("import subprocess\n@flow\ndef main():\n    subprocess.run(['sleep', '41.5'])\n")
    eventually(lambda: api.state_names(run_id) == ["Running"])
    time.sleep(0.3)

    os.kill(worker.process.pid, signal.SIGKILL)

    released = eventually(lambda: api.released, seconds=5)
    assert released == [{"run": run_id, "reason": "The worker process died while it executed the run."}]
    assert api.alive_at_release == [False]  # or the run would begin elsewhere while it is still executed here
    eventually(lambda: not _running("sleep 41.5"))
    assert api.state_names(run_id) == ["Running"]


def test_lets_a_run_end_when_it_is_told_to_stop(worker, api):
    worker.start()
    run_id = worker.run("@flow\ndef main():\n    time.sleep(1.5)\n")
    eventually(lambda: api.state_names(run_id) == ["Running"])

    worker.process.send_signal(signal.SIGTERM)

    assert worker.process.wait(10) == 0
    assert api.state_names(run_id) == ["Running", "Completed"]


def test_hands_its_runs_back_when_it_is_stopped_cold(worker, api):
    worker.start()
    run_id = worker.run("@flow\ndef main():\n    time.sleep(30)\n")
    eventually(lambda: api.state_names(run_id) == ["Running"])

    worker.process.send_signal(signal.SIGQUIT)

    worker.process.wait(10)
    assert [report["flow_run_id"] for report in api.lost] == [run_id]


def test_executes_a_run_in_a_process_of_its_own_when_asked_to(worker, api):
    worker.start("--concurrency", "1")
    code = (
        "@flow(log_prints=True)\ndef main():\n    print('pid', os.getpid(), os.getcwd())\n    os.write(1, b'raw\\n')\n"
    )

    run_id = worker.run(code, isolation="process")

    assert worker.released(run_id) == ["Running", "Completed"]
    messages = api.messages_of(run_id)
    said = next(message for message in messages if message.startswith("pid "))
    assert said.endswith(str(worker.flows))
    assert not os.path.exists(f"/proc/{said.split()[1]}")
    assert messages.count(said) == messages.count("raw") == 1
    assert "pid " in worker.output()


def test_cancels_an_isolated_run(worker, api):
    worker.start()
    run_id = worker.run("@flow\ndef main():\n    time.sleep(30)\n", isolation="process")
    eventually(lambda: api.state_names(run_id) == ["Running"])

    api.cancel.add(run_id)

    assert worker.released(run_id) == ["Running", "Cancelled"]


def test_reports_an_isolated_run_that_was_killed(worker, api):
    worker.start()

    run_id = worker.run("@flow\ndef main():\n    os.kill(os.getpid(), 9)\n", isolation="process")

    report = eventually(lambda: api.lost)[0]
    assert report["flow_run_id"] == run_id
    assert report["reason"] == "The process that executed the run died: signal 9 (SIGKILL)."


def test_crashes_an_isolated_run_whose_code_cannot_be_loaded(worker, api):
    worker.start()

    run_id = worker.run("import no_such_module\n", isolation="process")

    assert worker.released(run_id) == ["Crashed"]
    assert "No module named" in api.states[run_id][0]["message"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"isolation": "prcess"}, "The job variable isolation is 'prcess'; it can be 'process' or be left out"),
        ({"soft_time_limit_seconds": "soon"}, "The job variable soft_time_limit_seconds is 'soon'; a number is needed"),
    ],
)
def test_crashes_a_run_whose_job_variables_cannot_be_used(worker, api, variables, said):
    worker.start()

    run_id = worker.run("@flow\ndef main():\n    pass\n", **variables)

    assert worker.released(run_id) == ["Crashed"]
    assert said in api.states[run_id][0]["message"]


def _running(command):
    import subprocess

    return subprocess.run(["pgrep", "-f", command], capture_output=True, check=False).returncode == 0
