from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from orchestrator.live.notices import INTERVAL_SECONDS, NoticeBoard, is_topic, topics_of_event, topics_of_line
from tests.events.making import an_event, related

RUN = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"


@pytest.mark.parametrize(
    ("topic", "known"),
    [
        ("runs", True),
        (f"run:{RUN}", True),
        (f"logs:{RUN}", True),
        (f"tasks:{RUN}", True),
        ("pools", True),
        (f"deployment:{RUN}", True),
        ("services", False),  # no event tells of them
        (f"other:{RUN}", False),
        ("run:1", False),
        (f"run:{RUN} ", False),
        (7, False),
    ],
)
def test_knows_its_topics(topic: object, known: bool) -> None:
    assert is_topic(topic) is known


def test_tells_of_a_flow_run_to_its_page_and_to_the_list() -> None:
    event = an_event("prefect.flow-run.Running", f"prefect.flow-run.{RUN}")

    assert topics_of_event(event) == ("events", "runs", f"run:{RUN}")


def test_tells_of_a_flow_run_to_the_pages_of_its_flow_and_its_deployment() -> None:
    event = an_event(
        "prefect.flow-run.Running",
        f"prefect.flow-run.{RUN}",
        related=[related(f"prefect.flow.{OTHER}", "flow"), related(f"prefect.deployment.{OTHER}", "deployment")],
    )

    assert topics_of_event(event) == ("events", "runs", f"run:{RUN}", f"flow:{OTHER}", f"deployment:{OTHER}")


def test_tells_of_other_things_to_their_lists_and_pages() -> None:
    event = an_event("prefect.work-pool.not-ready", f"prefect.work-pool.{RUN}")

    assert topics_of_event(event) == ("events", "pools", f"pool:{RUN}")


def test_tells_of_a_task_run_to_the_page_of_its_flow_run() -> None:
    event = an_event(
        "prefect.task-run.Running", "prefect.task-run.x", related=[related(f"prefect.flow-run.{RUN}", "flow-run")]
    )

    assert topics_of_event(event) == ("events", "tasks", f"tasks:{RUN}")


def test_tells_of_foreign_events_to_the_feed_alone() -> None:
    assert topics_of_event(an_event("shop.opened")) == ("events",)


def test_tells_of_a_task_run_without_a_flow_run_to_its_own_page() -> None:
    event = an_event("prefect.task-run.Running", f"prefect.task-run.{RUN}")

    assert topics_of_event(event) == ("events", "tasks", f"tasks:{RUN}")


def test_tells_of_lines_to_the_page_of_their_flow_run() -> None:
    assert topics_of_line({"flow_run_id": RUN}) == (f"logs:{RUN}",)
    assert topics_of_line({"flow_run_id": None, "task_run_id": RUN}) == (f"logs:{RUN}",)
    assert topics_of_line({"flow_run_id": None, "task_run_id": None}) == ()


def on_board(story: Callable[[NoticeBoard, list[frozenset[str]]], Awaitable[None]]) -> list[frozenset[str]]:
    """What was told to one watcher of `runs` and of the run."""

    async def tell_story() -> list[frozenset[str]]:
        board = NoticeBoard(asyncio.get_running_loop())
        told: list[frozenset[str]] = []
        board.watch(["runs", f"run:{RUN}"], told.append)
        await story(board, told)
        return told

    return asyncio.run(tell_story())


def test_tells_the_first_change_at_once() -> None:
    async def story(board: NoticeBoard, told: list[frozenset[str]]) -> None:
        board.changed(["runs", f"run:{RUN}", "logs:unwatched"])

    assert on_board(story) == [{"runs", f"run:{RUN}"}]


def test_tells_many_changes_at_the_interval() -> None:
    async def story(board: NoticeBoard, told: list[frozenset[str]]) -> None:
        for _ in range(100):
            board.changed(["runs"])
            await asyncio.sleep(INTERVAL_SECONDS / 40)  # 2.5 intervals in all, a little more on a busy machine
        await asyncio.sleep(2 * INTERVAL_SECONDS)

    assert 3 <= len(on_board(story)) <= 8


def test_tells_the_last_change_too() -> None:
    async def story(board: NoticeBoard, told: list[frozenset[str]]) -> None:
        board.changed(["runs"])
        board.changed(["runs"])
        assert len(told) == 1
        await asyncio.sleep(2 * INTERVAL_SECONDS)

    assert on_board(story) == [{"runs"}, {"runs"}]


def test_tells_nothing_to_who_has_left() -> None:
    async def story(board: NoticeBoard, told: list[frozenset[str]]) -> None:
        board.unwatch(["runs", f"run:{RUN}"], told.append)
        board.changed(["runs"])

    assert on_board(story) == []


class Clock:
    """The clock of an event loop that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Callable[[], None]) -> None:
        self.calls.append((when, call))

    def go_on(self, seconds: float) -> None:
        self.now += seconds
        due = [call for when, call in self.calls if when <= self.now]
        self.calls = [(when, call) for when, call in self.calls if when > self.now]
        for call in due:
            call()


def test_tells_a_thousand_changes_in_a_few_notices() -> None:
    """LIVE-2: 1,000 changes in 10 s are at most 45 messages of each topic, and one comes after the last change."""
    clock = Clock()
    board = NoticeBoard(clock)  # type: ignore[arg-type]
    told: list[tuple[float, frozenset[str]]] = []
    board.watch(["runs", f"run:{RUN}"], lambda topics: told.append((clock.now, topics)))

    for _ in range(1000):
        clock.go_on(0.01)
        board.changed(["runs", f"run:{RUN}"])
    last_change = clock.now
    clock.go_on(INTERVAL_SECONDS)

    for topic in ("runs", f"run:{RUN}"):
        moments = [at for at, topics in told if topic in topics]
        assert len(moments) <= 45
        assert moments[0] == 0.01  # at once
        assert moments[-1] >= last_change
