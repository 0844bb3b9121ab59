"""Values against schemas: what is found out about a schema is not found out again for each run."""

from __future__ import annotations

import pytest

from deployments.services import value_checks
from deployments.services.value_checks import BoundedValidator, check_schema, misfit
from orchestrator.rest.value_schemas import BadSchema

SCHEMA = {"type": "object", "properties": {"image": {"type": "string"}}, "required": ["image"]}


@pytest.fixture
def checked(monkeypatch):
    """The schemas that were checked from now on."""
    value_checks._check.cache_clear()
    value_checks._prepare.cache_clear()
    seen, check = [], BoundedValidator.check_schema
    monkeypatch.setattr(BoundedValidator, "check_schema", lambda schema: seen.append(schema) or check(schema))
    return seen


def test_checks_a_schema_once_for_many_values(checked):
    problems = [misfit({"image": value}, dict(SCHEMA)) for value in ("a", "b", 3)]
    check_schema(SCHEMA)
    check_schema(dict(SCHEMA))

    assert [problem is None for problem in problems] == [True, True, False]
    assert len(checked) == 2


def test_tells_schemas_apart_that_differ_in_how_they_are_used(checked):
    whole = misfit({}, SCHEMA)
    partial = misfit({}, SCHEMA, partial=True)
    optional = {"type": "object", "properties": {"image": {"type": "string", "default": "a"}}}
    null = misfit({"image": None}, optional)
    null_for_default = misfit({"image": None}, optional, null_for_default=True)

    assert whole is not None
    assert partial is None
    assert null is not None
    assert null_for_default is None


def test_refuses_a_bad_schema_each_time(checked):
    for _ in range(2):
        with pytest.raises(BadSchema):
            misfit({}, {"type": "nonsense"})

    assert len(checked) == 2


def test_takes_numbers_of_any_size(checked):
    schema = {"type": "object", "properties": {"size": {"type": "integer", "maximum": 2**70}}}

    assert misfit({"size": 2**69}, schema) is None
    assert misfit({"size": 2**71}, schema) is not None


def test_keeps_no_schema_that_is_large(checked):
    large = {**SCHEMA, "description": "x" * value_checks.MOST_KEPT_BYTES}

    assert misfit({"image": "a"}, large) is None
    assert misfit({"image": "b"}, large) is None
    assert len(checked) == 2
