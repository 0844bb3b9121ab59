"""Tasks of a block that run in spite of failures, or because of them."""

from __future__ import annotations

from orchestrator import Flow, signals, task, triggers


@task
def inverse(x):
    return 1 / x


@task(trigger=triggers.all_finished)
def clean_up(*results):
    return [type(each).__name__ for each in results]


@task(trigger=triggers.any_failed)
def alarm(x):
    return "alarm"


@task(skip_on_upstream_skip=False)
def in_any_case(x):
    return x


@task
def skips():
    raise signals.SKIP


def test_cleans_up_after_a_failure(api):
    with Flow("cleans up") as built:
        bad = inverse(0)
        node = clean_up(bad, inverse(1), upstream_tasks=[bad])

    state = built.run()

    assert state.result[node].result == ["ZeroDivisionError", "float"]
    assert state.is_successful()


def test_raises_the_alarm_when_something_failed():
    with Flow("alarm") as built:
        node = alarm(inverse(0))
        none = alarm(inverse(1))

    state = built.run()

    assert state.result[node].result == "alarm"
    assert state.result[none].name == "TriggerFailed"


def test_asks_for_each_item():
    with Flow("each") as built:
        node = alarm.map(inverse.map([1, 0]))

    state = built.run()

    assert [each.name for each in state.result[node].map_states] == ["TriggerFailed", "Completed"]


def test_runs_after_a_skip_when_the_task_says_so():
    with Flow("in any case") as built:
        node = in_any_case(skips())

    state = built.run()

    assert not state.result[node].is_skipped()
    assert state.result[node].result is None
