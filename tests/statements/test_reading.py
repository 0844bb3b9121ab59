"""A prepared query gives the objects that its QuerySet gives."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import Case, Count, Exists, F, OuterRef, Value, When

from orchestrator.statements.counting import count_groups
from orchestrator.statements.reading import (
    MOST_AMONG,
    PreparedAmong,
    PreparedExists,
    PreparedGroups,
    PreparedQuery,
    PreparedRows,
    PreparedRowsAmong,
)
from runs.models import Claim, FlowRun
from tests.factories import make_deployment, make_flow_run

pytestmark = pytest.mark.django_db

RELATED = ("flow", "deployment", "work_queue__work_pool", "parent_task_run")
whole = PreparedQuery(lambda run_id: FlowRun.objects.select_related(*RELATED).filter(pk=run_id), "run_id")
named = PreparedQuery(lambda run_id: FlowRun.objects.filter(pk=run_id).only("name"), "run_id")
of_flow = PreparedQuery(lambda flow_id: FlowRun.objects.filter(flow=flow_id).order_by("name"), "flow_id")
held = PreparedQuery(
    lambda run_id, claim_id: FlowRun.objects.filter(pk=run_id).annotate(
        is_held=Exists(Claim.objects.held().filter(pk=claim_id, flow_run=OuterRef("pk")))
    ),
    "run_id",
    "claim_id",
)
created_by = PreparedQuery(
    lambda run_id, at: FlowRun.objects.filter(pk=run_id, created__lte=at), "run_id", moments=["at"]
)

called = PreparedQuery(lambda flow_id, name: FlowRun.objects.filter(flow=flow_id, name=name), "flow_id", texts=["name"])
begun_times = PreparedQuery(lambda times: FlowRun.objects.filter(run_count=times), numbers=["times"])
with_relations = PreparedQuery(
    lambda flow_id: FlowRun.objects.select_related(*RELATED).filter(flow=flow_id).order_by("name"), "flow_id"
)
counted_among = PreparedRowsAmong(
    lambda flow_ids: FlowRun.objects.filter(flow__in=flow_ids).order_by().values("flow").annotate(number=Count("pk"))
)
among = PreparedAmong(lambda run_ids: FlowRun.objects.filter(pk__in=run_ids).order_by("name"))


def as_values(run_id, at):
    runs = FlowRun.objects.filter(pk=run_id, created__lte=at)
    return runs.values(
        "pk", "tags", "created", flow_name=F("flow__name"), y=F("parameters__x__y"), parent=F("parent_task_run__name")
    )


columns = PreparedRows(as_values, "run_id", moments=["at"])


def values_of(row) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_reads_every_column_and_relation(django_assert_num_queries):
    run = make_flow_run(tags=["a"], parameters={"x": [1, None, "ö", 2**70]})
    whole.first(run_id=run.pk)

    with django_assert_num_queries(1):
        found = whole.first(run_id=run.pk)
        flow_name, relations = found.flow.name, (found.deployment, found.work_queue, found.parent_task_run)

    assert values_of(found) == values_of(FlowRun.objects.get(pk=run.pk))
    assert flow_name == run.flow.name
    assert relations == (None, None, None)


def test_answers_for_each_identifier_anew():
    first, second = make_flow_run(), make_flow_run()

    found = [named.first(run_id=run.pk) for run in (first, second, first)]

    assert [run.pk for run in found] == [first.pk, second.pk, first.pk]
    assert named.first(run_id=uuid4()) is None


def test_reads_what_was_left_out_when_it_is_asked_for():
    run = make_flow_run(parameters={"x": 1})

    found = named.first(run_id=run.pk)

    assert found.get_deferred_fields()
    assert found.parameters == {"x": 1}


def test_gives_every_row_an_empty_value_of_its_own():
    first, second = make_flow_run(tags=[], job_variables={}), make_flow_run(tags=[], job_variables=None)

    ours, others = whole.first(run_id=first.pk), whole.first(run_id=second.pk)
    ours.tags.append("changed")

    assert (ours.job_variables, others.job_variables, others.tags) == ({}, None, [])


def test_keeps_the_order():
    run = make_flow_run(name="b")
    other = FlowRun.objects.create(flow=run.flow, name="a")

    assert of_flow.all(flow_id=run.flow_id) == [other, run]


def test_annotates_with_several_identifiers():
    run = make_flow_run()
    claim = Claim.objects.create(
        flow_run=run, attempt=1, worker_name="w", claimed_at=run.created, lease_expires_at=run.created
    )

    assert held.first(run_id=run.pk, claim_id=claim.pk).is_held
    assert not held.first(run_id=run.pk, claim_id=uuid4()).is_held


def test_compares_with_a_moment_that_is_given():
    run = make_flow_run()
    soon = run.created + timedelta(seconds=1)

    assert created_by.first(run_id=run.pk, at=soon) == run
    assert created_by.first(run_id=run.pk, at=run.created) == run
    assert created_by.first(run_id=run.pk, at=run.created - timedelta(microseconds=1)) is None


IDENTIFIER = "0199a1b0-0000-7000-8000-000000000000"


@pytest.mark.parametrize("name", ["plain", "it's 100 %s", "ö\n\\", "None", "9000-01-01", IDENTIFIER])
def test_compares_with_a_text_that_is_given(name):
    run = make_flow_run(name=name)
    FlowRun.objects.create(flow=run.flow, name="other")

    assert called.all(flow_id=run.flow_id, name=name) == [run]
    assert called.all(flow_id=run.flow_id, name=f"{name} ") == []


@pytest.mark.parametrize("number", [0, 1, 2, MOST_AMONG, MOST_AMONG + 1, 25, 26, 101])
def test_reads_the_rows_of_any_number_of_identifiers(number, django_assert_num_queries):
    runs = [make_flow_run(name=f"{place:03}") for place in range(number)]
    make_flow_run(name="of nobody")

    for _ in range(2):
        with django_assert_num_queries(min(number, 1)):
            assert among.all({run.pk for run in reversed(runs)}) == runs

    assert among.all([uuid4()]) == []


def test_counts_for_any_number_of_identifiers_each_once():
    flows = [make_flow_run().flow for _ in range(MOST_AMONG + 2)]
    FlowRun.objects.create(flow=flows[0], name="another")

    found = counted_among.all([flow.pk for flow in flows])

    assert {row["flow"]: row["number"] for row in found} == dict.fromkeys((flow.pk for flow in flows), 1) | {
        flows[0].pk: 2
    }


@pytest.mark.parametrize("number", [0, -1, 1, 3, 2**31, 2**62])
def test_compares_with_a_number_that_is_given(number):
    run = make_flow_run(run_count=3)

    assert begun_times.all(times=number) == ([run] if number == 3 else [])


def test_makes_what_several_rows_lead_to_once(django_assert_num_queries):
    deployment = make_deployment()
    first, second = (make_flow_run(name=name, flow=deployment.flow, deployment=deployment) for name in "ab")
    with_relations.all(flow_id=first.flow_id)

    with django_assert_num_queries(1):
        ours, other = with_relations.all(flow_id=first.flow_id)
        assert ours.deployment is other.deployment
        assert (ours.deployment.name, ours.flow.name) == (deployment.name, first.flow.name)

    assert [ours, other] == [first, second]
    assert values_of(ours.deployment) == values_of(deployment.__class__.objects.get(pk=deployment.pk))


def test_counts_groups_as_a_query_set_does(django_assert_num_queries):
    run = make_flow_run("COMPLETED")
    make_flow_run("FAILED", flow=run.flow)
    FlowRun.objects.filter(flow=run.flow).update(created=run.created)
    make_flow_run("FAILED", flow=run.flow)

    def states(flow_id, at):
        runs = FlowRun.objects.filter(flow=flow_id, created__lte=at).order_by("-name")
        return runs.annotate(
            failed=Case(When(state_type="FAILED", then=Value(True)), default=Value(False))
        ).values_list("state_type", "failed")[:9]

    groups = PreparedGroups(states, "flow_id", moments=["at"])
    groups.all(flow_id=run.flow_id, at=run.created)

    with django_assert_num_queries(1):
        found = groups.all(flow_id=run.flow_id, at=run.created)

    assert sorted(found) == sorted(count_groups(states(run.flow_id, run.created)))
    assert sorted(found) == [("COMPLETED", False, 1), ("FAILED", True, 1)]


def test_reads_rows_as_values_gives_them(django_assert_num_queries):
    run = make_flow_run(parameters={"x": {"y": 1}}, tags=["a"])
    prepared = columns.first(run_id=run.pk, at=run.created)

    with django_assert_num_queries(1):
        again = columns.first(run_id=run.pk, at=run.created)

    assert prepared == again == as_values(run.pk, run.created).get()
    assert prepared == {
        "pk": run.pk,
        "tags": ["a"],
        "flow_name": run.flow.name,
        "created": run.created,
        "y": 1,
        "parent": None,
    }
    assert columns.all(run_id=uuid4(), at=run.created) == []


def test_knows_whether_there_is_any_row(django_assert_num_queries):
    is_any_newer = PreparedExists(lambda at: FlowRun.objects.filter(created__gt=at).order_by("name"), moments=["at"])
    run = make_flow_run()
    before = run.created - timedelta(seconds=1)
    is_any_newer(at=before)

    with django_assert_num_queries(2):
        assert is_any_newer(at=before)
        assert not is_any_newer(at=run.created)
