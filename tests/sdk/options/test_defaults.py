"""What settings say for flows and tasks that say nothing themselves."""

import pytest

from orchestrator import flow, task, temporary_settings
from orchestrator.sdk.errors import SettingError
from orchestrator.testing import harness


def test_retries_what_does_not_say_how_often():
    with temporary_settings(
        TASKS_DEFAULT_RETRIES=2,
        TASKS_DEFAULT_RETRY_DELAY_SECONDS="1,10",
        FLOWS_DEFAULT_RETRIES=1,
        FLOWS_DEFAULT_RETRY_DELAY_SECONDS=5,
    ):
        silent, told = task(lambda: 1), task(lambda: 1, retries=0)
        silent_flow, told_flow = flow(lambda: 1), flow(lambda: 1, retries=3, retry_delay_seconds=7)

    assert (silent.retries, silent.retry_delay) == (2, [1.0, 10.0])
    assert (told.retries, told.retry_delay) == (0, 0.0)
    assert (silent_flow.retries, silent_flow.retry_delay) == (1, 5.0)
    assert (told_flow.retries, told_flow.retry_delay) == (3, 7.0)
    assert task(lambda: 1).retries == flow(lambda: 1).retries == 0


def test_takes_variables_of_prefect(monkeypatch):
    monkeypatch.setenv("PREFECT_TASKS_DEFAULT_RETRIES", "4")

    assert task(lambda: 1).retries == 4


def test_logs_prints_of_what_does_not_say_whether():
    @task(log_prints=False)
    def quiet():
        print("not a word of this")

    @task
    def loud():
        print("a word")

    with harness(LOGGING_LOG_PRINTS=True) as h:

        @flow
        def main():
            print("from the flow")
            quiet(), loud()

        main()
        loud()

        told = [log.message for log in h.logs]
        assert "from the flow" in told
        assert told.count("a word") == 2
        assert "not a word of this" not in told


@pytest.mark.parametrize(("said", "stored"), [(None, True), ("false", False)])
def test_stores_results_of_tasks_that_do_not_say_whether(said, stored):
    @task
    def one():
        return 1

    inner = []

    @flow(persist_result=True)
    def main():
        inner.append(one(return_state=True))

    with harness(TASKS_DEFAULT_PERSIST_RESULT=said):
        state = main(return_state=True)

        assert state.has_persisted_result
        assert inner[0].has_persisted_result is stored


@pytest.mark.parametrize("settings", [{"TASKS_DEFAULT_RETRIES": "-1"}, {"TASKS_DEFAULT_RETRY_DELAY_SECONDS": "1,x"}])
def test_refuses_what_is_no_number(settings):
    with pytest.raises(SettingError, match="number is needed"), temporary_settings(settings):
        pass
