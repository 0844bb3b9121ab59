"""A script as an author writes it. `test_author_scripts.py` has it checked, and the errors that it must contain."""

from typing import reveal_type

from orchestrator import (
    EventFilter,
    FlowRunFilter,
    FlowRunFilterState,
    State,
    TaskFuture,
    WorkPoolCreate,
    flow,
    get_client,
    get_run_logger,
    tags,
    task,
    unmapped,
)


@task
def double(number: int) -> int:
    """Twice as much."""
    return 2 * number


@task(retries=2, retry_delay_seconds=0.1)
def label(number: int, *, unit: str = "m") -> str:
    return f"{number} {unit}"


@task
async def fetch(url: str) -> bytes:
    return url.encode()


@flow(log_prints=True)
def report(count: int, name: str = "x") -> list[str]:
    get_run_logger().info("begins")
    with tags("a"):
        future = double.submit(count)
    reveal_type(future)
    reveal_type(future.result())
    reveal_type(double(count))
    reveal_type(label(1, unit="km"))
    reveal_type(label.fn(1))
    double.map([1, 2], wait_for=[future])
    label.map([1, 2], unit=unmapped("m"))
    return [label(count)]


@flow
async def gather() -> bytes:
    reveal_type(await fetch("u"))
    return await fetch("u")


def use(future: TaskFuture[int], state: State) -> None:
    reveal_type(report(1))
    report(1, name="y")
    state = report(1, return_state=True)
    reveal_type(state)
    reveal_type(double(1, wait_for=[future]))
    double("three")  # wrong: no number
    label(1, units="km")  # wrong: no such parameter
    report("many")  # wrong: no number


async def ask(flow_run_id: str) -> None:
    blocking = get_client(sync_client=True)
    reveal_type(blocking.read_flow_run(flow_run_id))
    async with get_client() as client:
        reveal_type(await client.read_flow_runs(limit=5))
        await client.read_flow_runs(limt=5)  # wrong: no such parameter


def failed(among: FlowRunFilter, pool: WorkPoolCreate) -> FlowRunFilter:
    reveal_type(among.state)
    reveal_type(pool.model_dump())
    FlowRunFilter(stat={"name": {"any_": ["Failed"]}})  # wrong: no such field
    FlowRunFilter(name={"any_": ["a"]}, operator="xor")  # wrong: no such operator
    FlowRunFilter(state=EventFilter())  # wrong: a filter of something else
    WorkPoolCreate(nam="p")  # wrong: no such field
    print(among.nam)  # wrong: no such field
    return FlowRunFilter(state=FlowRunFilterState(name={"any_": ["Failed"]}), operator="or_")
