"""Transactions: what belongs together is kept together, or undone together.

    with transaction() as txn:
        write_file(path)      # a task with an on_rollback hook
        check(path)           # fails: the hook of write_file is called

Every task run is a transaction too, inside the one around it. A transaction that ends well hands what it did to the
one around it; the outermost commits, inner ones first: on_commit hooks are called and results stored. One that fails
is rolled back together with those around it: on_rollback hooks are called, the latest first.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.context import current_task_run
from orchestrator.sdk.engine.conversation import Block, Conversation, drive, drive_async
from orchestrator.sdk.engine.either import CallEither
from orchestrator.sdk.errors import TransactionError
from orchestrator.sdk.options.hooks import Hook
from orchestrator.sdk.transactional.choices import CommitMode, IsolationLevel, Progress, TransactionState
from orchestrator.sdk.transactional.turns import Turn

if TYPE_CHECKING:
    from orchestrator.sdk.results.records import ResultRecord
    from orchestrator.sdk.results.store import ResultStore
    from orchestrator.sdk.tasks.task_run import TaskRun

_NOTHING: Any = object()
_making = threading.Lock()
_innermost: ContextVar[Transaction | None] = ContextVar("orchestrator_transaction", default=None)


class Transaction(Progress):
    """One transaction, for `with` and `async with`; made by `transaction(…)`."""

    def __init__(
        self,
        key: str | None = None,
        store: ResultStore | None = None,
        commit_mode: CommitMode | str | None = None,
        isolation_level: IsolationLevel | str | None = None,
        overwrite: bool = False,
        write_on_commit: bool = True,
        logger: Any = None,
    ) -> None:
        self.key = key
        self.store = store
        self.commit_mode: CommitMode | None = None if commit_mode is None else CommitMode.of(commit_mode)
        self.isolation_level: IsolationLevel | None = (
            None if isolation_level is None else IsolationLevel.of(isolation_level)
        )
        self.overwrite = overwrite
        self.write_on_commit = write_on_commit
        self.state = TransactionState.PENDING
        self.parent: Transaction | None = None
        self.children: list[Transaction] = []
        self.owner: TaskRun | None = None  # the task run inside which it was opened
        self.on_commit_hooks: list[Hook] = []
        self.on_rollback_hooks: list[Hook] = []
        self.roll_back_first: Callable[[], None] | None = None  # before the hooks; a task run changes its state here
        self._logger = logger
        self._values: dict[str, Any] = {}
        self._staged: Any = _NOTHING
        self._found: ResultRecord | None = None  # under the key, when it began
        self._turn: Turn | None = None  # its lock, where it needs one
        self._lock = threading.Lock()
        self._token: Token[Transaction | None] | None = None

    def __repr__(self) -> str:
        return f"<Transaction {self.key or 'without key'} {self.state}>"

    # For authors.

    def set(self, name: str, value: Any) -> None:
        """Keep a value for the hooks and for transactions inside this one."""
        self._values[name] = value

    def get(self, name: str, default: Any = _NOTHING) -> Any:
        """A copy of a value of this transaction or of one around it. Raises TransactionError for an unknown name
        without `default`."""
        at: Transaction | None = self
        while at is not None:
            if name in at._values:
                return copy.deepcopy(at._values[name])
            at = at.parent
        if default is _NOTHING:
            raise TransactionError(f"The transaction has no value {name!r}; set it with txn.set({name!r}, …)")
        return default

    def stage(self, value: Any, on_rollback_hooks: Iterable[Hook] = (), on_commit_hooks: Iterable[Hook] = ()) -> None:
        """Take a value to be stored under the key, and hooks, when the transaction commits. Does nothing when it was
        committed before."""
        if self.state in (TransactionState.COMMITTED, TransactionState.ROLLED_BACK):
            return
        self._staged = value
        self.on_rollback_hooks += on_rollback_hooks or ()
        self.on_commit_hooks += on_commit_hooks or ()
        self.state = TransactionState.STAGED

    def read(self) -> ResultRecord | None:
        """What is stored under the key (`.result` is the value); None when nothing is."""
        if self._found is not None or self.store is None or self.key is None:
            return self._found
        return self.store.find(self.key)

    def commit(self) -> bool:
        """Commit now. False when it was over already, or could not be committed and was rolled back instead."""
        return bool(drive(self.committing()))

    def rollback(self) -> bool:
        """Undo now what was done inside. False when it was over already."""
        return bool(drive(self.rolling_back()))

    def __enter__(self) -> Transaction:
        drive(self.opening(enclosing_transaction()))
        return self._entered()

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        self._left(done=kind is None)
        drive(self.closing(failed=kind is not None))

    async def __aenter__(self) -> Transaction:
        await drive_async(self.opening(enclosing_transaction()))
        return self._entered()

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        self._left(done=kind is None)
        await drive_async(self.closing(failed=kind is not None))

    # For the engine.

    @property
    def logger(self) -> Any:
        """That of the run which asked for it first; outside of runs the SDK's own, which goes to the terminal only."""
        if self._logger is None:
            from orchestrator.sdk.recording.logs import logger_of_run

            self._logger = logger_of_run()
        return self._logger

    def opening(self, around: Transaction | None) -> Conversation:
        """Begin; committed at once when its key is stored already. Raises TransactionError."""
        if self.state is not TransactionState.PENDING:
            raise TransactionError("A transaction can be entered once only; make another one")
        self.parent = around
        self.owner = current_task_run.get()
        if self.commit_mode is None:
            self.commit_mode = around.commit_mode if around is not None else CommitMode.LAZY
        if self.isolation_level is None:
            inherited = around.isolation_level if around is not None else None
            locks = self.store.lock_manager if self.store is not None else None
            may_inherit = inherited is not IsolationLevel.SERIALIZABLE or locks is not None
            self.isolation_level = inherited if inherited is not None and may_inherit else IsolationLevel.READ_COMMITTED
        self.state = TransactionState.ACTIVE
        key, store = self.key, self.store
        if key is None or store is None:
            return
        if self.isolation_level is IsolationLevel.SERIALIZABLE:
            locks = store.lock_manager
            if locks is None:
                raise TransactionError(
                    f"Transaction {key!r}: the isolation level SERIALIZABLE needs a store with a lock manager: "
                    "ResultStore(lock_manager=FileSystemLockManager(…))"
                )
            turn = self._turn = Turn(locks, key)
            try:
                yield Block(turn.take)
            except BaseException:
                self.state = TransactionState.ROLLED_BACK
                turn.give_up()
                raise
        try:
            if not self.overwrite:
                self._found = yield Block(lambda: store.find(key))
            if self._found is not None:
                self.state = TransactionState.COMMITTED
        except BaseException:
            self._release()
            raise

    def begin_again(self) -> None:
        """What was found under the key is of no use: go on as if nothing had been found."""
        self._found = None
        self.state = TransactionState.ACTIVE

    def closing(self, *, failed: bool) -> Conversation:
        """The end of what is inside: commit, roll back, or leave it to the transaction around."""
        around = self.parent
        try:
            if failed:
                yield from self.rolling_back()
                if around is not None:
                    yield from around.rolling_back()
                return
            if self.commit_mode is CommitMode.EAGER:
                yield from self.committing()
            if around is not None and not self.is_over:
                if around._takes(self):
                    return
                # The one around is over, as when a submitted task outlives it.
                yield from self.rolling_back() if around.is_rolled_back() else self.committing()
            elif self.commit_mode is CommitMode.OFF:
                yield from self.rolling_back()
            else:
                yield from self.committing()
        finally:
            if self.is_over:
                self._release()

    def committing(self) -> Conversation:
        """For the engine: how it is committed, inner ones first. Gives whether it was; what fails rolls it back."""
        if self.is_over:
            return False
        try:
            for child in list(self.children):
                if not (yield from child.committing()) and child.is_rolled_back():
                    raise TransactionError(f"{child!r} inside it could not be committed")
            if self._turn is not None:
                yield Block(self._turn.check)
            for hook in self.on_commit_hooks:
                yield from self._call(hook, "commit")
            if self.write_on_commit and self.store is not None and self._staged is not _NOTHING:
                yield Block(self._write)
        except Exception as error:
            self.logger.error(f"{self!r} could not be committed and is rolled back: {error}", exc_info=error)
            yield from self.rolling_back()
            return False
        except GeneratorExit:
            self._release_all()
            raise
        except BaseException:  # the run is stopped
            with suppress(TransactionError):
                yield from self.rolling_back()
            raise
        self.state = TransactionState.COMMITTED
        self.let_go()
        self._release()
        return True

    def let_go(self) -> None:
        """For the engine: it is over, and whoever keeps the run need not keep its result twice."""
        self._staged, self._found = _NOTHING, None

    def rolling_back(self) -> Conversation:
        """For the engine: how it is undone, with all inside it. Gives False when it was over already."""
        if self.is_over:
            return False
        self.state = TransactionState.ROLLED_BACK
        try:
            if self.roll_back_first is not None:
                self.roll_back_first()
            yield from self._undo(self.on_rollback_hooks)
            yield from self.undoing_children()
        except BaseException:  # the run is stopped: what is not undone yet stays, but no lock does
            self._release_all()
            raise
        self._release()
        return True

    def undoing_children(self) -> Conversation:
        """Roll back what was done inside, the latest first, and go on as if it had never been."""
        with self._lock:
            children, self.children = self.children, []
        try:
            for child in reversed(children):
                yield from child.rolling_back()
        except BaseException:
            for child in children:
                child._release_all()
            raise

    def _undo(self, hooks: list[Hook]) -> Conversation:
        for hook in reversed(hooks):
            try:
                yield from self._call(hook, "rollback")
            except Exception as error:
                # What else can be undone is undone.
                name = getattr(hook, "__name__", type(hook).__name__)
                self.logger.error(f"Rollback hook {name!r} failed with {type(error).__name__}: {error}", exc_info=error)

    def _call(self, hook: Hook, kind: str) -> Conversation:
        self.logger.info(f"Calls {kind} hook {getattr(hook, '__name__', type(hook).__name__)!r}")
        yield CallEither(hook, self)

    def _write(self) -> None:
        from orchestrator.sdk.results.records import ResultRecord

        assert self.store is not None
        if self._turn is not None:
            self._turn.check()  # once more: hooks may take long
        if isinstance(self._staged, ResultRecord):
            self.store.put(self._staged, key=self.key)
        elif self.key is not None:
            self.store.write(self._staged, key=self.key)

    def _takes(self, child: Transaction) -> bool:
        with self._lock:
            if self.is_over:
                return False
            self.children.append(child)
            return True

    def _release(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.give_back()

    def _release_all(self) -> None:
        """Give back its lock and those of all inside, while there is a worse error to tell."""
        for child in self.children:
            child._release_all()
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.give_up()

    def _entered(self) -> Transaction:
        self._token = _innermost.set(self)
        return self

    def _left(self, *, done: bool) -> None:
        if self._token is not None:
            _innermost.reset(self._token)
            self._token = None
        if done and self.key is not None and self._staged is _NOTHING and not self.is_over:
            self._staged = None  # nothing was staged: that it was done is kept all the same


def transaction(
    key: str | None = None,
    store: ResultStore | None = None,
    commit_mode: CommitMode | str | None = None,
    isolation_level: IsolationLevel | str | None = None,
    overwrite: bool = False,
    write_on_commit: bool = True,
    logger: Any = None,
) -> Transaction:
    """A transaction for `with` or `async with`.

    With a `key` it can be done once only: when the key is stored already, `txn.is_committed()` is true from the
    beginning, and what `txn.stage(value)` was given is stored at the end, or None when it was given nothing.
    `overwrite=True` does it again. `store` None is that of the run. `commit_mode` None is that of the transaction
    around it, or LAZY; `isolation_level` None is READ_COMMITTED unless the one around says otherwise; SERIALIZABLE
    needs a store with a lock manager. `logger` None is that of the run.

    Raises TransactionError when it is entered and cannot hold what it promises.
    """
    if key is not None and store is None:
        from orchestrator.sdk.results.keeping import store_here

        store = store_here()
    return Transaction(key, store, commit_mode, isolation_level, overwrite, write_on_commit, logger)


atransaction = transaction


def get_transaction() -> Transaction | None:
    """The transaction that this code belongs to: the innermost `with transaction()`, or the task run. None outside."""
    return enclosing_transaction()


def enclosing_transaction() -> Transaction | None:
    """The innermost transaction. A task run that has none yet gets one, because somebody asks."""
    run, innermost = current_task_run.get(), _innermost.get()
    if run is None or (innermost is not None and innermost.owner is run):
        return innermost
    with _making:  # several tasks that the run has submitted may ask at once
        if run.transaction is None:
            made = Transaction(logger=run.logger)
            drive(made.opening(innermost))
            run.transaction = made
        return run.transaction


def transaction_around() -> Transaction | None:
    """The transaction that a task run which is about to begin becomes part of."""
    if _innermost.get() is None and current_task_run.get() is None:
        return None
    return enclosing_transaction()
