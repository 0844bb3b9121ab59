"""Pages of a list begin at a place."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import QueryDict

from orchestrator.contract.times import now
from orchestrator.pages.keyset import USUAL_SIZE, Order, is_opening, opening_page, opening_rows, read_page, read_place
from runs.models import Flow
from tests.factories import make_flow

pytestmark = pytest.mark.django_db

ORDERS = (Order("name", "name", "Name"), Order("created", "created", "Created"))


@pytest.fixture
def flows() -> list[str]:
    """Sixty flows; every three of them were made in the same moment."""
    names = [f"flow-{number:02d}" for number in range(60)]
    first = now() - timedelta(days=1)
    for number, name in enumerate(names):
        flow = make_flow(name=name)
        Flow.objects.filter(pk=flow.pk).update(created=first + timedelta(minutes=number // 3))
    return names


def page_at(query: str, usual: str = "name"):
    return read_page(Flow.objects.all(), QueryDict(query), ORDERS, usual=usual)


def names_of(page) -> list[str]:
    return [flow.name for flow in page.rows]


def test_begins_at_the_beginning(flows):
    page = page_at("size=25")

    assert names_of(page) == flows[:25]
    assert page.newer is None
    assert page.older


@pytest.mark.parametrize("sort", ["name", "-name", "created", "-created"])
def test_comes_through_all_rows_once_and_back_again(flows, sort):
    there, page = [], page_at(f"size=25&sort={sort}")
    there += names_of(page)
    while page.older:
        page = page_at(f"size=25&sort={sort}&older={page.older}")
        there += names_of(page)
    back = names_of(page)
    while page.newer:
        page = page_at(f"size=25&sort={sort}&newer={page.newer}")
        back = names_of(page) + back

    assert sorted(there) == flows
    assert back == there


def test_stays_where_it_is_when_rows_come_before_it(flows):
    second = page_at("size=25&older=" + page_at("size=25").older)

    make_flow(name="aaa")

    assert names_of(page_at("size=25&older=" + page_at("size=25").older)) != names_of(second)
    assert names_of(page_at("size=25&newer=" + second.newer))[-1] == flows[24]


@pytest.mark.parametrize("query", ["older=nonsense", "older=t2020_x", "newer=_", "sort=colour", "size=7", "size=²"])
def test_takes_nonsense_as_not_asked(flows, query):
    page = page_at(query)

    assert names_of(page) == flows[:USUAL_SIZE]


@pytest.mark.parametrize("number", [0, 1, USUAL_SIZE, USUAL_SIZE + 1])
def test_opens_with_the_page_that_an_address_without_a_place_leads_to(number):
    for place in range(number):
        make_flow(name=f"flow-{place:02d}")

    opened = opening_page(opening_rows(Flow.objects.all(), ORDERS[0]), ORDERS, ORDERS[0])

    assert opened == page_at("", usual="-name")


@pytest.mark.parametrize(
    ("query", "opens"),
    [
        ("", True),
        ("range=24h", True),
        ("size=50", False),
        ("sort=name", False),
        ("older=sa_1", False),
        ("newer=x", False),
    ],
)
def test_knows_an_address_that_opens_a_list(query, opens):
    assert is_opening(QueryDict(query)) == opens


def test_asks_the_database_once(flows, django_assert_num_queries):
    with django_assert_num_queries(1):
        page_at("size=100")


def test_keeps_an_underscore_in_a_name():
    assert read_place("sa_b_7") == ("a_b", 7)
