"""What follows from a commit."""

from __future__ import annotations

import pytest
from django.db import transaction

from orchestrator.statements.after_commit import after_commit

pytestmark = pytest.mark.django_db(transaction=True)


def fail(what):
    raise ValueError(what)


def test_calls_with_its_arguments_once_all_is_committed():
    called = []

    with transaction.atomic():
        after_commit(lambda *some, **named: called.append((some, named)), 1, 2, three=3)
        assert called == []

    assert called == [((1, 2), {"three": 3})]


def test_calls_at_once_outside_of_a_transaction():
    called = []

    after_commit(called.append, 1)

    assert called == [1]


def test_logs_what_fails_and_calls_the_others(caplog):
    called = []

    with transaction.atomic():
        after_commit(fail, "spilled")
        after_commit(called.append, 1)

    assert called == [1]
    assert "spilled" in caplog.text
