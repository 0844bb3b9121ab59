"""Saved views of lists."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from orchestrator.pages.models import SavedView
from orchestrator.pages.saved_views import save_view
from tests.factories import make_flow_run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_counters():
    cache.clear()


def save(client, name="Broken", query="state=failed&sort=-duration&cols=pool&older=x&size=25", **fields):
    return client.post("/views/save", {"kind": "runs", "name": name, "query": query, **fields})


def change(client, view, do, **fields):
    return client.post(f"/views/{view.pk}/change", {"do": do, **fields})


def test_saves_a_list_with_its_filter_order_and_columns(client):
    """VIEW-1: save."""
    answer = save(client)

    view = SavedView.objects.get()
    assert view.query == "state=failed&sort=-duration&cols=pool&size=25"
    assert answer.url == f"/runs/?{view.query}&view={view.pk}"
    page = client.get(answer.url).content.decode()
    assert (
        f'<a class="chip" href="?{view.query.replace("&", "&amp;")}&amp;view={view.pk}" aria-current="true">Broken'
        in page
    )
    assert "is called" not in page  # no warning about the number of the view


def test_saves_again_under_the_same_name(client):
    save(client)
    save(client, query="state=crashed")

    assert SavedView.objects.get().query == "state=crashed"


@pytest.mark.parametrize(
    ("do", "field", "value"),
    [("unpin", "is_pinned", False), ("share", "is_shared", True), ("open", "is_default", True)],
)
def test_changes_a_view(client, do, field, value):
    """VIEW-1: share, pin, default."""
    view = save_view(owner_id=None, kind="runs", name="x", query="")

    assert change(client, view, do).status_code == 303

    view.refresh_from_db()
    assert getattr(view, field) is value


def test_renames_a_view_but_not_to_a_name_that_is_taken(client):
    """VIEW-1: rename."""
    view, _ = (save_view(owner_id=None, kind="runs", name=name, query="") for name in "xy")

    change(client, view, "rename", name="z")
    change(client, view, "rename", name="y")
    change(client, view, "rename", name="  ")

    view.refresh_from_db()
    assert view.name == "z"


def test_opens_the_list_with_the_default_view_and_one_only(client):
    """VIEW-1: a default view per user."""
    make_flow_run("FAILED")
    first, second = (save_view(owner_id=None, kind="runs", name=name, query=f"q={name}") for name in "ab")
    change(client, first, "open")
    change(client, second, "open")

    assert client.get("/runs/").url == f"/runs/?q=b&view={second.pk}"
    assert client.get("/runs/?view=all").status_code == 200
    assert client.get("/runs/?state=failed").status_code == 200
    change(client, second, "close")
    assert client.get("/runs/").status_code == 200


def test_takes_a_chip_off_the_list_when_it_is_unpinned(client):
    view = save_view(owner_id=None, kind="runs", name="Rare", query="q=rare")
    assert ">Rare</a>" in client.get("/runs/").content.decode()

    change(client, view, "unpin")

    assert ">Rare</a>" not in client.get("/runs/").content.decode()
    assert ">Rare</a>" in client.get("/views/").content.decode()


def test_marks_a_view_until_the_reader_changes_its_filter(client):
    view = save_view(owner_id=None, kind="runs", name="Broken", query="state=failed&size=25")
    chip = '<a class="chip" href="?state=failed&amp;size=25&amp;view={}"{}>Broken'

    shown, paged, changed = (
        client.get(f"/runs/?state=failed&size=25&view={view.pk}{more}").content.decode()
        for more in ("", "&older=t2026-11-21T10:00:00Z_5", "&tag=prod")
    )

    assert chip.format(view.pk, ' aria-current="true"') in shown
    assert chip.format(view.pk, ' aria-current="true"') in paged
    assert chip.format(view.pk, "") in changed


def test_counts_what_views_hold_in_a_part_of_its_own(client, django_assert_max_num_queries):
    for _ in range(3):
        make_flow_run("FAILED")
    for name in "abc":
        save_view(owner_id=None, kind="runs", name=name, query="state=failed")

    page = client.get("/runs/").content.decode()
    part = client.get("/runs/?fragment=views").content.decode()

    assert ">a</a>" in page
    assert '>a <span class="muted">3</span></a>' in part
    assert '>a <span class="muted">3</span></a>' in client.get("/runs/").content.decode()
    with django_assert_max_num_queries(1):  # the counters are known for a while
        client.get("/runs/?fragment=views")


def test_asks_for_the_counters_of_views_only_when_runs_have_changed(client):
    """LIVE-1: a page on which nothing happens asks for nothing."""
    assert "data-live" not in client.get("/runs/?fragment=views").content.decode()
    save_view(owner_id=None, kind="runs", name="a", query="state=failed")
    save_view(owner_id=None, kind="task-runs", name="a", query="state=failed")

    runs, tasks = (client.get(f"{page}?fragment=views").content.decode() for page in ("/runs/", "/runs/tasks/"))

    assert 'data-part="views" data-live="runs" data-every="15000"' in runs
    assert 'data-part="views" data-live="tasks" data-every="15000"' in tasks
    assert "data-poll" not in client.get("/runs/").content.decode()


@pytest.mark.parametrize("page", ["/runs/", "/runs/tasks/"])
def test_says_the_same_of_its_views_in_the_page_and_in_the_part(client, page):
    save_view(owner_id=None, kind="runs", name="a", query="state=failed")
    save_view(owner_id=None, kind="task-runs", name="a", query="state=failed")
    client.get(f"{page}?state=failed&fragment=views")  # counted

    whole = client.get(f"{page}?state=failed").content.decode()

    assert client.get(f"{page}?state=failed&fragment=views").content.decode().strip() in whole
    assert '<a class="chip" href="?view=all">All</a>' in whole


def test_deletes_after_asking(client):
    view = save_view(owner_id=None, kind="runs", name="Old", query="")

    assert "Delete the view Old" in change(client, view, "delete").content.decode()
    change(client, view, "delete", confirmed="1")

    assert not SavedView.objects.exists()


def test_keeps_the_views_of_one_from_others_unless_they_are_shared(client, settings, django_user_model):
    """VIEW-1: per user, shared on purpose; only the owner changes it."""
    settings.API_AUTH = "required"
    ana, ben = (django_user_model.objects.create_superuser(name) for name in ("ana", "ben"))
    client.force_login(ana)
    save(client, "Secret")
    save(client, "Common", shared="1")
    client.force_login(ben)

    body = client.get("/views/").content.decode()
    common = SavedView.objects.get(name="Common")

    assert "Common" in body
    assert ">Secret</a>" not in body
    assert change(client, common, "rename", name="Mine").status_code == 404
    assert change(client, common, "open").status_code == 404
    save(client, "Common")
    assert SavedView.objects.filter(name="Common").count() == 2


def test_lets_viewers_have_views_of_their_own_and_no_more(client, settings, django_user_model):
    settings.API_AUTH = "required"
    common = save_view(owner_id=None, kind="runs", name="Everybody", query="")
    client.force_login(django_user_model.objects.create_user("viewer"))

    save(client, "Mine", shared="1")
    mine = SavedView.objects.get(name="Mine")

    assert not mine.is_shared
    assert change(client, mine, "rename", name="Yours").status_code == 303
    assert change(client, mine, "share").status_code == 403
    assert change(client, common, "rename", name="Yours").status_code == 403
    body = client.get("/views/").content.decode()
    assert "Everybody" in body
    assert body.count('value="rename"') == 1
    assert 'value="share"' not in body


def test_says_what_views_are_while_there_are_none(client):
    assert "Nobody has saved a view yet" in client.get("/views/").content.decode()


@pytest.mark.parametrize("fields", [{"kind": "nonsense"}, {"name": " "}])
def test_refuses_to_save_nonsense(client, fields):
    answer = client.post("/views/save", {"kind": "runs", "name": "x", "query": "", **fields})

    assert answer.status_code == 303
    assert not SavedView.objects.exists()


def test_escapes_names(client):
    save(client, "<b>bold</b>", query="q=<i>")

    assert "<b>bold" not in client.get("/views/").content.decode()
    assert "<b>bold" not in client.get("/runs/").content.decode()
