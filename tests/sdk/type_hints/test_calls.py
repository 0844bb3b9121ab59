"""The parameters of a call, all of them."""

from __future__ import annotations

import functools
import sys
from datetime import date
from typing import TYPE_CHECKING

import pytest

from orchestrator.sdk.errors import ParameterTypeError
from orchestrator.sdk.type_hints.calls import ParameterTypes

if TYPE_CHECKING:
    from somewhere import Unknown


def test_fits_each_parameter():
    def load(day: date, count: int, rest, *more: int, **named: float): ...

    values = {"day": "2026-11-21", "count": "3", "rest": "x", "more": ("1",), "named": {"a": "1"}}

    fitted = ParameterTypes(load, name="flow 'load'").fit(values)

    assert fitted == {"day": date(2026, 11, 21), "count": 3, "rest": "x", "more": (1,), "named": {"a": 1.0}}


def test_names_all_that_is_wrong_at_once():
    def load(day: date, count: int, names: list[str]): ...

    with pytest.raises(ParameterTypeError) as refused:
        ParameterTypes(load, name="flow 'load'").fit({"day": "soon", "count": "3", "names": ["a", 1]})

    assert str(refused.value) == (
        "flow 'load': 2 parameters do not fit the type hints: day = 'soon': date is expected; "
        "names[1] = 1: str is expected"
    )


def test_takes_a_default_for_what_the_author_meant():
    def load(name: str = None, day: date = "2026-11-21"): ...  # noqa: RUF013 - as authors write it

    assert ParameterTypes(load, name="x").fit({"name": None, "day": "2026-11-21"}) == {
        "name": None,
        "day": date(2026, 11, 21),
    }


def test_passes_over_hints_that_cannot_be_resolved():
    def load(what: Unknown, count: int): ...

    assert ParameterTypes(load, name="x").fit({"what": 1, "count": "2"}) == {"what": 1, "count": 2}


def test_reads_hints_that_name_something_in_the_function_around():
    class Local:
        pass

    def load(what: Local, count: Missing): ...  # noqa: F821 - one that is not there, so that they are read singly

    load.__annotations__["what"] = Local

    with pytest.raises(ParameterTypeError, match="Local is expected"):
        ParameterTypes(load, name="x").fit({"what": 1, "count": "2"})


def test_reads_the_hints_of_partial_functions():
    def load(first, count: int): ...

    partial = functools.partial(load, 1)

    assert ParameterTypes(partial, name="x").fit({"count": "2"}) == {"count": 2}


def test_does_not_load_pydantic_by_itself():
    code = (
        "import sys\nfrom orchestrator.sdk.type_hints.calls import ParameterTypes\n"
        "def load(day: int | None, many: list[str]): ...\n"
        "ParameterTypes(load, name='x').fit({'day': '1', 'many': []})\nassert 'pydantic' not in sys.modules"
    )
    import subprocess

    subprocess.run([sys.executable, "-c", code], check=True)
