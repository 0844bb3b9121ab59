"""Where a run's inputs come from: futures inside its arguments, and the edges they draw between runs."""

from __future__ import annotations

import sys
from typing import Any
from weakref import ref

from orchestrator.sdk.dependencies.annotations import Annotation, allow_failure, opaque, quote
from orchestrator.sdk.dependencies.futures import TaskFuture
from orchestrator.sdk.errors import UpstreamFailed
from orchestrator.sdk.outcomes.reading import exception_of, result_of
from orchestrator.sdk.outcomes.states import State

_PLAIN = frozenset({int, float, str, bool, bytes, complex, type(None)})
_KEPT_RESULTS = 512  # results of one flow run whose origin is remembered
_KEPT_BYTES = 65_536  # a larger result is not kept alive for the sake of an edge
_SMALL_INTEGERS = range(-5, 257)  # the interpreter shares these: being the same object says nothing


def listed(wait_for: Any) -> list[Any]:
    """What `wait_for` was given as a list: it may be one thing, or several; None is nothing."""
    if isinstance(wait_for, (list, tuple, set, frozenset)):
        return list(wait_for)
    return [] if wait_for is None else [wait_for]


def find_futures(value: Any) -> list[TaskFuture[Any]]:
    """All futures in the value, also inside lists, tuples, sets, dictionaries and annotations."""
    found: list[TaskFuture[Any]] = []
    _collect(value, found)
    return found


def states_in(value: Any) -> list[State]:
    """Those of all futures in the value, which are waited for, and the states in it, in their order."""
    found: list[State] = []
    _collect_states(value, found)
    return found


def resolve(value: Any, *, allow_failures: bool = False) -> Any:
    """The value with every future and state replaced by its result. A value without any is returned as it is.

    Raises UpstreamFailed when one of them did not complete and is not inside `allow_failure`; with `allow_failures`, as
    if all of them were, it is replaced by its exception.
    """
    return _replace(value, allow=allow_failures)


class Origins:
    """Which run returned which object, so that passing a plain result draws an edge too."""

    def __init__(self) -> None:
        self._by_identity: dict[int, tuple[Any, str]] = {}

    def remember(self, value: Any, run_id: str) -> None:
        if value is None or value is True or value is False or (type(value) is int and value in _SMALL_INTEGERS):
            return
        holder: Any
        try:
            holder = ref(value)
        except TypeError:
            if sys.getsizeof(value) > _KEPT_BYTES:
                return
            holder = _Held(value)
        while len(self._by_identity) >= _KEPT_RESULTS:
            try:
                self._by_identity.pop(next(iter(self._by_identity)))
            except (KeyError, StopIteration, RuntimeError):  # another thread was quicker
                break
        self._by_identity[id(value)] = (holder, run_id)

    def of(self, value: Any) -> str | None:
        """The id of the run that returned exactly this object; None when none is known."""
        known = self._by_identity.get(id(value))
        if known is None or known[0]() is not value:
            return None
        return known[1]


def edges(
    parameters: dict[str, Any], *, wait_for: list[Any], origins: Origins | None
) -> dict[str, list[dict[str, str]]]:
    """`task_inputs` as the contract has it: for each parameter, the runs that its value came from."""
    drawn = {name: _runs_in(value, origins) for name, value in parameters.items()}
    if wait_for:
        drawn["wait_for"] = _runs_in(wait_for, origins)
    return drawn


class _Held:
    """A strong stand-in for a weak reference."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def __call__(self) -> Any:
        return self._value


def _runs_in(value: Any, origins: Origins | None) -> list[dict[str, str]]:
    found: dict[str, None] = {}
    _collect_runs(value, origins, found)
    return [{"input_type": "task_run", "id": run_id} for run_id in found]


def _collect_runs(value: Any, origins: Origins | None, found: dict[str, None]) -> None:
    if isinstance(value, TaskFuture):
        found[value.task_run_id] = None
        return
    if isinstance(value, State):
        run_id = value.details.get("task_run_id")
        if run_id:
            found[run_id] = None
        return
    if isinstance(value, Annotation):
        if _is_looked_into(value):
            _collect_runs(value.value, origins, found)
        return
    if origins is not None:
        run_id = origins.of(value)
        if run_id is not None:
            found[run_id] = None
            return
    for item in _items(value):
        if type(item) not in _PLAIN or origins is not None:
            _collect_runs(item, origins, found)


def _collect(value: Any, found: list[TaskFuture[Any]]) -> None:
    if type(value) in _PLAIN:
        return
    if isinstance(value, TaskFuture):
        found.append(value)
    elif isinstance(value, Annotation):
        if _is_looked_into(value):
            _collect(value.value, found)
    else:
        for item in _items(value):
            if type(item) not in _PLAIN:
                _collect(item, found)


def _collect_states(value: Any, found: list[State]) -> None:
    if isinstance(value, TaskFuture):
        value.wait()
        found.append(value.state)
    elif isinstance(value, State):
        found.append(value)
    elif isinstance(value, Annotation):
        if _is_looked_into(value):
            _collect_states(value.value, found)
    else:
        for item in _items(value):
            if type(item) not in _PLAIN:
                _collect_states(item, found)


def _is_looked_into(marked: Annotation[Any]) -> bool:
    """Whether futures and states inside of it count. Of what is opaque, only one that stands there alone."""
    if isinstance(marked, quote):
        return False
    return not isinstance(marked, opaque) or isinstance(marked.value, (TaskFuture, State, Annotation))


def _items(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return value.values()
    if kind in (list, tuple, set, frozenset) or (isinstance(value, (list, tuple)) and kind not in _PLAIN):
        return value
    return ()


def _replace(value: Any, *, allow: bool) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, TaskFuture):
        value.wait()
        return _result_of(value.state, name=value.name, allow=allow)
    if isinstance(value, State):
        return _result_of(value, name=None, allow=allow)
    if isinstance(value, Annotation):
        if not _is_looked_into(value):
            return value.value
        return _replace(value.value, allow=allow or isinstance(value, allow_failure))
    if kind is dict:
        return _same_unless_changed(value, {key: _replace(item, allow=allow) for key, item in value.items()})
    if isinstance(value, (list, tuple, set, frozenset)):
        replaced = [_replace(item, allow=allow) for item in value]
        if all(new is old for new, old in zip(replaced, value, strict=True)):
            return value
        if hasattr(value, "_fields"):
            return kind(*replaced)
        return replaced if isinstance(value, list) else kind(replaced)
    return value


def _same_unless_changed(old: dict[Any, Any], new: dict[Any, Any]) -> dict[Any, Any]:
    return old if all(new[key] is item for key, item in old.items()) else new


def _result_of(state: State, *, name: str | None, allow: bool) -> Any:
    if state.is_completed():
        return result_of(state)
    if allow:
        return exception_of(state) if state.is_terminal else result_of(state, raise_on_failure=False)
    which = f"task run {name!r}" if name else "an input"
    raise UpstreamFailed(f"Not run, because {which} did not complete: it is {state.name}", state=state)
