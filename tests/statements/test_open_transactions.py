from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import connection, transaction

from orchestrator.contract.times import now
from orchestrator.events.emit import emit
from orchestrator.statements.open_transactions import is_writing_since

pytestmark = pytest.mark.django_db(transaction=True)


def test_sees_who_has_not_committed_what_it_wrote():
    if connection.vendor != "postgresql":
        pytest.skip("On SQLite one writes at a time.")
    before, written, commit = now() - timedelta(seconds=1), Event(), Event()

    def write():
        try:
            with transaction.atomic():
                emit(event="go", resource={"prefect.resource.id": "thing.1"})
                written.set()
                assert commit.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        assert written.wait(10)
        seen = [is_writing_since(before), is_writing_since(now() + timedelta(seconds=1))]
        commit.set()
        writing.result()

    assert seen == [False, True]
    assert not is_writing_since(now() + timedelta(seconds=1))


def test_sees_nobody_who_only_reads():
    assert not is_writing_since(now() + timedelta(seconds=1))
