from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from deployments.models import WorkQueue
from orchestrator.contract.times import now
from orchestrator.pages.unchanged import tag_of
from tests.factories import make_flow_run, make_work_pool

PART = "/work-pools/?fragment=pools"


@pytest.mark.django_db
def test_sends_a_part_that_the_page_has_already_in_no_bytes(client: Client) -> None:
    """LIVE-1: the answer is 304, without a body and without headers that nobody reads."""
    make_work_pool(name="celery")
    tag = client.get(PART).headers["ETag"]

    answer = client.get(PART, headers={"If-None-Match": tag})

    assert (answer.status_code, answer.content) == (304, b"")
    assert sum(len(f"{name}: {value}\r\n") for name, value in answer.headers.items()) < 100


@pytest.mark.django_db
def test_sends_a_part_that_changed(client: Client) -> None:
    make_work_pool(name="celery")
    tag = client.get(PART).headers["ETag"]
    make_work_pool(name="docker")

    answer = client.get(PART, headers={"If-None-Match": tag})

    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag
    assert "docker" in answer.content.decode()


@pytest.mark.django_db
def test_sends_whole_pages_whatever_the_browser_has(client: Client) -> None:
    answer = client.get("/work-pools/", headers={"If-None-Match": client.get(PART).headers["ETag"]})

    assert answer.status_code == 200
    assert "ETag" not in answer.headers


@pytest.mark.django_db
def test_takes_a_wait_that_goes_on_for_the_same(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """LIVE-1: a wait goes on in the browser, and when a worker asked last is told once it is silent."""
    at = now()
    pool = make_work_pool(name="celery")
    WorkQueue.objects.filter(work_pool=pool).update(last_polled=at)
    make_flow_run("SCHEDULED", work_queue=pool.default_queue, next_scheduled_start_time=at - timedelta(seconds=600))
    monkeypatch.setattr(timezone, "now", lambda: at + timedelta(seconds=10))
    tag = client.get(PART).headers["ETag"]
    WorkQueue.objects.filter(work_pool=pool).update(last_polled=at + timedelta(seconds=15))
    monkeypatch.setattr(timezone, "now", lambda: at + timedelta(seconds=20))

    answer = client.get(PART, headers={"If-None-Match": tag})

    assert answer.status_code == 304


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b'<time data-ago datetime="2026">1 s ago</time>', b'<time data-ago datetime="2026">2 s ago</time>', True),
        (b'<time data-ago datetime="2026">1 s ago</time>', b'<time data-ago datetime="2027">1 s ago</time>', False),
        (b'<span data-since="2026">1 s</span> of 2', b'<span data-since="2026">2 s</span> of 2', True),
        (b'<span data-since="2026">1 s</span> of 2', b'<span data-since="2026">1 s</span> of 3', False),
        (b'<input name="csrfmiddlewaretoken" value="a">', b'<input name="csrfmiddlewaretoken" value="b">', True),
        (b'<input name="limit" value="1">', b'<input name="limit" value="2">', False),
        (b"<time>12:00</time>", b"<time>12:01</time>", False),
    ],
)
def test_knows_what_moves_by_itself(one: bytes, other: bytes, same: bool) -> None:
    assert (tag_of(one) == tag_of(other)) is same
