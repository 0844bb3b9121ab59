"""When two calls of a task are the same call: what the key of a stored result is made of.

@task(cache_policy=INPUTS)                        # the same arguments
@task(cache_policy=INPUTS + TASK_SOURCE)          # and the same code
@task(cache_policy=INPUTS - "debug")              # whatever `debug` is
@task(cache_policy=RUN_ID + INPUTS)               # within one flow run
@task(cache_key_fn=task_input_hash)               # a function of the author's
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

from orchestrator.sdk.errors import TransactionError
from orchestrator.sdk.run_contexts import TaskRunContext
from orchestrator.sdk.values.hashing import digest, digest_of_code

if TYPE_CHECKING:
    from orchestrator.sdk.transactional.choices import IsolationLevel
    from orchestrator.sdk.transactional.locks import LockManager


CacheKeyFn = Callable[[TaskRunContext, dict[str, Any]], str | None]


@dataclass(frozen=True)
class CachePolicy:
    """The root of all policies; `compute_key` gives the key of a call, or None for a call that is not to be cached.

    `key_storage` (a path or an address) keeps the keys apart from the results. `isolation_level` SERIALIZABLE lets
    only one run with the same key execute at a time, and needs a `lock_manager`.
    """

    key_storage: Any = field(default=None, kw_only=True)
    isolation_level: IsolationLevel | None = field(default=None, kw_only=True)
    lock_manager: LockManager | None = field(default=None, kw_only=True)

    def configure(
        self,
        key_storage: Any = None,
        lock_manager: LockManager | None = None,
        isolation_level: IsolationLevel | str | None = None,
    ) -> Self:
        """A copy with other settings; what is not given stays as it is."""
        from orchestrator.sdk.transactional.choices import IsolationLevel

        return replace(
            self,
            key_storage=self.key_storage if key_storage is None else key_storage,
            lock_manager=self.lock_manager if lock_manager is None else lock_manager,
            isolation_level=self.isolation_level if isolation_level is None else IsolationLevel.of(isolation_level),
        )

    @staticmethod
    def from_cache_key_fn(cache_key_fn: CacheKeyFn) -> CacheKeyFnPolicy:
        """The policy of a function of the context and the arguments."""
        return CacheKeyFnPolicy(cache_key_fn)

    def compute_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **_: Any
    ) -> str | None:
        """None: this call is not cached. Raises UnhashableValue for arguments that cannot be told apart."""
        return None

    def __add__(self, other: CachePolicy) -> CachePolicy:
        """Both must be the same for two calls to be the same."""
        if not isinstance(other, CachePolicy):
            return NotImplemented
        if isinstance(self, _Nothing) or isinstance(other, _Nothing):
            return other if isinstance(self, _Nothing) else self
        settings = {name: _agreed(name, self, other) for name in ("key_storage", "isolation_level", "lock_manager")}
        return Together((*_parts(self), *_parts(other)), **settings)

    def __sub__(self, name: str) -> CachePolicy:
        """Without the argument of that name."""
        if not isinstance(name, str):
            raise TypeError(f"What is taken from a cache policy is the name of an argument; got {name!r}")
        return self


@dataclass(frozen=True)
class _Nothing(CachePolicy):
    """Results are never cached."""


@dataclass(frozen=True)
class Inputs(CachePolicy):
    """The arguments, except those of these names. The instance counts among those of a method."""

    exclude: tuple[str, ...] = ()

    def compute_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **_: Any
    ) -> str | None:
        return digest({name: value for name, value in inputs.items() if name not in self.exclude}) if inputs else None

    def __sub__(self, name: str) -> CachePolicy:
        super().__sub__(name)
        return replace(self, exclude=(*self.exclude, name))


@dataclass(frozen=True)
class TaskSource(CachePolicy):
    """The source code of the task's function; where there is none, its compiled code."""

    def compute_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **_: Any
    ) -> str | None:
        return _source_digest(getattr(task_ctx.task.fn, "func", task_ctx.task.fn))


@dataclass(frozen=True)
class FlowParameters(CachePolicy):
    """The parameters of the flow run that the task belongs to."""

    def compute_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **_: Any
    ) -> str | None:
        return digest(flow_parameters) if flow_parameters else None


@dataclass(frozen=True)
class RunId(CachePolicy):
    """The flow run; outside of flows, the task run."""

    def compute_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **_: Any
    ) -> str | None:
        return task_ctx.task_run.flow_run_id or task_ctx.task_run.id


@dataclass(frozen=True)
class CacheKeyFnPolicy(CachePolicy):
    """What the author's function says: called with the context and the arguments, it gives a text or None."""

    cache_key_fn: CacheKeyFn | None = None

    def compute_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **_: Any
    ) -> str | None:
        return self.cache_key_fn(task_ctx, inputs) if self.cache_key_fn is not None else None


@dataclass(frozen=True)
class Together(CachePolicy):
    """Several policies that must all agree."""

    policies: tuple[CachePolicy, ...] = ()

    def compute_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **_: Any
    ) -> str | None:
        keys = [policy.compute_key(task_ctx, inputs, flow_parameters) for policy in self.policies]
        found = [key for key in keys if key is not None]
        return digest(found) if found else None

    def __sub__(self, name: str) -> CachePolicy:
        return replace(self, policies=tuple(policy - name for policy in self.policies))


def checked_policy(policy: Any) -> CachePolicy:
    """Raises TypeError for what is no policy, TransactionError for one that asks for locks and names no manager."""
    from orchestrator.sdk.transactional.choices import IsolationLevel

    if not isinstance(policy, CachePolicy):
        raise TypeError(f"cache_policy is {policy!r}; use INPUTS, TASK_SOURCE, RUN_ID, DEFAULT, NO_CACHE, …")
    if policy.isolation_level is IsolationLevel.SERIALIZABLE and policy.lock_manager is None:
        raise TransactionError("The isolation level SERIALIZABLE needs a lock manager: .configure(lock_manager=…)")
    return policy


def task_input_hash(context: TaskRunContext, arguments: dict[str, Any]) -> str | None:
    """For `cache_key_fn`: the same task with the same code and arguments. None for arguments that cannot be hashed."""
    from orchestrator.sdk.errors import UnhashableValue

    fn = getattr(context.task.fn, "func", context.task.fn)
    try:
        return digest(context.task.task_key, digest_of_code(fn), arguments)
    except UnhashableValue:
        return None


@lru_cache(maxsize=512)
def _source_digest(fn: Any) -> str:
    import inspect

    fn = inspect.unwrap(fn)
    try:
        return digest(inspect.getsource(fn))
    except (OSError, TypeError):
        return digest_of_code(fn)


def _parts(policy: CachePolicy) -> tuple[CachePolicy, ...]:
    return policy.policies if isinstance(policy, Together) else (policy,)


def _agreed(name: str, one: CachePolicy, other: CachePolicy) -> Any:
    mine, theirs = getattr(one, name), getattr(other, name)
    if mine is not None and theirs is not None and mine != theirs:
        raise ValueError(f"Two cache policies with different settings of {name} cannot be added: {mine!r}, {theirs!r}")
    return theirs if mine is None else mine


INPUTS = Inputs()
TASK_SOURCE = TaskSource()
FLOW_PARAMETERS = FlowParameters()
RUN_ID = RunId()
NO_CACHE = NONE = _Nothing()
DEFAULT = INPUTS + TASK_SOURCE + RUN_ID
