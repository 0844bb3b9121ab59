"""Lists of large tables: nothing counts or reads them whole."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orchestrator.contract.times import now
from orchestrator.events.models import Event, RelatedResource
from orchestrator.web import admin as web_admin
from orchestrator.web import row_estimates
from orchestrator.web.admin import MOST_COUNTED, HistoryAdmin
from runs.models import Artifact, Flow, FlowRun, FlowRunState, FlowRunTag, Log, TaskRun, TaskRunState
from tests.factories import make_flow, make_flow_run, make_logs, make_task_run, make_work_pool

pytestmark = pytest.mark.django_db
LARGE = (FlowRun, TaskRun, FlowRunState, TaskRunState, Log, Event, RelatedResource, Artifact)
MOST_QUERIES = 12


def address_of(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def statements(captured: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in captured.captured_queries]


@pytest.mark.parametrize("model", LARGE, ids=lambda model: model.__name__)
@pytest.mark.parametrize("query", ["", "?q=word"])
def test_counts_no_further_than_it_shows(admin_client, model, query):
    """ADM-1: every list of a large table asks few and bounded questions."""
    with CaptureQueriesContext(connection) as captured:
        assert admin_client.get(address_of(model) + query).status_code == 200

    table = model._meta.db_table
    asked = [sql for sql in statements(captured) if f'FROM "{table}"' in sql]
    assert len(captured) <= MOST_QUERIES
    assert asked
    for sql in asked:
        assert "DISTINCT" not in sql
        assert not re.search(r"\b(MIN|MAX)\(", sql)
    counts = [sql for sql in statements(captured) if "COUNT(" in sql and table in sql]
    assert counts
    assert all(f"LIMIT {MOST_COUNTED}" in sql for sql in counts)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases explain their plans in other words")
def test_reads_the_newest_rows_by_an_index(admin_client):
    """ADM-1: of 100,000 rows the first page is there in less than 300 ms, because none of them is sorted for it."""
    sorting = {}

    for model, options in admin.site._registry.items():
        if not isinstance(options, HistoryAdmin) or options.is_small:
            continue
        with CaptureQueriesContext(connection) as captured:
            admin_client.get(address_of(model))
        table = model._meta.db_table
        listing = next(sql for sql in statements(captured) if f'FROM "{table}"' in sql and "COUNT(" not in sql)
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {listing}")
            plan = [row[3] for row in cursor.fetchall()]
        if "USE TEMP B-TREE FOR ORDER BY" in plan:
            sorting[model._meta.label] = plan

    assert sorting == {}


def test_says_where_it_stopped_counting(admin_client, monkeypatch):
    monkeypatch.setattr(web_admin, "MOST_COUNTED", 2)
    run = make_flow_run("COMPLETED")
    make_logs(run, "one", "two", "three")

    assert "and more: filters and the search lead further" in admin_client.get(address_of(Log)).content.decode()
    assert "1 flow run\n" in admin_client.get(address_of(FlowRun)).content.decode()


def ways(page: str) -> dict[str, str]:
    """The links of the date hierarchy, by their words."""
    found = re.search(r'<nav class="toplinks">(.*?)</nav>', page, re.DOTALL)[1]
    return {words.strip(): html.unescape(link) for link, words in re.findall(r'href="([^"]+)"[^>]*>([^<]+)<', found)}


def test_leads_to_a_day_without_reading_the_table(admin_client):
    at = now() - timedelta(days=400)
    FlowRun.objects.filter(pk=make_flow_run("COMPLETED", name="old").pk).update(expected_start_time=at)
    make_flow_run("COMPLETED", name="new")
    address = address_of(FlowRun)

    for words in (str(at.year), f"{at:%B %Y}", f"{at:%B} {at.day}"):
        address = address_of(FlowRun) + ways(admin_client.get(address).content.decode())[words]
    listed = admin_client.get(address)

    assert [run.name for run in listed.context["cl"].result_list] == ["old"]
    assert next(iter(ways(listed.content.decode()))).endswith(f"{at:%B %Y}")
    today = address_of(FlowRun) + ways(admin_client.get(address_of(FlowRun)).content.decode())["Today"]
    assert [run.name for run in admin_client.get(today).context["cl"].result_list] == ["new"]


def test_passes_over_a_day_that_does_not_exist(admin_client):
    wrong = {"expected_start_time__year": "2026", "expected_start_time__month": "99", "expected_start_time__day": "9"}

    assert admin_client.get(address_of(FlowRun), wrong, follow=True).status_code == 200


def test_sorts_large_tables_only_as_an_index_has_them(admin_client):
    """ADM-1: a heading that would sort the whole table is no link."""
    make_logs(make_flow_run("COMPLETED"), "a line")
    page = admin_client.get(address_of(Log)).content.decode()

    assert re.findall(r'<th scope="col" class="sortable column-(\w+)', page) == ["timestamp"]


def test_leads_from_each_row_to_its_page_and_to_what_it_names(admin_client):
    run = make_flow_run("COMPLETED", flow=make_flow())

    page = admin_client.get(address_of(FlowRun)).content.decode()

    assert f'<a href="/runs/flow-run/{run.pk}">Open</a>' in page
    assert f'<a href="/admin/runs/flow/{run.flow_id}/change/">{run.flow.name}</a>' in page


def test_filters_runs_by_flow_pool_and_tag(admin_client):
    pool = make_work_pool()
    wanted = make_flow_run("COMPLETED", flow=make_flow(), work_queue=pool.default_queue, tags=["prod"])
    make_flow_run("COMPLETED", tags=["test"])

    for query in (
        {"flow__id__exact": str(wanted.flow_id)},
        {"work_queue__work_pool__id__exact": str(pool.pk)},
        {"tag": "prod"},
    ):
        assert list(admin_client.get(address_of(FlowRun), query).context["cl"].result_list) == [wanted]


def test_looks_for_words_in_the_newest_rows_and_says_so(admin_client, monkeypatch):
    monkeypatch.setattr(web_admin, "MOST_SEARCHED", 2)
    run = make_flow_run("COMPLETED")
    make_logs(run, "word 1", "word 2", "word 3", "word 4")

    listed = admin_client.get(address_of(Log), {"q": "word"})

    assert len(listed.context["cl"].result_list) == 2
    assert "looked for in the newest 2 rows" in listed.content.decode()


def test_shows_the_first_of_many_task_runs_with_their_run(admin_client, monkeypatch):
    monkeypatch.setattr(web_admin, "MOST_INLINE", 3)
    run = make_flow_run("COMPLETED")
    for number in range(5):
        make_task_run("COMPLETED", flow_run=run, name=f"task-{number}")

    page = admin_client.get(reverse("admin:runs_flowrun_change", args=[run.pk])).content.decode()

    assert len(set(re.findall(r"task-\d", page))) == 3


def test_finds_events_by_name_resource_and_identifier(admin_client):
    event = Event.objects.create(event="shop.opened", resource_id="shop.1", resource={}, occurred=now(), received=now())
    Event.objects.create(event="other", resource_id="shop.2", resource={}, occurred=now(), received=now())

    for term in ("shop.opened", "shop.1", str(event.id)):
        assert list(admin_client.get(address_of(Event), {"q": term}).context["cl"].result_list) == [event]


def test_estimates_what_it_does_not_count(monkeypatch):
    monkeypatch.setattr(row_estimates, "SMALL", 3)
    for _ in range(5):
        make_flow()
    make_flow_run("COMPLETED", flow=make_flow())

    found = row_estimates.estimate_rows([Flow, FlowRun])

    assert found[FlowRun] == 1
    assert found[Flow] == 6 if connection.vendor == "sqlite" else found[Flow] >= 3


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="of PostgreSQL alone")
def test_estimates_how_many_rows_have_a_common_value():
    for number in range(40):
        make_flow_run("COMPLETED", tags=["common", f"of {number}"] if number % 4 else [])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE runs_flowrun, runs_flowruntag")

    def share(tag: str) -> float:
        return row_estimates.estimate_share(FlowRunTag, "tag", tag, of=FlowRun)

    assert share("common") == pytest.approx(0.75)
    assert share("of 1") == 0.0
    assert share("'none'") == 0.0
    assert row_estimates.is_common(FlowRunTag, "tag", "common", of=FlowRun)
    assert not row_estimates.is_common(FlowRunTag, "tag", "of 1", of=FlowRun)


def test_asks_once_in_a_while_whether_a_value_is_common(django_assert_num_queries):
    for queries in (1, 0):
        with django_assert_num_queries(queries):
            row_estimates.is_common(FlowRunTag, "tag", "asked twice", of=FlowRun)


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL has statistics")
class TestOnSQLite:
    """Which has no statistics."""

    @pytest.fixture(autouse=True)
    def runs(self, monkeypatch):
        monkeypatch.setattr(row_estimates, "SMALL", 20)
        monkeypatch.setattr(row_estimates, "COMMON_SHARE", 0.5)
        for number in range(40):
            make_flow_run("COMPLETED", tags=["common", f"of {number}"] if number % 4 else [])

    def test_counts_a_value_until_it_is_common(self, django_assert_num_queries):
        for tag, share in (("common", 0.5), ("of 1", 1 / 40), ("'none'", 0.0)):
            with django_assert_num_queries(2):
                assert row_estimates.estimate_share(FlowRunTag, "tag", tag, of=FlowRun) == pytest.approx(share)
        assert row_estimates.is_common(FlowRunTag, "tag", "common", of=FlowRun)
        assert not row_estimates.is_common(FlowRunTag, "tag", "of 1", of=FlowRun)

    def test_takes_no_value_of_a_small_table_for_common(self, monkeypatch, django_assert_num_queries):
        monkeypatch.setattr(row_estimates, "SMALL", 40)

        with django_assert_num_queries(1):
            assert row_estimates.estimate_share(FlowRunTag, "tag", "common", of=FlowRun) == 0.0

    def test_reads_an_index_alone(self):
        with CaptureQueriesContext(connection) as asked:
            row_estimates.estimate_share(FlowRunTag, "tag", "common", of=FlowRun)

        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {asked.captured_queries[-1]['sql']}")
            assert any("USING COVERING INDEX" in row[3] and "(tag=?)" in row[3] for row in cursor.fetchall())
