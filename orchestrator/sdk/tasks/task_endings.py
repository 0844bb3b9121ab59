"""How a task run ends: its last state entered, what it leaves put in order, its hooks called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.sdk.caching.task_keeping import Keeping
from orchestrator.sdk.crashes import describe_crash
from orchestrator.sdk.engine.conversation import Block, Conversation, drive
from orchestrator.sdk.engine.either import CallEither
from orchestrator.sdk.errors import RunCancelled
from orchestrator.sdk.options.hooks import call_hooks, hooks_for
from orchestrator.sdk.outcomes.states import MISSING, Cancelled, Crashed, State

if TYPE_CHECKING:
    from orchestrator.sdk.tasks.task_run import TaskRun


def finish(run: TaskRun, final: State) -> State:
    """Enter the last state and say so in the log; a run that has ended stays as it is. Returns the state that holds."""
    if run.state.is_terminal:
        return run.state
    state = run.enter(final)
    # Whoever keeps the future keeps the run: it must not keep the inputs, and theirs, alive as well.
    run.parameters, run.wait_for = {}, []
    if not run.is_to_forget(state):
        run.note_origin(state)
    if state.is_failed() and state.name != "TimedOut" and isinstance(state.outcome, BaseException):
        run.logger.error(f"Failed: {state.message}", exc_info=exception_info(state))
    log = run.logger.info if state.is_completed() else run.logger.error
    log(f"Finished in state {state}")
    return state


def end(run: TaskRun, final: State, keeping: Keeping | None) -> Conversation:
    """Enter the last state, and do what is to be done after it."""
    try:
        state = finish(run, final)
        if keeping is not None:
            yield from keeping.close(state)
            state = run.state
            if keeping.forgets(state):
                state = run.state = state.with_(outcome=MISSING)
            elif run.is_to_forget(state):  # it is stored later, with the transaction around it
                run.note_origin(state)
        elif run.transaction is not None:
            yield from run.transaction.closing(failed=not state.is_completed())
        if run.task.assets:
            tell_of_assets(run, state)
        if run.task.has_final_hooks:
            yield Block(lambda: call_task_hooks(run))
    except BaseException as error:
        run.logger.error(f"Stopped while it ended: {describe_crash(error)}")
        raise
    return state


def crash(run: TaskRun, error: BaseException) -> None:
    """What executes the run is going away: no more requests, but whoever asked for it is told."""
    had_ended = run.state.is_terminal
    finish(run, crashed_state(error))
    try:
        if run.transaction is not None:
            drive(run.transaction.closing(failed=True))
        if run.task.has_final_hooks and not had_ended:
            call_task_hooks(run)
    except Exception as further:
        run.logger.error(f"Stopped while it ended: {describe_crash(further)}", exc_info=further)


def call_task_hooks(run: TaskRun) -> None:
    """Call those that the task has for the state of the run."""
    kind, hooks = hooks_for(run.task, run.state)
    if hooks:
        call_hooks(hooks, kind=kind, arguments=(run.task, run, run.state), logger=run.logger)


def tell_of_assets(run: TaskRun, state: State) -> None:
    """Tell what became of the assets that the task makes."""
    from orchestrator.sdk.assets.lineage import tell

    tell(run, state)


def may_retry(run: TaskRun, failed: State) -> Conversation:
    """Whether it is tried again. Returns a bool."""
    if run.run_count > run.task.retries or run.has_given:
        return False
    if run.flow_run is not None and run.flow_run.ended:
        return False
    if run.task.retry_on is not None and not isinstance(failed.outcome, run.task.retry_on):
        return False
    condition = run.task.retry_condition_fn
    if condition is None:
        return True
    try:
        return bool((yield CallEither(condition, run.task, run, failed)))
    except Exception:
        run.logger.error("The retry condition raised an error; the task is not tried again", exc_info=True)
        return False
    except BaseException as error:
        crash(run, error)
        raise


def crashed_state(error: BaseException) -> State:
    """The last state of a run that was stopped by this."""
    if isinstance(error, RunCancelled):
        return Cancelled(message=error.reason)
    return Crashed(message=describe_crash(error), data=error)


def exception_info(state: State) -> Any:
    """What the log shows of a failure, as `exc_info`; None when there is no exception."""
    error = state.outcome
    return (type(error), error, error.__traceback__) if isinstance(error, BaseException) else None
