"""What docstrings say about parameters."""

from __future__ import annotations

import pytest

from orchestrator.sdk.type_hints.docstrings import described_parameters

GOOGLE = """Load a table.

Args:
    table: what to load
    count (int): how many,
        at most

    *more: the rest: all of it

Returns:
    count: nothing of this
"""
SPHINX = """Load a table.

:param table: what to load
:param int count: how many,
    at most
:returns: nothing
"""
NUMPY = """Load a table.

Parameters
----------
table : str
    what to load
count, limit : int, optional
    how many

Returns
-------
str
    count of it
"""
PROSE = """Load a table. Note: it takes long.

args: no heading, as it goes on in the line
"""

DOCSTRINGS = [
    (GOOGLE, {"table": "what to load", "count": "how many,\nat most", "more": "the rest: all of it"}),
    (SPHINX, {"table": "what to load", "count": "how many,\nat most"}),
    (NUMPY, {"table": "what to load", "count": "how many", "limit": "how many"}),
    (PROSE, {}),
    ("", {}),
    (None, {}),
]


@pytest.mark.parametrize(("docstring", "expected"), DOCSTRINGS)
def test_finds_the_parameters(docstring, expected):
    assert described_parameters(docstring) == expected
