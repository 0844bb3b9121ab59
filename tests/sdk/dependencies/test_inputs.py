from __future__ import annotations

import pytest

from orchestrator import Completed, flow
from orchestrator.sdk.dependencies.inputs import listed

STATE = Completed()
# what `wait_for` was given, as a list
GIVEN = [
    (None, []),
    (STATE, [STATE]),
    ([STATE], [STATE]),
    ((STATE,), [STATE]),
    ({STATE}, [STATE]),
    (frozenset([STATE]), [STATE]),
    ([], []),
]


@pytest.mark.parametrize(("given", "expected"), GIVEN)
def test_takes_one_or_several_to_wait_for(given, expected):
    assert listed(given) == expected


def test_waits_for_a_frozenset_before_a_subflow(api):
    @flow
    def inner():
        return 1

    @flow
    def outer():
        return inner(wait_for=frozenset([STATE]))

    assert outer() == 1
