"""What scripts look for among the runs and things of a test: the filters of the API that need no tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from orchestrator.contract.times import parse_time
from orchestrator.testing.runs_in_memory import NOT_FOUND, Answer, RunsInMemory
from orchestrator.testing.things_in_memory import ThingsInMemory

Row = dict[str, Any]

_DEFAULT_LIMIT = 200  # as the server's
_BESIDE = frozenset({"sort", "limit", "offset"})


class NotUnderstood(Exception):
    """A filter that only a real server has; its text says which."""


class SearchesInMemory:
    """Answers searches. One that it does not understand is told so, not answered with too much: status 501."""

    def __init__(self, runs: RunsInMemory, things: ThingsInMemory) -> None:
        self._runs = runs
        self._things = things

    def flows(self, body: Any) -> Answer:
        return self._found("flows", body, self._runs.flows.values())

    def flow_by_name(self, body: Any, name: str) -> Answer:
        found = [flow for flow in self._runs.flows.values() if flow["name"] == unquote(name)]
        return (200, found[0]) if found else NOT_FOUND

    def flow_runs(self, body: Any) -> Answer:
        return self._found("flow_runs", body, self._runs.flow_runs.values())

    def count_flow_runs(self, body: Any) -> Answer:
        status, found = self.flow_runs({**(body or {}), "limit": len(self._runs.flow_runs)})
        return status, len(found) if status == 200 else found

    def task_runs(self, body: Any) -> Answer:
        return self._found("task_runs", body, self._runs.task_runs.values())

    def logs(self, body: Any) -> Answer:
        return self._found("logs", {"sort": "TIMESTAMP_ASC", **(body or {})}, self._runs.logs)

    def artifacts(self, body: Any) -> Answer:
        return self._found("artifacts", body, self._things.artifacts)

    def variables(self, body: Any) -> Answer:
        return self._found("variables", body, self._things.variables.values())

    def states(self, body: Any, run_id: str) -> Answer:
        """All states of a flow run or task run, the oldest first."""
        return 200, [state.to_wire() for state in self._runs.states.get(run_id, [])]

    def _found(self, kind: str, body: Any, rows: Iterable[Row]) -> Answer:
        asked = {name: value for name, value in (body or {}).items() if value is not None}
        try:
            tests = [self._test(kind, name, wanted) for name, wanted in asked.items() if name not in _BESIDE]
            matching = [row for row in reversed(list(rows)) if all(test(row) for test in tests)]
        except NotUnderstood as error:
            return 501, {"detail": f"the test harness does not answer this search: {error}"}
        begin = int(asked.get("offset") or 0)
        limit = int(asked.get("limit", _DEFAULT_LIMIT))
        return 200, _sorted(matching, asked.get("sort"))[begin : begin + limit]

    def _test(self, kind: str, about: str, wanted: Mapping[str, Any]) -> Callable[[Row], bool]:
        """Whether a row of one kind goes with a filter of the same kind, or of what it belongs to."""
        if about == kind:
            return lambda row: matches(row, wanted)
        related = {
            ("flow_runs", "flows"): lambda run: [self._runs.flows[run["flow_id"]]],
            ("task_runs", "flow_runs"): lambda run: _those(self._runs.flow_runs, run["flow_run_id"]),
            ("flow_runs", "task_runs"): lambda run: _of(self._runs.task_runs, "flow_run_id", run["id"]),
            ("flows", "flow_runs"): lambda flow: _of(self._runs.flow_runs, "flow_id", flow["id"]),
            ("artifacts", "flow_runs"): lambda row: _those(self._runs.flow_runs, row.get("flow_run_id")),
        }.get((kind, about))
        if related is None:
            raise NotUnderstood(f"{kind} by {about}")
        return lambda row: any(matches(each, wanted) for each in related(row))


def matches(row: Row, wanted: Mapping[str, Any]) -> bool:
    """Whether all fields of a filter are true of a row, or with `or_` one of them. Raises NotUnderstood."""
    tests = []
    for field, asked in wanted.items():
        if field == "operator" or asked is None:
            continue
        if field == "state":
            tests.append(matches(row, {"operator": asked.get("operator"), **_of_states(asked)}))
        else:
            tests.append(all(_holds(row, field, name, value) for name, value in asked.items() if value is not None))
    return (any(tests) or not tests) if wanted.get("operator") == "or_" else all(tests)


def _of_states(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {f"state_{name}": value for name, value in asked.items() if name in {"type", "name"}}


def _holds(row: Row, field: str, name: str, wanted: Any) -> bool:
    if name == "operator":
        return True
    test = _TESTS.get(name)
    if test is None or field not in _FIELDS:
        raise NotUnderstood(f"{field}.{name}")
    return bool(test(row.get(field), wanted))


def _moment(value: Any) -> Any:
    return parse_time(value) if isinstance(value, str) else value


_FIELDS = frozenset(
    {"id", "name", "tags", "key", "type", "level", "timestamp", "flow_run_id", "task_run_id", "deployment_id"}
    | {"state_type", "state_name", "start_time", "end_time", "expected_start_time", "parent_task_run_id"}
    | {"idempotency_key", "flow_version"}
)
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "any_": lambda value, wanted: bool(set(value) & set(wanted)) if isinstance(value, list) else value in wanted,
    "not_any_": lambda value, wanted: value not in wanted,
    "all_": lambda value, wanted: set(wanted) <= set(value or ()),
    "like_": lambda value, wanted: wanted.lower() in (value or "").lower(),
    "is_null_": lambda value, wanted: (not value) == wanted,
    "exists_": lambda value, wanted: (value is not None) == wanted,
    "ge_": lambda value, wanted: value is not None and value >= wanted,
    "le_": lambda value, wanted: value is not None and value <= wanted,
    "before_": lambda value, wanted: value is not None and _moment(value) <= _moment(wanted),
    "after_": lambda value, wanted: value is not None and _moment(value) >= _moment(wanted),
}


def _sorted(rows: list[Row], order: str | None) -> list[Row]:
    """The newest first, unless an order is asked for; those without the value come last."""
    if order is None or order == "ID_DESC":
        return rows
    field, _, direction = order.lower().rpartition("_")
    field = {"next_scheduled_start_time": "expected_start_time"}.get(field, field)
    known = sorted((row for row in rows if row.get(field) is not None), key=lambda row: row[field])
    if direction == "desc":
        known.reverse()
    return known + [row for row in rows if row.get(field) is None]


def _those(rows: Mapping[str, Row], row_id: str | None) -> list[Row]:
    return [rows[row_id]] if row_id is not None and row_id in rows else []


def _of(rows: Mapping[str, Row], field: str, value: str) -> list[Row]:
    return [row for row in rows.values() if row.get(field) == value]
