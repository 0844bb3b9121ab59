from __future__ import annotations

import threading

import pytest

from orchestrator import NO_CACHE, flow, task, transaction


class Story:
    """A flow that fails once, at its end."""

    def __init__(self) -> None:
        self.calls: list = []
        self.attempts = 0

    def task(self, **options):
        @task(**options)
        def step(x):
            self.calls.append(x)
            return [x]

        return step

    def attempt(self):
        self.attempts += 1
        if self.attempts == 1:
            raise RuntimeError("first attempt")


@pytest.fixture
def story():
    return Story()


def test_are_not_executed_again_in_a_further_attempt(api, story):
    step = story.task()

    @flow(retries=1)
    def main():
        results = step(1), step(2), step.submit(3).result()
        story.attempt()
        return results

    assert main() == ([1], [2], [3])
    assert story.calls == [1, 2, 3]
    assert api.task_states("step")[-2:] == ["Pending", "Cached"]
    assert api.last_event("step")["payload"]["task_run"]["flow_run_run_count"] == 2


def test_are_executed_for_each_call_within_an_attempt(story):
    step = story.task()

    @flow(retries=1)
    def main():
        step(1), step(1)
        story.attempt()
        step(1)

    main()

    assert story.calls == [1, 1, 1]


def test_are_executed_again_when_they_failed_or_their_inputs_changed(story):
    fails = []

    @task
    def flaky(x):
        fails.append(x)
        if len(fails) == 1:
            raise ValueError("once")

    step = story.task()

    @flow(retries=1)
    def main():
        step(len(fails))
        flaky(1)

    main()

    assert fails == [1, 1]
    assert story.calls == [0, 1]


@pytest.mark.parametrize("options", [{"cache_policy": NO_CACHE}, {"refresh_cache": True}])
def test_are_executed_again_where_the_author_wants_it(story, options):
    step = story.task(**options)

    @flow(retries=1)
    def main():
        step(1)
        story.attempt()

    main()

    assert story.calls == [1, 1]


def test_are_executed_again_when_their_inputs_cannot_be_told_apart(story):
    lock = threading.Lock()
    step = story.task()

    @flow(retries=1)
    def main():
        step(lock)
        story.attempt()

    main()

    assert story.calls == [lock, lock]


def test_are_executed_again_when_they_were_rolled_back(story):
    step = story.task()

    @flow(retries=1)
    def main():
        step(0)
        with transaction():
            step(1)
            story.attempt()

    main()

    assert story.calls == [0, 1, 1]


def test_are_forgotten_with_their_flow_run(story):
    step = story.task()

    @flow(retries=1)
    def main():
        step(1)

    main()
    main()

    assert story.calls == [1, 1]
