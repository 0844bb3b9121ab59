"""Every scenario in `prefect3/` is a program of its own, which exits with 0 when the server did what it should.

By hand, from the folder `prefect3`:
`PREFECT_API_URL=http://127.0.0.1:4200/api ../../../.venv-clients/prefect3/bin/python s02_hello_flow.py`
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.conftest import BACKENDS, backend  # noqa: F401  a fixture
from tests.e2e.system import System

SCRIPTS = Path(__file__).parent / "prefect3"
AT_ONCE = 2  # each keeps a core busy while its client is imported
LONGEST_SECONDS = 300  # of a scenario that starts dozens of commands, while other tests keep the processors busy

AUTH_STRING = "admin:pass"
# Of what they need the server has not everything yet.
NOT_YET = {
    "s20_automations": "automations know triggers of single events only",
}
# The client's task worker may lock itself up, on any server: a thread that makes its sender of logs holds a lock, and
# waits for the event loop, which at the same moment waits for that lock to make its sender of events.
LOCKS_ITSELF_UP = {"s18_background_tasks": "waiting for background task to complete"}
MOST_TRIES = 3
# What happens in the client, or starts commands for a minute; other scenarios make their requests on both back ends.
ON_ONE_BACKEND = {
    "s06_caching",
    "s10_variables",
    "s11_blocks",
    "s15_transactions",
    "s16_serve",
    "s21_cli",
    "s28_deploy_cli",
}
OF_THEIR_OWN = {"s26_auth", "s27_csrf"}  # need a server that is started otherwise
ALL = sorted(path.stem for path in SCRIPTS.glob("s[0-9]*.py"))

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


class Scenarios:
    """Runs the programs against one server, some at once; each outcome is asked for by its own test."""

    def __init__(self, python: Path, system: System, home: Path, **environment: str) -> None:
        self._python = python
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
            "PATH": f"{python.parent}:{os.environ['PATH']}",
            "PREFECT_API_URL": f"{system.url}/api",
            "PYTHONDONTWRITEBYTECODE": "1",
            "P3_TAG_REST": "1",
            "NO_COLOR": "1",
            "COLUMNS": "200",
            "DO_NOT_TRACK": "1",
            **environment,
        }
        self._home = home
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._started: dict[str, Future[subprocess.CompletedProcess[str]]] = {}

    def start(self, names: list[str]) -> None:
        for name in names:
            self._started[name] = self._pool.submit(self._run, name)

    def outcome(self, name: str) -> subprocess.CompletedProcess[str]:
        """Who asks again, because it failed, has it run again."""
        if name not in self._started:
            self.start([name])
        return self._started.pop(name).result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _run(self, name: str) -> subprocess.CompletedProcess[str]:
        environment = {**self._environment, "PREFECT_HOME": str(self._home / name)}
        command = [str(self._python), str(SCRIPTS / f"{name}.py")]
        for _ in range(MOST_TRIES):
            done = subprocess.run(
                command,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=LONGEST_SECONDS,
                # A shell's background job hears no SIGINT, and hands that on; some scenarios end their programs by it.
                preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
            )
            sign = LOCKS_ITSELF_UP.get(name)
            if done.returncode == 0 or sign is None or sign not in done.stdout + done.stderr:
                break
        return done


@pytest.fixture(scope="module")
def scenarios(prefect3_python, backend, tmp_path_factory, request) -> Iterator[Scenarios]:  # noqa: F811
    home = tmp_path_factory.mktemp("home")
    system = System(home, backend).start()
    found = Scenarios(prefect3_python, system, tmp_path_factory.mktemp("prefect"))
    # Those that this run asks for, all at once: a test that waits for one does not keep the others from going on.
    here = "postgres+redis" if backend else "embedded"
    asked = [
        item.callspec.params["name"]
        for item in request.session.items
        if _is_ours(item, request) and item.callspec.params["backend"] == here
    ]
    found.start(list(dict.fromkeys(asked)))
    yield found
    found.close()
    system.stop()
    print(system.output())


def _is_ours(item: pytest.Item, request: pytest.FixtureRequest) -> bool:
    return item.path == request.path and "name" in getattr(getattr(item, "callspec", None), "params", {})


def _passes(scenarios: Scenarios, name: str) -> None:
    done = scenarios.outcome(name)

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]


@pytest.mark.parametrize("name", [name for name in ALL if name not in {*NOT_YET, *ON_ONE_BACKEND, *OF_THEIR_OWN}])
def test_satisfies(scenarios, name):
    _passes(scenarios, name)


@pytest.mark.parametrize("backend", BACKENDS[:1], indirect=True, scope="module")
@pytest.mark.parametrize("name", sorted(ON_ONE_BACKEND))
def test_satisfies_on_one_back_end(scenarios, name):
    _passes(scenarios, name)


@pytest.mark.parametrize(
    ("scenario", "server", "client"),
    [
        ("s26_auth", {"ORCHESTRATOR_API_AUTH_STRING": AUTH_STRING}, {"PREFECT_API_AUTH_STRING": AUTH_STRING}),
        ("s27_csrf", {"ORCHESTRATOR_CSRF_PROTECTION": "true"}, {}),
    ],
)
def test_satisfies_on_a_server_of_its_own(prefect3_python, tmp_path, scenario, server, client):
    system = System(tmp_path / "home", server).start("--no-worker", "--no-services")
    scenarios = Scenarios(prefect3_python, system, tmp_path, **client)
    try:
        done = scenarios.outcome(scenario)
    finally:
        scenarios.close()
        system.stop()

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]
    assert "SKIP" not in done.stdout
