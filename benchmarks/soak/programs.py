"""The scripts of users: one that lives as long as the load, and short ones that come and go."""

from __future__ import annotations

import subprocess
import threading

from benchmarks.sides import ROOT, Side

LONG = "script"
SHORT_SECONDS = 12.0
_MODULE = "benchmarks.soak.program"
_END_SECONDS = 150.0  # more than a process waits to tell what it has left


class Programs:
    """Use: `with Programs(side, seconds=…) as programs:`; `failures` are those that ended badly."""

    def __init__(self, side: Side, *, seconds: float) -> None:
        self.failures: list[str] = []
        self.roles: dict[str, int] = {}  # the process of the one that lives long
        self._side = side
        self._ended = threading.Event()
        self._began = 0
        self._threads = [
            threading.Thread(target=self._execute, args=(LONG, seconds, 1.5), name="long script"),
            threading.Thread(target=self._one_after_the_other, name="short scripts"),
        ]

    def __enter__(self) -> Programs:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _one_after_the_other(self) -> None:
        while not self._ended.is_set():
            self._began += 1
            self._execute(f"short-{self._began}", SHORT_SECONDS, 0.5)

    def _execute(self, name: str, seconds: float, pause: float) -> None:
        process = subprocess.Popen(
            [self._side.python, "-m", _MODULE, name, str(seconds), str(pause)],
            # A server that is being started again on a busy machine may need longer than the usual 15 seconds.
            env={**self._side.environment, "ORCHESTRATOR_CONNECT_SECONDS": "60"},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if name == LONG:
            self.roles[name] = process.pid
        try:
            _, said = process.communicate(timeout=seconds + _END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.failures.append(f"script {name} does not come to an end")
        else:
            if process.returncode:
                self.failures.append(f"script {name} ended with {process.returncode}: {said[-2000:]}")
