"""The Python snippets of the documentation, and a program that executes them: `python -m tests.documentation.snippets`.

Each is written to a file of its own and executed in a process of its own, forked from one that has imported what all of
them need. What waits does not take long here: the engine hurries, and nobody sleeps for more than a moment.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```python[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LIMIT_SECONDS = 30.0
_LONGEST_SLEEP_SECONDS = 0.05


@dataclass(frozen=True)
class Snippet:
    """`line` is that of its first line of code. `needs` is what its first line asks for: `server`, a package, None."""

    page: str
    line: int
    code: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def needs(self) -> str | None:
        found = re.match(r"# needs: ([\w.-]+)", self.code)
        return found[1] if found else None

    def write(self, directory: Path) -> Path:
        """A script whose line numbers are those of the page."""
        file = directory / f"{re.sub('[^a-z0-9]+', '_', self.place.lower())}.py"
        file.write_text("\n" * (self.line - 1) + self.code)
        return file


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def snippets_of(page: Path) -> list[Snippet]:
    text = page.read_text()
    return [
        Snippet(str(page.relative_to(ROOT)), text.count("\n", 0, found.start(1)) + 1, found[1])
        for found in _FENCE.finditer(text)
    ]


def execute(file: Path) -> dict[str, Any]:
    """In a forked process, in the directory of the file: its exit code, None when it took too long, and its words."""
    said = file.with_suffix(".out")
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _become(file, said)
    status = _ended(pid, began + _LIMIT_SECONDS)
    code = None if status is None else os.waitstatus_to_exitcode(status)
    return {"code": code, "said": said.read_text(errors="replace"), "seconds": time.monotonic() - began}


def _become(file: Path, said: Path) -> None:
    code = 1
    try:
        os.setsid()
        output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(file.parent)
        sys.path.insert(0, str(file.parent))
        sys.argv = [str(file)]
        sleep = time.sleep
        time.sleep = lambda seconds: sleep(min(seconds, _LONGEST_SLEEP_SECONDS))
        from orchestrator.sdk.timing import pace

        with pace.hurried():
            runpy.run_path(str(file), run_name="__main__")
        from orchestrator.sdk.recording.delivery import _flush_all

        _flush_all()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0) if isinstance(end.code, int | None) else 1
    except BaseException:  # noqa: BLE001 - whatever it is, it is told
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _ended(pid: int, deadline: float) -> int | None:
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(0.005)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def main(files: list[str]) -> None:
    """Execute these scripts, one after the other, and print what came of each as JSON."""
    import asyncio  # noqa: F401 - so that it is there in every fork
    import logging  # noqa: F401

    import orchestrator

    for name in ("flow", "task", "get_run_logger", "tags"):
        getattr(orchestrator, name)
    print(json.dumps({name: execute(Path(name)) for name in files}))


if __name__ == "__main__":
    main(sys.argv[1:])
