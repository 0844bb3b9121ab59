"""What is kept of a cron expression says the same as what is worked out anew."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

import pytest
from croniter import croniter

from deployments.services import cron_times
from deployments.services.cron_times import wall_times

EXPRESSIONS = ("* * * * *", "*/7 3-5 * * *", "5 3 * * *", "0 0 1,15 * 1", "0 0 29 2 *", "*/20 */3 * * * 15", "@hourly")


def wall(*parts):
    return datetime(*parts)  # noqa: DTZ001 -- what a clock shows, in no zone


@pytest.fixture(autouse=True)
def nothing_kept():
    cron_times._kept.cache_clear()


@pytest.mark.parametrize("day_or", [True, False])
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_are_those_that_come_after_each_second_of_a_minute(expression, day_or):
    for second, microsecond in ((59, 999_999), (0, 0), (0, 1), (30, 0)):
        after = wall(2026, 2, 27, 3, 4, second, microsecond)
        anew = croniter(expression, after, day_or=day_or)

        assert list(islice(wall_times(expression, after, day_or=day_or), 30)) == [
            anew.get_next(datetime) for _ in range(30)
        ]


def test_are_worked_out_once_for_schedules_that_are_looked_at_in_one_minute(monkeypatch):
    made = []
    monkeypatch.setattr(
        cron_times, "croniter", lambda *args, **options: made.append(args) or croniter(*args, **options)
    )

    for second in range(5):
        list(islice(wall_times("5 3 * * *", wall(2026, 3, 1, 12, 0, second), day_or=True), 3))
    list(islice(wall_times("5 3 * * *", wall(2026, 3, 1, 12, 1), day_or=True), 3))

    assert len(made) == 2


def test_end_where_nothing_comes():
    for _ in range(2):
        assert list(wall_times("0 0 30 2 *", wall(2026, 3, 1), day_or=True)) == []


def test_are_refused_where_there_is_no_expression():
    with pytest.raises(ValueError, match="not acceptable"):
        wall_times("a b c d e", wall(2026, 3, 1), day_or=True)
