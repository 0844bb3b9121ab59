"""The page of one event."""

from uuid import uuid4

import pytest

from orchestrator.events.ingest import ingest
from orchestrator.events.models import Event
from orchestrator.pages.addresses import address_of_event
from tests.events.making import an_event, related

pytestmark = pytest.mark.django_db
RUN = "prefect.flow-run.01a1ff8c-77f1-7c22-8e26-d86c20d2a727"


@pytest.fixture
def event():
    before = an_event("shop.opened", RUN)
    after = an_event(
        "shop.closed",
        RUN,
        follows=str(before.id),
        related=[related("prefect.flow.1", "flow"), related("s3://a/b", "asset")],
    )
    ingest([before])
    ingest([after])
    return Event.objects.get(id=after.id)


def test_it_shows_the_event_as_it_was_reported(client, event):
    html = client.get(address_of_event(event.occurred, event.id)).content.decode()

    assert html.count("<h1") == 1
    assert "<title>shop.closed · Event · Orchestrator</title>" in html
    assert str(event.id) in html
    assert "&quot;prefect.resource.id&quot;" in html


def test_it_links_to_what_it_is_about_and_to_its_neighbours(client, event):
    html = client.get(address_of_event(event.occurred, event.id)).content.decode()

    assert f'href="/runs/flow-run/{RUN.removeprefix("prefect.flow-run.")}"' in html
    assert 'href="/assets/s3%3A%2F%2Fa%2Fb"' in html
    assert "shop.opened</a>" in html
    assert f'?resource={RUN}"' in html


def test_it_asks_few_questions(client, event, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        client.get(address_of_event(event.occurred, event.id))


def test_it_is_a_row_for_the_list_too(client, event):
    part = client.get(address_of_event(event.occurred, event.id) + "?fragment=detail").content.decode()

    assert part.strip().startswith(f'<tr id="o{event.pk}"')


@pytest.mark.parametrize("day", ["2026-01-01", "2026-99-01"])
def test_it_says_that_there_is_no_such_event(client, day):
    assert client.get(f"/events/event/{day}/{uuid4()}").status_code == 404
