"""`--param name=value`"""

import click
import pytest

from orchestrator.cli.parameters import read_parameters


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ("x=1", {"x": 1}),
        ("x=1.5", {"x": 1.5}),
        ("x=true", {"x": True}),
        ("x=null", {"x": None}),
        ("x=[1, 2]", {"x": [1, 2]}),
        ('x={"a": 1}', {"x": {"a": 1}}),
        ("x=word", {"x": "word"}),  # no JSON, so it is a string
        ('x="1"', {"x": "1"}),  # quoted: a string that looks like a number
        ("x=a=b", {"x": "a=b"}),  # only the first sign divides
        ("x=", {"x": ""}),
    ],
)
def test_reads_values_as_json_where_they_are(pair, expected):
    assert read_parameters([pair]) == expected


@pytest.mark.parametrize("pair", ["x", "=1", ""])
def test_refuses_what_has_no_name_or_value(pair):
    with pytest.raises(click.BadParameter, match="not of the form name=value"):
        read_parameters([pair])
