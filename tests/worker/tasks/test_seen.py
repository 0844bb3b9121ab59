"""What came to a worker before."""

from orchestrator.worker.tasks.seen import Seen


def test_knows_what_came_before():
    seen = Seen()

    assert [seen.comes_again(each) for each in ("one", "other", "one")] == [False, False, True]


def test_knows_nothing_of_what_has_no_signature():
    seen = Seen()

    assert [seen.comes_again(each) for each in (None, None, ["one"], ["one"])] == [False] * 4


def test_forgets_the_oldest_of_too_many():
    seen = Seen(most=2)

    assert [seen.comes_again(each) for each in ("one", "two", "three", "one", "three")] == [False] * 4 + [True]
