"""The code of one run, where its deployment says it is."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import RunStopped
from orchestrator.worker.code.cache import CodeCache
from orchestrator.worker.code.errors import CodeUnavailable
from orchestrator.worker.code.fetching import Fetching
from orchestrator.worker.code.limits import code_home, limits_from
from orchestrator.worker.code.steps import PullSteps
from orchestrator.worker.code.templates import Values


class RunCode:
    """The pull steps of a run, and their values. Made for each run; `stop` ends a fetch that is under way."""

    def __init__(self, deployment: dict[str, Any], *, client: Client, home: Path) -> None:
        self._deployment = deployment
        self._cache = CodeCache(code_home(home))
        self._fetching = Fetching(limits_from())
        self._client = client

    @property
    def is_fetched(self) -> bool:
        """Whether there are steps that bring the code."""
        return bool(self._deployment.get("pull_steps"))

    def stop(self, stop: RunStopped) -> bool:
        return self._fetching.stop(stop)

    def fill(self, values: Any) -> Any:
        """Values with `{{ … }}` in them, with what these stand for. Raises CodeUnavailable."""
        return Values(self._client).fill(values)

    def fetch(self, directory: Path) -> Path:
        """Do the steps, beginning in `directory`, and enter the place they lead to; returns it.

        Raises CodeUnavailable.
        """
        steps = self._steps()
        os.chdir(directory)
        with self._fetching:  # all steps together have the time that one fetch may take
            place = steps.run(self._deployment["pull_steps"]) or Path.cwd()
        if not place.is_dir():
            raise CodeUnavailable(f"The pull steps lead to {place}, which is no directory")
        os.chdir(place)
        if self._cache.has_grown:
            self._cache.make_room(self._fetching.limits.cache_bytes)
        return place

    def text_of_entrypoint(self) -> str | None:
        """The flow's file, to look at; None when it cannot be seen without doing more than fetching code."""
        entrypoint = str(self._deployment.get("entrypoint") or "")
        if not self.is_fetched:
            return _text_of(entrypoint, Path(self._deployment.get("path") or "/").expanduser())
        before = os.getcwd()
        self._cache.home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._cache.home, prefix="look-", ignore_cleanup_errors=True) as directory:
            try:
                os.chdir(directory)
                with self._fetching:
                    place = self._steps().fetch_only(self._deployment["pull_steps"])
                return None if place is None else _text_of(entrypoint, place)
            finally:
                os.chdir(before)

    def _steps(self) -> PullSteps:
        return PullSteps(cache=self._cache, fetching=self._fetching, values=Values(self._client))


def file_of_entrypoint(entrypoint: str, directory: Path) -> Path | None:
    """The file that `path/file.py:flow` or `package.module.flow` names; None when there is no such file."""
    path, colon, _ = entrypoint.rpartition(":")
    if colon and path.endswith(".py"):
        found = directory / path
        return found if found.is_file() else None
    module = path if colon else entrypoint.rpartition(".")[0]
    parts = [part for part in module.split(".") if part]
    if not parts or "/" in module:
        return None
    for found in (directory.joinpath(*parts).with_suffix(".py"), directory.joinpath(*parts, "__init__.py")):
        if found.is_file():
            return found
    return None


def _text_of(entrypoint: str, directory: Path) -> str | None:
    file = file_of_entrypoint(entrypoint, directory)
    try:
        return file.read_text("utf-8", "replace") if file is not None else None
    except OSError:
        return None
