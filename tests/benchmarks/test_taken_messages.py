"""The limit of waking workers: messages that the broker's library alone hands over."""

from benchmarks.databases import SQLITE, Database
from benchmarks.limits.taken_messages import times_taken


def test_takes_every_message_one_after_the_other():
    taken = times_taken(Database(SQLITE, {}), 120)

    assert len(taken) == 120
    assert taken == sorted(taken)
    assert taken[0] > 0
