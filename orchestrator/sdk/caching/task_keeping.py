"""What a task run does beyond executing: it finds a stored result, stores its own, and is part of a transaction."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from orchestrator.contract.times import format_time, now
from orchestrator.sdk.caching.policies import DEFAULT, NO_CACHE, CachePolicy, TaskRunContext
from orchestrator.sdk.engine.conversation import Block, Conversation
from orchestrator.sdk.errors import ResultNotSerializable, ResultStorageError
from orchestrator.sdk.outcomes.states import MISSING, Completed, State
from orchestrator.sdk.results.keeping import persists_by_default, store_of, tasks_persist
from orchestrator.sdk.transactional.transactions import Transaction, transaction_around

if TYPE_CHECKING:
    from orchestrator.sdk.flows.finished_tasks import Call
    from orchestrator.sdk.results.records import ResultRecord
    from orchestrator.sdk.results.store import ResultStore
    from orchestrator.sdk.tasks.task_run import TaskRun


def keeping_of(run: TaskRun, parameters: dict[str, Any]) -> Keeping | None:
    """What there is to do for this run; None when nobody asked for anything."""
    task, flow_run = run.task, run.flow_run
    if task.persist_result is not None:
        persists = task.persist_result
    else:
        persists = flow_run.persists_tasks if flow_run is not None else tasks_persist(persists_by_default())
    remembers = flow_run is not None and flow_run.finished_tasks.keeps(run)
    if run.gives_items:  # who gets them one at a time cannot be given them again
        persists = False
    around = transaction_around()
    if not (persists or remembers or around is not None or task.on_commit_hooks or task.on_rollback_hooks):
        return None
    return Keeping(run, parameters, around, persists=persists)


class Keeping:
    """One run's."""

    def __init__(
        self,
        run: TaskRun,
        parameters: dict[str, Any],
        around: Transaction | None,
        *,
        persists: bool,
    ) -> None:
        self._run = run
        self._around = around
        self._parameters = parameters
        self._inputs = {**run.task.instance_input, **parameters}
        self._persists = persists
        self._call: Call | None = None
        self._key: str | None = None
        self._store: ResultStore | None = None
        self.transaction = Transaction(logger=run.logger)

    def begin(self) -> Conversation:
        """Open the run's transaction. Returns the state of a run that need not be executed, else None."""
        run, task = self._run, self._run.task
        policy = task.cache_policy if task.cache_policy is not None else DEFAULT
        if run.flow_run is not None:
            self._call = run.flow_run.finished_tasks.call_of(run, self._parameters)
        if self._persists:
            lock_manager, key_storage = policy.lock_manager, policy.key_storage
            self._store = store_of(
                task, run.flow_run and run.flow_run.flow, lock_manager=lock_manager, key_storage=key_storage
            )
            self._key = self._compute_key(policy)
        self.transaction = run.transaction = Transaction(
            self._key,
            self._store,
            isolation_level=policy.isolation_level if self._key is not None else None,
            overwrite=bool(task.refresh_cache),
            logger=run.logger,
        )
        known = self._remembered()
        if known is not None:
            return known
        try:
            yield from self.transaction.opening(self._around)
        except ResultStorageError as error:
            run.logger.warning(f"Stored results cannot be looked at, so the task executes: {error}")
            return None
        if not self.transaction.is_committed():
            return None
        try:
            state = self._cached((yield Block(self.transaction.read)))
        except ResultStorageError as error:
            run.logger.warning(f"{error}; the task executes")
            state = None
        if state is None:
            self.transaction.begin_again()
        return state

    def finish(self, final: State) -> Conversation:
        """How a run that was executed ended. Returns the state to enter."""
        if not final.is_completed() or self._store is None or final.outcome is MISSING:
            return final
        store, task = self._store, self._run.task
        expiration = now() + task.cache_expiration if task.cache_expiration is not None else None
        try:
            record: ResultRecord = yield Block(
                lambda: store.record(final.outcome, key=self._key, expiration=expiration)
            )
            if self._around is None:
                yield Block(lambda: store.put(record, key=self._key))
                self.transaction.write_on_commit = False
        except (ResultNotSerializable, ResultStorageError) as error:
            self._run.logger.warning(f"The result is not stored: {error}")
            self.transaction.write_on_commit = False
            return final
        self.transaction.stage(record)
        details = {**final.details, "cache_key": self._key}
        if expiration is not None:
            details["cache_expiration"] = format_time(expiration)
        return final.with_(data=record.metadata.to_wire(), details=details)

    def close(self, entered: State) -> Conversation:
        """After the run has entered its last state: commit, leave it to the transaction around, or roll back."""
        run, task = self._run, self._run.task
        if self.transaction.is_pending():
            return
        if entered.is_completed() and not self.transaction.is_over:
            if self._call is not None and run.flow_run is not None:
                run.flow_run.finished_tasks.remember(self._call, entered)
            staged = self.transaction._staged
            self.transaction.roll_back_first = self._rolled_back
            self.transaction.stage(staged, task.on_rollback_hooks, task.on_commit_hooks)
        yield from self.transaction.closing(failed=not entered.is_completed())
        if self._call is not None and run.flow_run is not None and self.forgets(run.state):
            run.flow_run.finished_tasks.remember(self._call, run.state.with_(outcome=MISSING))
        if self.transaction.is_committed():
            self.transaction.let_go()

    def forgets(self, state: State) -> bool:
        """Whether the result of this last state is to leave the memory: it is stored, and not only going to be."""
        return self.transaction.is_committed() and self._run.is_to_forget(state)

    def _remembered(self) -> State | None:
        run = self._run
        if self._call is None or run.flow_run is None:
            return None
        return run.flow_run.finished_tasks.earlier_end(self._call)

    def _cached(self, record: ResultRecord | None) -> State | None:
        if record is None:  # it has expired, or was removed, just now
            return None
        details: dict[str, Any] = {"cache_key": self._key}
        if record.metadata.expiration is not None:
            details["cache_expiration"] = format_time(record.metadata.expiration)
        return Completed(name="Cached", data=record.result).with_(data=record.metadata.to_wire(), details=details)

    def _rolled_back(self) -> None:
        run = self._run
        run.enter_rolled_back()
        if self._call is not None and run.flow_run is not None:
            run.flow_run.finished_tasks.forget(self._call)

    def _compute_key(self, policy: CachePolicy) -> str | None:
        run, task = self._run, self._run.task
        try:
            if task.result_storage_key is not None:
                return _filled(task.result_storage_key, run, self._inputs)
            if policy is NO_CACHE:
                return None
            flow_parameters = run.flow_run.parameters if run.flow_run is not None else {}
            context = TaskRunContext(task, run, self._inputs)
            key = policy.compute_key(context, context.parameters, flow_parameters)
            if key is not None and self._store is not None:
                self._store.result_storage.location(key)
            return key
        except Exception as error:
            run.logger.error(f"No cache key, so the task executes: {type(error).__name__}: {error}", exc_info=error)
            return None


def _filled(template: str, run: TaskRun, inputs: dict[str, Any]) -> str:
    """A `result_storage_key` with its `{parameters[x]}`, `{flow_run.id}`, `{task_run.name}`, … filled in."""
    flow_run = run.flow_run
    around = SimpleNamespace(id=None, name=None, flow_name=None, flow_id=None, parameters={})
    if flow_run is not None:
        around = SimpleNamespace(
            id=flow_run.id,
            name=flow_run.name,
            flow_name=flow_run.flow.name,
            flow_id=flow_run.flow_id,
            parameters=flow_run.parameters,
        )
    own = SimpleNamespace(id=run.id, name=run.name, task_name=run.task.name, run_count=run.run_count, tags=run.tags)
    return template.format(parameters=inputs, flow_run=around, task_run=own)
