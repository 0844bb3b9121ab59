"""Which events a trigger watches."""

from __future__ import annotations

import pytest

from automations.orchestration.matching import covers, fits, is_named, values_of

RUN = {"prefect.resource.id": "prefect.flow-run.1", "prefect.state-name": "Failed"}
FLOW = {"prefect.resource.id": "prefect.flow.7", "prefect.resource.role": "flow", "prefect.resource.name": "etl"}
TAG = {"prefect.resource.id": "prefect.tag.nightly", "prefect.resource.role": "tag"}


@pytest.mark.parametrize(
    ("pattern", "fits_it"),
    [
        ("prefect.flow-run.1", True),
        ("prefect.flow-run.*", True),
        ("prefect.flow-run.2", False),
        ("Prefect.Flow-Run.*", False),  # the case matters
        ("!prefect.flow-run.2", True),
        ("!prefect.flow-run.*", False),
        (["prefect.deployment.*", "prefect.flow-run.*"], True),  # one of them is enough
        ([], False),
    ],
)
def test_compares_a_label_with_patterns(pattern, fits_it):
    assert fits({"prefect.resource.id": pattern}, RUN) is fits_it


def test_wants_every_label_on_one_resource():
    both = {"prefect.resource.role": "flow", "prefect.resource.name": "etl"}

    assert covers({"match_related": both}, resource=RUN, related=[FLOW, TAG])
    assert not covers(
        {"match_related": {**both, "prefect.resource.id": TAG["prefect.resource.id"]}},
        resource=RUN,
        related=[FLOW, TAG],
    )


def test_finds_no_fit_for_a_label_that_is_missing():
    assert not fits({"colour": "!red"}, RUN)


def test_wants_a_related_resource_for_each_specification():
    flow, tag = {"prefect.resource.role": "flow"}, {"prefect.resource.id": "prefect.tag.*"}

    assert covers({"match_related": [flow, tag]}, resource=RUN, related=[FLOW, TAG])
    assert not covers({"match_related": [flow, tag]}, resource=RUN, related=[FLOW])


def test_watches_everything_when_nothing_is_said():
    assert covers({"match": {}, "match_related": {}}, resource=RUN, related=[])


@pytest.mark.parametrize(
    ("names", "is_it"),
    [
        (["prefect.flow-run.Failed"], True),
        (["prefect.flow-run.*"], True),
        (["prefect.flow-run"], False),
        ([], False),
    ],
)
def test_compares_the_name_of_an_event(names, is_it):
    assert is_named(names, "prefect.flow-run.Failed") is is_it


def test_distinguishes_by_labels_of_the_resource_and_of_related_ones():
    for_each = ["prefect.resource.id", "related:flow:prefect.resource.name", "related:owner:name", "missing"]

    assert values_of(for_each, resource=RUN, related=[TAG, FLOW]) == {
        "prefect.resource.id": "prefect.flow-run.1",
        "related:flow:prefect.resource.name": "etl",
        "related:owner:name": "",
        "missing": "",
    }
