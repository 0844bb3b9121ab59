"""When a submitted task begins, by what became of those that it depends on."""

from __future__ import annotations

import pytest

from orchestrator import FailedRun, ProcessPoolTaskRunner, flow, signals, task, triggers
from orchestrator.sdk.options.triggers import UpstreamStates, state_instead
from orchestrator.sdk.outcomes.states import Completed, Failed, State

GOOD, BAD, SKIPPED = Completed(), Failed(), Completed(name="Skipped")


def begins(trigger, *states: State) -> bool:
    return trigger(UpstreamStates(states))


@pytest.mark.parametrize(
    ("trigger", "nothing", "good", "mixed", "bad"),
    [
        (triggers.all_successful, True, True, False, False),
        (triggers.all_failed, True, False, False, True),
        (triggers.any_successful, True, True, True, False),
        (triggers.any_failed, True, False, True, True),
        (triggers.all_finished, True, True, True, True),
        (triggers.always_run, True, True, True, True),
        (triggers.not_all_skipped, True, True, False, False),
        (triggers.some_failed(at_least=1), True, False, True, True),
        (triggers.some_failed(at_most=0.5), True, True, True, False),
        (triggers.some_successful(at_least=0.5, at_most=1), True, False, True, False),
    ],
)
def test_looks_at_all_states(trigger, nothing, good, mixed, bad):
    assert begins(trigger) is nothing
    assert begins(trigger, GOOD, GOOD) is good
    assert begins(trigger, GOOD, BAD) is mixed
    assert begins(trigger, BAD, BAD) is bad


def test_skips_when_all_were_skipped():
    assert begins(triggers.not_all_skipped, GOOD, SKIPPED)

    with pytest.raises(signals.SKIP):
        begins(triggers.not_all_skipped, SKIPPED, SKIPPED)


@pytest.mark.parametrize("bounds", [{}, {"at_least": -1}, {"at_most": True}, {"at_least": "1"}])
def test_refuses_bounds_that_are_none(bounds):
    with pytest.raises(ValueError, match="some_failed"):
        triggers.some_failed(**bounds)


def test_says_which_trigger_is_not_met():
    state = state_instead([GOOD, BAD], trigger=triggers.some_failed(at_least=2), skip_on_upstream_skip=None)

    assert state is not None
    assert state.name == "TriggerFailed"
    assert state.message == (
        "Not run, because its trigger 'some_failed(at_least=2)' is not met: 1 of 2 runs that it depends on completed."
    )


@task
def works(value=1):
    return value


@task
def breaks():
    raise ValueError("no")


@task
def is_skipped():
    raise signals.SKIP("nothing to do")


@task(trigger=triggers.all_finished)
def told(value):
    return repr(value)


def test_runs_although_what_it_depends_on_failed():
    @flow
    def cleaning_up():
        return told.submit(breaks.submit()).result(), told.submit(1, wait_for=[breaks.submit()]).result()

    assert cleaning_up() == ("ValueError('no')", "1")


def test_runs_although_what_it_depends_on_never_began():
    @flow
    def cleaning_up():
        never = works.submit(breaks.submit())
        return told.submit(never).result(), told.submit(1, wait_for=[never]).result()

    first, second = cleaning_up()

    assert first.startswith("UpstreamFailed(")
    assert second == "1"


def test_runs_for_states_as_well():
    @flow
    def cleaning_up():
        return told(breaks(return_state=True))

    assert cleaning_up() == "ValueError('no')"


def test_does_not_run_without_failures():
    seen = []

    @task(trigger=triggers.any_failed, on_failure=[lambda task, run, state: seen.append(state.name)])
    def alarm():
        seen.append("ran")

    @flow
    def watched():
        ended = alarm.submit(wait_for=[works.submit(), works.submit()], return_state=True)
        broken = alarm.submit(wait_for=[works.submit(), breaks.submit()], return_state=True)
        with pytest.raises(FailedRun, match="trigger 'any_failed' is not met: 2 of 2"):
            ended.result()
        return ended.name, broken.name

    assert watched() == ("TriggerFailed", "Completed")
    assert seen == ["TriggerFailed", "ran"]


def test_takes_a_function_of_the_author():
    @task(trigger=lambda upstream_states: sum(state.is_failed() for state in upstream_states.values()) == 1)
    def exactly_one():
        return "ran"

    @flow
    def watched():
        return exactly_one.submit(wait_for=[works.submit(), breaks.submit()]).result()

    assert watched() == "ran"


def test_fails_with_the_trigger():
    @task(trigger=lambda upstream_states: 1 / 0)
    def never(): ...

    @flow
    def watched():
        return never.submit(return_state=True).message

    assert "ZeroDivisionError" in watched()


def test_ends_as_the_signal_of_a_trigger_says():
    def skipping(upstream_states):
        raise signals.SKIP("not today")

    @flow
    def watched():
        state = works.with_options(trigger=skipping).submit(return_state=True)
        return state.name, state.message

    assert watched() == ("Skipped", "not today")


@pytest.mark.parametrize(("skips", "name"), [(True, "Skipped"), (False, "Completed"), (None, "Completed")])
def test_is_skipped_with_what_it_depends_on_when_it_says_so(skips, name):
    @flow
    def watched():
        return works.with_options(skip_on_upstream_skip=skips).submit(is_skipped.submit(), return_state=True).name

    assert watched() == name


def test_decides_before_a_run_is_sent_to_another_process():
    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def elsewhere():
        alarm = works.with_options(trigger=triggers.any_failed)
        ended = alarm.submit(wait_for=[works.submit()], return_state=True)
        return told.submit(breaks.submit()).result(), ended.name

    assert elsewhere() == ("ValueError('no')", "TriggerFailed")


@pytest.mark.parametrize(("raised", "tries"), [(KeyError, 3), (IndexError, 3), (ValueError, 1)])
def test_tries_again_only_on_the_errors_that_are_named(raised, tries):
    tried = []

    @task(retries=2, retry_on=(KeyError, IndexError))
    def flaky():
        tried.append(1)
        raise raised

    flaky(return_state=True)

    assert len(tried) == tries


def test_refuses_triggers_that_cannot_be_asked():
    async def later(upstream_states): ...

    for trigger in ("all_finished", later):
        with pytest.raises(TypeError, match="a plain function is needed"):
            task(trigger=trigger)(lambda: None)
