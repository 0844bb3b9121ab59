"""Options under the names of other versions, and those that there are not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator import Interval, ThreadPoolTaskRunner, flow, task


def nothing() -> None: ...


def test_takes_the_options_of_earlier_versions():
    old = task(max_retries=3, retry_delay=timedelta(seconds=2), log_stdout=True, timeout=5, checkpoint=False)(nothing)

    assert (old.retries, old.retry_delay_seconds, old.log_prints, old.timeout_seconds) == (3, 2.0, True, 5.0)
    assert old.persist_result is False


def test_takes_what_says_nothing_here():
    old = task(nout=2, slug="nothing", run_name="n")(nothing)

    assert (old.nout, old.task_run_name) == (2, "n")


def test_takes_an_executor_for_a_task_runner():
    made = flow(executor=ThreadPoolTaskRunner(max_workers=3))(nothing)

    assert made.task_runner.max_workers == 3


def test_keeps_them_in_copies():
    old = task(nout=2, retry_on=KeyError, skip_on_upstream_skip=True)(nothing).with_options(name="other")

    assert (old.nout, old.retry_on, old.skip_on_upstream_skip) == (2, (KeyError,), True)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("run_config", r"flow\.deploy\(…, work_pool_name=…, job_variables=\{…\}\)"),
        ("environment", "said when deploying"),
        ("storage", r"flow\.from_source"),
        ("state_handlers", "called with the flow, the run and its state"),
        ("result", "write result_storage=…"),
    ],
)
def test_says_what_to_write_instead_of_an_option_of_earlier_versions(option, said):
    with pytest.raises(TypeError, match=rf"A flow has no option '{option}'; .*{said}"):
        flow(**{option: object()})(nothing)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("state_handlers", "called with the task, the run and its state"),
        ("target", r"write result_storage_key=…, a text with \{parameters\[x\]\}"),
        ("cache_validator", "write cache_policy=…"),
        ("cache_key", "write cache_key_fn="),
    ],
)
def test_says_it_for_tasks(option, said):
    with pytest.raises(TypeError, match=rf"A task has no option '{option}'; .*{said}"):
        task(**{option: object()})(nothing)


def test_names_the_nearest_option_only_when_it_is_near():
    with pytest.raises(TypeError, match="A task has no option 'retires'; did you mean 'retries'"):
        task(retires=1)(nothing)
    with pytest.raises(TypeError, match="A task has no option 'colour'; there are asset_deps, cache_"):
        task(colour="red")(nothing)


@pytest.mark.parametrize(
    "options",
    [{"nout": 0}, {"nout": True}, {"retry_on": "KeyError"}, {"retry_on": ()}, {"trigger": "always"}, {"tags": "one"}],
)
def test_refuses_values_that_make_no_sense(options):
    with pytest.raises((TypeError, ValueError), match=f"{next(iter(options))} is "):
        task(**options)(nothing)


def test_begins_deployments_by_the_schedule_of_the_flow():
    hourly = flow(schedule=Interval(3600))(nothing)

    described, other = hourly.to_deployment("a"), hourly.with_options(name="b").to_deployment("b", cron="@daily")

    assert [body["schedule"]["interval"] for body in described.schedules] == [3600.0]
    assert [body["schedule"]["cron"] for body in other.schedules] == ["@daily"]
    assert hourly.to_deployment("a", schedules=[]).schedules == ()


def test_refuses_a_schedule_where_it_is_written():
    with pytest.raises(ValueError, match="schedule"):
        flow(schedule=object())(nothing)
