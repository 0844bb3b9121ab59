"""One rendering of a live part for everybody who looks at it."""

from __future__ import annotations

import threading
import time

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse

from orchestrator.accounts.models import User
from orchestrator.pages import shared_parts as module
from orchestrator.pages.shared_parts import Parts, Versions, shared_parts

pytestmark = pytest.mark.django_db
RUN = "run:11111111-1111-4111-8111-111111111111"
PART = '<section data-live="{}"><input type="hidden" name="csrfmiddlewaretoken" value="abc">{}</section>'


class Desk:
    """A page whose part counts how often it was made, and its readers."""

    def __init__(self, rf, versions: Versions) -> None:
        self.rf, self.versions, self.made = rf, versions, 0
        self.view = shared_parts(self._make)

    def _make(self, request) -> HttpResponse:
        self.made += 1
        return HttpResponse(PART.format(RUN, self.made))

    def ask(self, query: str = "?fragment=header", user=None, cookies=None, told_at="0") -> str:
        request = self.rf.get(f"/runs/flow-run/1{query}", headers={"X-Orchestrator-Told-At": told_at})
        request.user = user or AnonymousUser()
        request.COOKIES.update(cookies or {})
        return self.view(request).content.decode()


@pytest.fixture
def desk(rf, monkeypatch):
    versions = Versions()
    monkeypatch.setattr(module, "versions", versions)
    monkeypatch.setattr(module, "parts", Parts(versions))
    return Desk(rf, versions)


def test_is_made_once_between_two_changes(desk):
    desk.versions.watched(RUN)

    first, second = desk.ask(), desk.ask()
    desk.versions.changed([RUN])
    third = desk.ask()

    assert first == second != third
    assert desk.made == 2


def test_is_made_anew_for_who_was_told_of_a_change_by_another_process(desk):
    """This process has not read of it yet, so the versions say that nothing changed."""
    desk.versions.watched(RUN)

    before = desk.ask()
    told_at = str(time.time())
    first, second = desk.ask(told_at=told_at), desk.ask(told_at=told_at)

    assert before != first == second
    assert desk.made == 2


@pytest.mark.parametrize("told_at", ["", "yesterday", "nan"])
def test_is_shared_whatever_a_reader_says_of_the_time(desk, told_at):
    desk.versions.watched(RUN)

    assert desk.ask() == desk.ask(told_at=told_at)


def test_is_made_anew_when_something_changed_while_it_was_made(desk):
    desk.versions.watched(RUN)
    make = desk._make

    def make_slowly(request):
        answer = make(request)
        desk.versions.changed([RUN])
        return answer

    desk.view = shared_parts(make_slowly)
    desk.ask()
    desk.ask()

    assert desk.made == 2


def test_is_made_each_time_while_nobody_watches(desk):
    desk.ask()
    desk.ask()

    assert desk.made == 2


def test_is_not_taken_from_before_somebody_began_to_watch_again(desk):
    desk.versions.watched(RUN)
    desk.ask()
    desk.versions.unwatched(RUN)
    desk.versions.watched(RUN)

    desk.ask()

    assert desk.made == 2


def test_differs_by_address_role_and_choices(desk):
    desk.versions.watched(RUN)
    staff = User.objects.create(username="ada", is_staff=True, is_superuser=True)

    desk.ask()
    desk.ask("?fragment=header&view=graph")
    desk.ask(user=staff)
    desk.ask(cookies={"theme": "dark"})
    desk.ask(cookies={"sessionid": "somebody else's"})

    assert desk.made == 4


def test_holds_nobodys_token(desk):
    desk.versions.watched(RUN)

    assert 'value="abc"' not in desk.ask()
    assert 'name="csrfmiddlewaretoken" value=""' in desk.ask()


def test_leaves_the_whole_page_alone(desk):
    desk.versions.watched(RUN)

    assert 'value="abc"' in desk.ask("")
    desk.ask("")
    assert desk.made == 2


def test_is_made_once_for_many_who_ask_at_the_same_moment(desk):
    desk.versions.watched(RUN)
    make, go_on = desk._make, threading.Event()

    def make_when_told(request):
        go_on.wait(10)
        return make(request)

    desk.view = shared_parts(make_when_told)
    readers = [threading.Thread(target=desk.ask) for _ in range(5)]
    for reader in readers:
        reader.start()
    go_on.set()
    for reader in readers:
        reader.join(10)

    assert desk.made == 1


def test_keeps_no_more_than_its_most_parts(desk, monkeypatch):
    monkeypatch.setattr(module, "MOST_PARTS", 3)
    desk.versions.watched(RUN)

    for number in range(5):
        desk.ask(f"?fragment=header&page={number}")
    desk.ask("?fragment=header&page=0")

    assert desk.made == 6


def test_is_made_anew_after_a_moment(desk, monkeypatch):
    """What topics do not tell of, such as how late a run is, is not seen for long."""
    desk.versions.watched(RUN)
    desk.ask()
    monkeypatch.setattr(module, "MOST_SECONDS", 0.0)

    desk.ask()

    assert desk.made == 2


@pytest.mark.parametrize("changes", ['data-poll="10"', 'data-settles="1795000000.5"'])
def test_shares_nothing_that_changes_by_itself(desk, changes):
    desk.versions.watched(RUN)
    desk.view = shared_parts(
        lambda request: HttpResponse(desk._make(request).content.replace(b">", f" {changes}>".encode(), 1))
    )

    desk.ask()
    desk.ask()

    assert desk.made == 2
