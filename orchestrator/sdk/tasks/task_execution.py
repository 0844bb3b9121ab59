"""How a task run is executed: waited for, begun, tried, tried again, ended."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.caching.task_keeping import keeping_of
from orchestrator.sdk.context import current_task_run
from orchestrator.sdk.crashes import describe_error, own_frames_removed
from orchestrator.sdk.dependencies.returned_futures import settle
from orchestrator.sdk.engine.conversation import Block, CallUser, Conversation, Sleep, WaitFor
from orchestrator.sdk.engine.items import consume
from orchestrator.sdk.errors import TaskTimeout, UpstreamFailed
from orchestrator.sdk.options.run_names import fill_run_name
from orchestrator.sdk.outcomes.returned import state_for_value
from orchestrator.sdk.outcomes.signals import Signal
from orchestrator.sdk.outcomes.states import (
    AwaitingRetry,
    Failed,
    Pending,
    Retrying,
    Running,
)
from orchestrator.sdk.tasks.task_endings import (
    call_task_hooks,
    crash,
    crashed_state,
    end,
    exception_info,
    finish,
    may_retry,
)
from orchestrator.sdk.timing.retries import delay_seconds

if TYPE_CHECKING:
    from orchestrator.sdk.tasks.task_run import TaskRun


def converse(run: TaskRun) -> Conversation:
    """Execute the run and return its last state. Only what stops the whole process is raised."""
    try:
        awaited = run.upstream()
        if awaited:
            yield WaitFor(awaited)
        instead = run.state_instead()
        parameters = run.resolved_parameters() if instead is None else {}
        if instead is None:
            run.note_assets()
            run.name = _own_name(run, parameters) or run.name
    except UpstreamFailed as error:
        state = run.enter(Pending(name="NotReady", message=str(error)).with_(outcome=error))
        run.logger.error(f"Finished in state {state}")
        return state
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this run's end
        return finish(run, Failed(message=describe_error("Task run", error), data=error))
    except BaseException as error:
        finish(run, crashed_state(error))
        raise
    if instead is not None:
        return (yield from end(run, instead, None))

    keeping = keeping_of(run, parameters)
    if keeping is not None:
        try:
            known = yield from keeping.begin()
        except Exception as error:  # noqa: BLE001 - a lock manager or a store may be the author's
            return (yield from end(run, Failed(message=describe_error("Task run", error), data=error), keeping))
        except BaseException as error:
            crash(run, error)
            raise
        if known is not None:
            return (yield from end(run, known, keeping))

    arguments, keywords = run.task.binder.call_arguments(parameters)
    retrying = False
    while True:
        try:
            slots = (yield from run.tag_slots()) if run.tags else None
        except Exception as error:  # noqa: BLE001 - limits that let nobody in
            return (yield from end(run, Failed(message=describe_error("Task run", error), data=error), keeping))
        except BaseException as error:
            crash(run, error)
            raise
        run.enter(Retrying() if retrying else Running())
        try:
            if run.task.on_running_hooks:
                yield Block(lambda: call_task_hooks(run))
            if run.gives_items:
                value = yield from _consume(run, arguments, keywords)
            else:
                with run.inside():
                    value = yield CallUser(
                        run.task.call,
                        arguments,
                        keywords,
                        timeout_seconds=run.task.timeout_seconds,
                        timed_out=lambda: _timeout(run),
                    )
            final = (yield from settle(value)) if run.has_submitted else state_for_value(value)
            if keeping is not None:
                final = yield from keeping.finish(final)
        except TaskTimeout as error:
            final = Failed(name="TimedOut", message=str(error), data=error)
        except Signal as signal:
            final = signal.state
        except Exception as error:  # noqa: BLE001 - the author's code may raise anything
            own_frames_removed(error)
            final = Failed(message=describe_error("Task run", error), data=error)
        except BaseException as error:
            crash(run, error)
            if slots is not None:
                slots.leave()
            raise
        if slots is not None:
            yield Block(slots.release)
        if not final.is_failed() or not (yield from may_retry(run, final)):
            return (yield from end(run, final, keeping))
        if run.transaction is not None:
            yield from run.transaction.undoing_children()
        jitter = run.task.retry_jitter_factor
        seconds = delay_seconds(run.task.retry_delay, failures=run.run_count, jitter_factor=jitter)
        run.logger.error(f"Failed: {final.message}", exc_info=exception_info(final))
        run.logger.info(f"Retry {run.run_count}/{run.task.retries} begins in {seconds:g} seconds")
        run.enter(AwaitingRetry(scheduled_time=final.timestamp + timedelta(seconds=seconds), message=final.message))
        try:
            if seconds > 0:
                yield Sleep(seconds)
        except BaseException as error:
            crash(run, error)
            raise
        retrying = True


def _consume(run: TaskRun, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Conversation:
    def given(item: Any) -> None:
        run.has_given = True
        if run.flow_run is not None:
            run.flow_run.origins.remember(item, run.id)

    return consume(
        run.task,
        arguments,
        keywords,
        inside=run.inside,
        timed_out=lambda: _timeout(run),
        given=given,
    )


def _own_name(run: TaskRun, parameters: dict[str, Any]) -> str | None:
    """A function that makes the name may look at the run, as `orchestrator.runtime` shows it."""
    template = run.task.task_run_name
    if not callable(template):
        return fill_run_name(template, parameters)
    token = current_task_run.set(run)
    try:
        return fill_run_name(template, parameters)
    finally:
        current_task_run.reset(token)


def _timeout(run: TaskRun) -> TaskTimeout:
    return TaskTimeout(f"Task run {run.name!r} did not end within {float(run.task.timeout_seconds or 0)} seconds")
