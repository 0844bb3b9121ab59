"""Filters and bodies: what is misspelt or of another kind is told before it is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

import orchestrator
from orchestrator import (
    EventFilter,
    FilterError,
    FlowFilter,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    LogFilter,
    StateType,
    WorkPoolCreate,
)
from orchestrator.sdk.server_client import run_filters, thing_filters
from orchestrator.sdk.server_client.forms import Form, Part, as_body

AN_ID = UUID("01a1fe45-0709-7616-acb2-3b3a9664c548")


def test_sends_what_was_given_and_nothing_else():
    wanted = FlowRunFilter(
        id={"any_": [AN_ID]},
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.FAILED])),
        start_time={"after_": datetime(2026, 1, 1, tzinfo=UTC)},
        operator="or_",
        tags=None,
    )

    assert wanted.model_dump() == {
        "id": {"any_": [str(AN_ID)]},
        "state": {"type": {"any_": ["FAILED"]}},
        "start_time": {"after_": "2026-01-01T00:00:00.000000Z"},
        "operator": "or_",
    }


def test_shows_its_fields_as_attributes():
    wanted = FlowRunFilter(state={"name": {"any_": ["Late"]}})

    assert wanted.state.name.any_ == ["Late"]
    assert wanted.id is None
    assert wanted == FlowRunFilter(state={"name": {"any_": ["Late"]}})
    assert "Late" in repr(wanted)


def test_takes_one_part_or_several():
    assert EventFilter(related=[{"id": ["a"]}, {"id": ["b"]}]).model_dump() == {
        "related": [{"id": ["a"]}, {"id": ["b"]}]
    }
    assert EventFilter(related={"id": ["a"]}).model_dump() == {"related": {"id": ["a"]}}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: FlowRunFilter(stat={}), "FlowRunFilter has no field 'stat'; did you mean 'state'"),
        (lambda: FlowRunFilter(nonsense=None), "has no field 'nonsense'; there are: operator, id, name"),
        (lambda: FlowRunFilter(state={"type": {"any": []}}), r"FlowRunFilter.state: .*did you mean 'any_'"),
        (lambda: FlowRunFilter(name={"any_": "hello"}), "FlowRunFilterName.any_ is 'hello'; a list is needed"),
        (lambda: FlowRunFilter(name=FlowFilter()), "a FlowRunFilterName is needed"),
        (lambda: FlowRunFilter(name="hello"), "a FlowRunFilterName or a dict is needed"),
        (lambda: FlowRunFilter(start_time={"after_": "soon"}), "a time is needed"),
        (lambda: FlowRunFilter(operator="xor"), "'and_' or 'or_' is needed"),
        (lambda: LogFilter(level={"ge_": "INFO"}), "a number is needed"),
        (lambda: WorkPoolCreate(nam="p"), "did you mean 'name'"),
        (lambda: as_body("x", name="automation"), "automation is 'x'; a dict"),
    ],
)
def test_says_what_is_wrong(make, told):
    with pytest.raises(FilterError, match=told):
        make()


def test_takes_models_of_others():
    class Model:
        def model_dump(self, **_):
            return {"name": {"any_": ["a"]}}

    assert FlowFilter.of(Model(), name="flow_filter") == FlowFilter(name={"any_": ["a"]})


def test_sends_the_fields_that_are_named():
    changes = WorkPoolCreate(name="p", type="process", description=None)

    assert changes.model_dump(exclude={"type"}) == {"name": "p", "description": None}
    assert changes.model_dump(exclude_none=True, mode="json") == {"name": "p", "type": "process"}
    with pytest.raises(TypeError, match="by_alias"):
        changes.model_dump(by_alias=True)


FILTERS = {
    name: value
    for module in (run_filters, thing_filters)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, Form) and value is not Form
}


def test_offers_every_filter_at_the_front_door():
    assert len(FILTERS) > 60
    assert [name for name in FILTERS if name not in orchestrator._PUBLIC] == []


def test_offers_no_part_that_no_filter_takes():
    taken = {kind.kind for each in FILTERS.values() for kind in each._kinds.values() if isinstance(kind, Part)}

    assert [name for name, each in FILTERS.items() if not name.endswith("Filter") and each not in taken] == []


def test_says_in_a_sentence_what_a_filter_picks():
    assert [name for name, each in FILTERS.items() if not each.__doc__.startswith("Picks ")] == []
