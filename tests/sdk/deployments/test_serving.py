"""What `serve` and `aserve` take. How runs are executed: tests/e2e/test_serving.py."""

from __future__ import annotations

import asyncio
import threading

import pytest

from orchestrator import DeploymentError, EntrypointType, aserve, flow, serve, task
from orchestrator.sdk.deployments import serving


@flow
def served() -> None: ...


class Loop:
    """In the place of the loop: notes what it is told, and goes on until it is stopped."""

    made: list[Loop]

    def __init__(self, client, **options):
        self.options = options
        self.said = []
        self._stopped = threading.Event()
        Loop.made.append(self)

    def register(self, deployments):
        self.said += [deployment.name for deployment in deployments]

    def run(self):
        self._stopped.wait(5)

    def stop(self):
        self.said.append("stop")
        self._stopped.set()

    def pause(self):
        self.said.append("pause")


@pytest.fixture
def loops(api, monkeypatch):
    Loop.made = []
    monkeypatch.setattr(serving, "Serving", Loop)
    return Loop.made


def test_lets_the_event_loop_go_on(loops):
    async def main():
        both = [await served.to_deployment(name) for name in ("a", "b")]
        task = asyncio.ensure_future(aserve(*both, limit=3))
        while not loops or len(loops[0].said) < 2:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())

    assert loops[0].said == ["a", "b", "stop", "pause"]
    assert loops[0].options["limit"] == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"webserver": True}, "no webserver"),
        ({"image": "me/img:1"}, "image= says nothing"),
        ({"work_pool_name": "p"}, "work_pool_name= says nothing"),
        ({"limit": 0}, "at least one run"),
        ({"global_limit": 1, "concurrency_limit": 1}, "give one of them"),
        ({"entrypoint_type": "zip"}, "entrypoint_type is 'zip'"),
    ],
)
def test_refuses_what_has_no_effect(loops, options, said):
    with pytest.raises(DeploymentError, match=said):
        served.serve("d", **options)


@pytest.mark.parametrize("option", [{"work_pool_name": "p"}, {"work_queue_name": "q"}, {"job_variables": {"a": 1}}])
def test_refuses_deployments_of_a_pool(loops, option):
    with pytest.raises(DeploymentError, match=f"{next(iter(option))}= says nothing"):
        serve(served.to_deployment("d", **option))


def test_refuses_a_webserver_beside_tasks_too():
    with pytest.raises(DeploymentError, match="no webserver"):
        serve(task(print), webserver=True)


@pytest.mark.parametrize("given", [(), (served,)])
def test_needs_deployments(given):
    with pytest.raises(DeploymentError, match=r"to_deployment\(name"):
        serve(*given)


def test_says_when_an_await_is_missing():
    async def main():
        await aserve(served.to_deployment("a"))

    with pytest.raises(DeploymentError, match="write await"):
        asyncio.run(main())


def test_takes_what_tutorials_say(loops, monkeypatch):
    monkeypatch.setattr(Loop, "run", lambda self: None)

    served.serve("d", webserver=False, pause_on_shutdown=False, entrypoint_type=EntrypointType.FILE_PATH, limit=2)

    assert (loops[0].said, loops[0].options["limit"]) == (["d"], 2)
