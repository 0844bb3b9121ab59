"""`context`: what the code that executes can ask by name."""

from __future__ import annotations

import re

import pytest

from orchestrator import Flow, Parameter, context, task


@task
def asks(name):
    return context.get(name)


@task
def logs():
    context.get("logger").info("said")


def asked(name):
    with Flow("asked") as built:
        Parameter("n", default=3)()
        node = asks(name)
    return built.run().result[node].result


@pytest.mark.parametrize(
    ("name", "expected"), [("flow_name", "asked"), ("task_name", "asks"), ("parameters", {"n": 3}), ("nothing", None)]
)
def test_tells_about_the_run(name, expected):
    assert asked(name) == expected


@pytest.mark.parametrize("name", ["today", "yesterday", "tomorrow"])
def test_tells_the_day(name):
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", asked(name))
    assert re.fullmatch(r"\d{8}", asked(f"{name}_nodash"))


def test_logs_to_the_run(api):
    with Flow("logs") as built:
        logs()

    built.run()

    assert "said" in api.messages()


def test_has_nothing_of_a_run_outside():
    assert "flow_name" not in context
    assert {"logger", "date", "today"} <= set(context)
    with pytest.raises(AttributeError, match="no 'flow_name' in the context"):
        _ = context.flow_name


def test_is_added_to():
    with context(region="north", today="2026-01-01"):
        assert (context["region"], context.today) == ("north", "2026-01-01")
        assert asked("region") == "north"

    assert "region" not in context
