from django.db import connection

from orchestrator.statements import batches
from orchestrator.statements.batches import asking_between_batches, pieces, repeat


def test_gives_all_rows_in_pieces():
    assert list(pieces([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(pieces([], 2)) == []


def test_gives_no_further_piece_to_whoever_may_not_go_on():
    answers = iter([True, False])

    with asking_between_batches(lambda: next(answers)):
        assert list(pieces([1, 2, 3, 4, 5], 1)) == [[1], [2]]


def test_lets_others_write_between_two_batches_where_one_writes_at_a_time(monkeypatch):
    pauses = []
    monkeypatch.setattr(batches, "sleep", pauses.append)
    answers = iter([5, 2, 0])

    assert repeat(lambda: next(answers), seconds=60) == 7

    assert pauses == ([batches.PAUSE_SECONDS] * 2 if connection.vendor == "sqlite" else [])
