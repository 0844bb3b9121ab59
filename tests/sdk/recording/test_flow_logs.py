"""What flow runs log."""

from __future__ import annotations

import pytest

from orchestrator import (
    MissingContext,
    flow,
    get_run_logger,
    task,
)


def test_logs_what_is_printed(api):
    @task
    def speaks():
        print("from the task", 1)

    @flow(log_prints=True)
    def speaking():
        print("100% sure")
        speaks()

    speaking()

    by_message = {log["message"]: log for log in api.logs}
    assert by_message["100% sure"]["name"] == "orchestrator.flow_runs"
    assert by_message["from the task 1"]["name"] == "orchestrator.task_runs"
    assert by_message["from the task 1"]["task_run_id"] is not None


def test_leaves_print_alone_by_default(api, capsys):
    @flow
    def quiet():
        print("plain")

    quiet()

    assert capsys.readouterr().out == "plain\n"
    assert "plain" not in api.messages()


def test_logs_with_the_ids_of_the_run(api):
    @flow
    def logging_flow():
        get_run_logger().warning("careful: %s", "hot")

    logging_flow()

    (log,) = [log for log in api.logs if log["message"] == "careful: hot"]
    assert log["flow_run_id"] == api.the_run()["id"]
    assert log["level"] == 30
    assert "Finished in state Completed()" in api.messages()


def test_has_no_run_logger_outside_of_runs():
    with pytest.raises(MissingContext):
        get_run_logger()


def test_tells_the_page_of_the_run(api, capsys):
    @flow
    def shown():
        return None

    shown()

    assert f"http://ui.test/runs/flow-run/{api.the_run()['id']}" in capsys.readouterr().err
