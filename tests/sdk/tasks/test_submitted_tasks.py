"""Tasks beside each other: submitted, mapped, and waited for."""

from __future__ import annotations

import asyncio
import threading

import pytest

from orchestrator import (
    MappingError,
    ThreadPoolTaskRunner,
    UpstreamFailed,
    WaitTimeout,
    allow_failure,
    as_completed,
    flow,
    task,
    unmapped,
    wait,
)
from orchestrator.sdk.context import current_flow_run


@task
def number(n: int) -> int:
    return n


@task
def plus(a, b):
    return a + b


@task
def broken():
    raise ValueError("bad task")


def test_runs_submitted_tasks_side_by_side():
    barrier = threading.Barrier(3, timeout=30)

    @task
    def meet():
        barrier.wait()
        return 1

    @flow
    def main():
        return sum(future.result() for future in [meet.submit() for _ in range(3)])

    assert main() == 3


def test_gives_futures_as_results_and_edges(api):
    @flow
    def main():
        one = number.submit(1000)
        two = number.submit(2000)
        side = number.submit(3000)
        both = plus.submit([one], [two], wait_for=[side])
        return both.result()

    assert main() == [1000, 2000]
    inputs = api.last_event("plus")["payload"]["task_run"]["task_inputs"]
    ids = [event["resource"]["prefect.resource.id"][-36:] for event in api.events]
    assert set(inputs) == {"a", "b", "wait_for"}
    assert all(edge["input_type"] == "task_run" and edge["id"] in ids for edges in inputs.values() for edge in edges)


def test_draws_edges_from_plain_results(api):
    @flow
    def main():
        first = number(123_456)
        return plus(first, 1)

    main()

    (edge,) = api.last_event("plus")["payload"]["task_run"]["task_inputs"]["a"]
    assert edge["id"] == api.events[0]["resource"]["prefect.resource.id"][-36:]


def test_is_not_run_when_an_input_failed(api):
    @flow
    def main():
        return plus.submit(broken.submit(), 1)

    state = main(return_state=True)

    assert state.is_failed()
    assert api.task_states("plus") == ["Pending", "NotReady"]
    with pytest.raises(UpstreamFailed):
        state.result()


def test_gets_the_exception_of_an_input_that_may_fail():
    @task
    def look(value):
        return str(value)

    @flow
    def main():
        return look(allow_failure(broken.submit()))

    assert main() == "bad task"


def test_maps_over_its_items(api):
    @flow
    def main():
        return plus.map([1, 2, 3], 10).result()

    assert main() == [11, 12, 13]


def test_maps_over_a_future_and_keeps_unmapped_whole():
    @task
    def numbers():
        return [1, 2]

    @task
    def count(item, whole):
        return item + len(whole)

    @flow
    def main():
        return count.map(numbers.submit(), unmapped([0, 0, 0])).result()

    assert main() == [4, 5]


# what is mapped over -> what the message says
WRONG_MAPS = [
    ((1, 2), "needs a list"),
    (([1], [1, 2]), "differ in length"),
    (("text", b"bytes"), "needs a list"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG_MAPS)
def test_refuses_to_map_over_what_does_not_fit(arguments, said):
    with pytest.raises(MappingError, match=said):
        plus.map(*arguments)


def test_waits_for_many():
    going = threading.Event()

    @task
    def late():
        going.wait(30)
        return "late"

    @task
    def early():
        return "early"

    @flow
    def main():
        futures = [late.submit(), early.submit()]
        futures[1].wait()
        by_then = wait(futures, timeout=0.05)
        going.set()
        order = [future.result() for future in as_completed(futures)]
        return len(by_then.done), len(by_then.not_done), sorted(order)

    assert main() == (1, 1, ["early", "late"])


def test_gives_each_as_soon_as_it_has_ended():
    going = threading.Event()

    @task
    def late():
        going.wait(30)
        return "late"

    @task
    def early():
        return "early"

    @flow
    def main():
        order = []
        for future in as_completed([late.submit(), early.submit()]):
            order.append(future.result())
            going.set()
        return order

    assert main() == ["early", "late"]


def test_is_waited_for_without_blocking_the_loop():
    going = threading.Event()

    @task
    def wait_for_it():
        going.wait(30)
        return 1

    @flow
    async def main():
        future = wait_for_it.submit()
        assert not await future.wait_async(timeout=0.01)
        with pytest.raises(WaitTimeout):
            await future.result_async(timeout=0.01)
        asyncio.get_running_loop().call_later(0.01, going.set)
        return await future.result_async(), await future.state.aresult()

    assert asyncio.run(main()) == (1, 1)


def test_stops_waiting_at_the_limit_of_the_caller():
    going = threading.Event()

    @task
    def wait_for_it():
        going.wait(30)
        return 1

    @flow
    def main():
        future = wait_for_it.submit()
        with pytest.raises(WaitTimeout):
            future.result(timeout=0.05)
        going.set()
        return future.result()

    assert main() == 1


def test_does_not_lock_up_a_pool_of_one_with_dependencies():
    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def main():
        future = number.submit(0)
        for _ in range(300):
            future = plus.submit(future, 1)
        return future.result()

    assert main() == 300


def test_does_not_lock_up_a_pool_of_one_with_tasks_that_wait_for_tasks():
    @task
    def down(depth):
        return 0 if depth == 0 else down.submit(depth - 1).result() + 1

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def main():
        return down.submit(5).result()

    assert main() == 5


def test_does_not_run_more_at_once_than_the_pool_allows():
    running, most = [], []
    two = threading.Barrier(2, timeout=30)

    @task
    def watched():
        running.append(1)
        two.wait()
        most.append(len(running))
        two.wait()
        running.pop()

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def main():
        wait([watched.submit() for _ in range(10)])

    main()

    assert len(most) == 10
    assert max(most) == 2


def test_drops_a_long_chain_without_a_deep_stack(api, monkeypatch):
    dropped = threading.Event()

    @task
    def first():
        dropped.wait()
        raise ValueError("first")

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def main():
        future = first.submit()
        for _ in range(1500):
            future = plus.submit(future, 1)
        pool = current_flow_run.get().pool
        drop = pool.drop
        monkeypatch.setattr(pool, "drop", lambda: (drop(), dropped.set()))
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        main()

    assert api.task_states("plus").count("Cancelled") == 1500


def test_submits_an_async_task_from_a_sync_flow():
    @task
    async def aone():
        await asyncio.sleep(0.01)
        return 1

    @flow
    def main():
        return aone.submit().result()

    assert main() == 1
