import os
import signal
import subprocess
import sys
import textwrap

import pytest
from celery import Celery

from orchestrator.broker import CELERY_OPTIONS, broker_url, register
from tests.waiting import eventually
from tests.worker.fake_api import FakeApi


@pytest.fixture
def api():
    api = FakeApi()
    yield api
    api.close()


class WorkerProcess:
    """A real worker, started by the command, and a sender of wake-ups."""

    def __init__(self, api, home, flows, broker=None):
        self.api = api
        self.home = home
        self.flows = flows
        self.process = None
        register()
        self.broker = broker or broker_url(home / "broker.db")
        self._sender = Celery("test", broker=self.broker, set_as_current=False)
        self._sender.conf.update(CELERY_OPTIONS)

    def start(self, *options):
        environment = {
            **os.environ,
            "ORCHESTRATOR_HOME": str(self.home),
            "ORCHESTRATOR_API_URL": self.api.url,
            "ORCHESTRATOR_BROKER_URL": self.broker,
            "ORCHESTRATOR_PROBE_SECONDS": "1",
            "ORCHESTRATOR_DRAIN_SECONDS": "10",
        }
        command = [sys.executable, "-m", "orchestrator", "worker", "start", "--name", "tested", *options]
        self.log = (self.home / "worker.log").open("w")
        self.process = subprocess.Popen(
            command, env=environment, stdout=self.log, stderr=self.log, start_new_session=True
        )
        return self

    def write(self, name, code):
        """A file with a flow; returns its entrypoint."""
        text = "from orchestrator import flow, task, get_run_logger\nimport os, sys, time\n\n" + textwrap.dedent(code)
        (self.flows / name).write_text(text)
        return f"{name}:main"

    def run(self, code, *, file="code.py", send=True, in_place=True, **job_variables):
        """Makes a run of the code and sends its wake-up; returns its id."""
        entrypoint = self.write(file, code)
        path = str(self.flows) if in_place else None
        entrypoint = entrypoint if in_place else f"{self.flows}/{entrypoint}"
        run_id = self.api.add_run(entrypoint=entrypoint, path=path, job_variables=job_variables)
        if send:
            self.wake(run_id, **job_variables)
        return run_id

    def wake(
        self,
        run_id,
        *,
        time_limit_seconds=None,
        soft_time_limit_seconds=None,
        queue="pool.default",
        priority=0,
        **_,
    ):
        self._sender.send_task(
            "orchestrator.execute",
            kwargs={"flow_run_id": run_id, "pool": "default"},
            queue=queue,
            priority=priority,
            expires=30,
            time_limit=time_limit_seconds,
            soft_time_limit=soft_time_limit_seconds,
        )

    def released(self, run_id):
        """Waits until the run's claim was given up; returns the names of its states."""
        eventually(lambda: [each for each in self.api.released if each["run"] == run_id])
        return self.api.state_names(run_id)

    def output(self):
        return (self.home / "worker.log").read_text()

    def stop(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._sender.close()
        self.log.close()


@pytest.fixture
def broker():
    """The URL of another broker than the embedded one. Tests that need one override this."""
    return


@pytest.fixture
def worker(api, tmp_path, broker):
    flows = tmp_path / "flows"
    flows.mkdir()
    worker = WorkerProcess(api, tmp_path, flows, broker)
    yield worker
    worker.stop()
    print(worker.output() if worker.process else "")  # pytest shows it when the test failed
