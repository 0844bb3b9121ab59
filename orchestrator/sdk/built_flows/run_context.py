"""`context`, as tasks of Prefect 1 ask it: `context.get("logger")`, `context.today`, `context["parameters"]`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from orchestrator.contract.times import now
from orchestrator.sdk.context import current_flow_run, current_task_run

_added: ContextVar[Mapping[str, Any] | None] = ContextVar("orchestrator_added_context", default=None)


class RunContext(Mapping[str, Any]):
    """What the code that executes can ask by name; outside of runs, what is of a run is not in it.

    logger; parameters, flow_name, flow_run_id, flow_run_name; task_name, task_run_id, task_run_name, task_run_count;
    date (the time, UTC), today, yesterday, tomorrow (texts such as 2026-11-21, and with `_nodash`
    without dashes); and what `with context(name=value)` adds.
    """

    def __getitem__(self, name: str) -> Any:
        added = _added.get() or {}
        if name in added:
            return added[name]
        ask = _KNOWN.get(name)
        found = ask() if ask is not None else None
        if found is None:
            raise KeyError(name)
        return found

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"There is no {name!r} in the context; there are {', '.join(self)}") from None

    def __iter__(self) -> Iterator[str]:
        added = _added.get() or {}
        yield from added
        yield from (name for name, ask in _KNOWN.items() if name not in added and ask() is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"RunContext({dict(self)!r})"

    @contextmanager
    def __call__(self, values: Mapping[str, Any] | None = None, **more: Any) -> Iterator[RunContext]:
        """Inside, these are in the context too, also for tasks that are submitted there."""
        token = _added.set({**(_added.get() or {}), **(values or {}), **more})
        try:
            yield self
        finally:
            _added.reset(token)


context = RunContext()


def _logger() -> Any:
    from orchestrator.sdk.recording.logs import logger_of_run

    return logger_of_run()


def _of_the_flow_run(ask: Callable[[Any], Any]) -> Callable[[], Any]:
    def find() -> Any:
        run = current_flow_run.get()
        return None if run is None else ask(run)

    return find


def _of_the_task_run(ask: Callable[[Any], Any]) -> Callable[[], Any]:
    def find() -> Any:
        run = current_task_run.get()
        return None if run is None else ask(run)

    return find


def _day(offset: int, form: str) -> Callable[[], str]:
    return lambda: (now() + timedelta(days=offset)).strftime(form)


_KNOWN: dict[str, Callable[[], Any]] = {
    "logger": _logger,
    "parameters": _of_the_flow_run(lambda run: run.parameters),
    "flow_name": _of_the_flow_run(lambda run: run.flow.name),
    "flow_run_id": _of_the_flow_run(lambda run: run.id),
    "flow_run_name": _of_the_flow_run(lambda run: run.name),
    "task_name": _of_the_task_run(lambda run: run.task.name),
    "task_run_id": _of_the_task_run(lambda run: run.id),
    "task_run_name": _of_the_task_run(lambda run: run.name),
    "task_run_count": _of_the_task_run(lambda run: run.run_count),
    "date": now,
    "today": _day(0, "%Y-%m-%d"),
    "yesterday": _day(-1, "%Y-%m-%d"),
    "tomorrow": _day(1, "%Y-%m-%d"),
    "today_nodash": _day(0, "%Y%m%d"),
    "yesterday_nodash": _day(-1, "%Y%m%d"),
    "tomorrow_nodash": _day(1, "%Y%m%d"),
}
