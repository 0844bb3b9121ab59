"""Writers of one process take turns."""

from __future__ import annotations

import threading
from contextlib import closing
from time import monotonic

import pytest
from django.db import OperationalError, connection, transaction
from django.db.backends.sqlite3.base import SQLiteCursorWrapper

from orchestrator.contract.times import now
from orchestrator.web.models import WebPulse

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL has many writers at once"),
]


def in_thread(work) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_gives_the_turn_on_at_the_commit():
    began, waited = threading.Event(), []

    def write_after_me() -> None:
        began.set()
        at = monotonic()
        with transaction.atomic():
            waited.append(monotonic() - at)
            WebPulse.objects.create(started_at=now(), last_seen=now())

    with transaction.atomic():
        WebPulse.objects.create(started_at=now(), last_seen=now())
        thread = in_thread(write_after_me)
        began.wait(5)
        thread.join(0.2)
        assert not waited
    thread.join(5)

    assert waited[0] >= 0.15
    assert WebPulse.objects.count() == 2


def test_gives_the_turn_on_after_a_failure():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        raise ZeroDivisionError

    done = []
    thread = in_thread(lambda: transaction.atomic()(lambda: done.append(True))())
    thread.join(5)

    assert done


def test_gives_the_turn_on_when_the_connection_is_closed_in_between():
    def leave() -> None:
        transaction.set_autocommit(False)
        WebPulse.objects.create(started_at=now(), last_seen=now())
        connection.close()

    in_thread(leave).join(5)

    with transaction.atomic():
        WebPulse.objects.create(started_at=now(), last_seen=now())


def test_asks_the_database_when_waiting_took_too_long():
    outcome = []

    def write() -> None:
        connection.ensure_connection()
        connection.settings_dict = {**connection.settings_dict, "OPTIONS": {"timeout": 0.05}}
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 50")
        try:
            with transaction.atomic():
                outcome.append("written")
        except OperationalError as error:
            outcome.append(str(error))

    with transaction.atomic():
        in_thread(write).join(5)

    assert outcome == ["database is locked"]


def test_takes_statements_as_django_does():
    with connection.cursor() as cursor:
        for sql, parameters in [
            ("SELECT %s, %s", [1, "%s"]),
            ("SELECT %s, '100%%', '%%s'", [1]),
            ("SELECT %(a)s, %(b)s", {"b": 2, "a": 1}),
            ("SELECT '100%', '%s'", None),
        ]:
            cursor.execute(sql, parameters)
            found = cursor.fetchone()
            with closing(connection.connection.cursor(factory=SQLiteCursorWrapper)) as djangos:
                djangos.execute(sql, parameters)
                assert djangos.fetchone() == found
