"""The pull steps of a deployment, with the meaning that they have for Prefect, and one of ours.

| Step | What it does |
|---|---|
| `git_clone`, `git_clone_project` | a checkout of a repository |
| `pull_from_remote_storage` | a copy of a directory of a storage |
| `pull_with_block` | what a block leads to: a directory, a storage, or a repository |
| `fetch_archive` (ours) | an unpacked zip or tar file |
| `set_working_directory` | enters a directory |
| `run_shell_script` | runs commands, one in each line |
| `pip_install_requirements` | installs into the worker's environment |

Each is a function of the step's inputs and gives an object for later steps. Relative places begin in the process's
working directory, which is the run's own.
"""

from __future__ import annotations

import os
import shlex
import shutil
import string
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from orchestrator.worker.code.archives import archive_source, unpacked
from orchestrator.worker.code.blocks import COPY, step_of_block
from orchestrator.worker.code.cache import CodeCache
from orchestrator.worker.code.errors import CodeUnavailable
from orchestrator.worker.code.fetching import Fetching, size_below
from orchestrator.worker.code.git import checked_out, git_source
from orchestrator.worker.code.hiding import hidden
from orchestrator.worker.code.remote import copied, remote_source
from orchestrator.worker.code.templates import Values

_PREFIXES = ("prefect.deployments.steps.", "prefect.projects.steps.", "orchestrator.steps.")
_MODULES = ("pull.", "utility.", "core.")
_RESERVED = ("id", "requires")
_KEPT_OUTPUT_BYTES = 1024 * 1024


class PullSteps:
    """The steps of one run, done one after the other in the current directory."""

    def __init__(self, *, cache: CodeCache, fetching: Fetching, values: Values) -> None:
        self._cache = cache
        self._fetching = fetching
        self._values = values
        self._functions: dict[str, Callable[..., dict[str, Any]]] = {
            "git_clone": self._git_clone,
            "agit_clone": self._git_clone,
            "git_clone_project": self._git_clone,
            "pull_from_remote_storage": self._pull_from_remote_storage,
            "pull_with_block": self._pull_with_block,
            "fetch_archive": self._fetch_archive,
            "set_working_directory": self._set_working_directory,
            "run_shell_script": self._run_shell_script,
            "pip_install_requirements": self._pip_install_requirements,
        }

    def check(self, steps: Sequence[Any]) -> list[tuple[str, dict[str, Any]]]:
        """Names and inputs of the steps. Raises CodeUnavailable before anything was done when one is not known."""
        return [self._named(step) for step in steps if step]

    def run(self, steps: Sequence[Any]) -> Path | None:
        """Do all of them; the directory that the last one that names any gives. None when none does."""
        directory: Path | None = None
        for name, inputs in self.check(steps):
            output = self._do(name, inputs)
            if inputs.get("id"):
                self._values.steps[str(inputs["id"])] = output
            self._values.steps.update(output)
            if output.get("directory"):
                directory = Path(output["directory"]).absolute()
        return directory

    def fetch_only(self, steps: Sequence[Any]) -> Path | None:
        """Do those at the beginning that only fetch code, to look at it. Steps that nobody knows end it too."""
        fetching = {
            "git_clone",
            "agit_clone",
            "git_clone_project",
            "pull_from_remote_storage",
            "pull_with_block",
            "fetch_archive",
            "set_working_directory",
        }
        known = []
        for step in steps:
            try:
                name, _ = self._named(step)
            except CodeUnavailable:
                break
            if name not in fetching:
                break
            known.append(step)
        return self.run(known)

    def _named(self, step: Any) -> tuple[str, dict[str, Any]]:
        if not isinstance(step, Mapping) or len(step) != 1:
            raise CodeUnavailable("A pull step must be an object with one key, the name of the step")
        name, inputs = next(iter(step.items()))
        short = str(name)
        for prefix in _PREFIXES:
            if short.startswith(prefix):
                short = short.removeprefix(prefix)
                for module in _MODULES:
                    short = short.removeprefix(module)
                break
        else:
            short = ""
        if short not in self._functions:
            raise CodeUnavailable(
                f"The pull step {name!r} is not known here; known are {', '.join(sorted(set(self._functions)))}"
            )
        if not isinstance(inputs or {}, Mapping):
            raise CodeUnavailable(f"The inputs of the pull step {name!r} must be an object")
        return short, dict(inputs or {})

    def _do(self, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        inputs = {key: value for key, value in inputs.items() if key not in _RESERVED}
        try:
            filled = self._values.fill(inputs)
            # A key without a value is as good as none.
            return self._functions[name](**{key: value for key, value in filled.items() if value is not None})
        except CodeUnavailable as error:
            raise CodeUnavailable(hidden(str(error), self._values.secrets)) from None
        except TypeError as error:
            said = str(error).replace("PullSteps._", "")
            raise CodeUnavailable(f"The pull step {name!r} was given wrong inputs: {said}") from None
        except OSError as error:
            said = hidden(f"{error.strerror}: {error.filename}", self._values.secrets)
            raise CodeUnavailable(f"The pull step {name!r} failed: {said}") from None

    # --- code

    def _git_clone(
        self,
        repository: str,
        branch: str | None = None,
        tag: str | None = None,
        commit_sha: str | None = None,
        include_submodules: bool = False,
        access_token: str | None = None,
        credentials: Any = None,
        directories: list[str] | None = None,
        clone_directory_name: str | None = None,
    ) -> dict[str, Any]:
        if access_token and credentials:
            raise CodeUnavailable("Give an access_token or credentials for the repository, but not both")
        if branch and tag:
            raise CodeUnavailable("Give a branch or a tag, but not both")
        source = git_source(
            repository,
            ref=branch or tag,
            commit=commit_sha,
            directories=directories,
            submodules=include_submodules,
            credentials=access_token or credentials,
        )
        target = self._new_directory(clone_directory_name or source.name)
        commit = checked_out(source, target, cache=self._cache, fetching=self._fetching)
        print(f"The code is commit {commit} of {source.url}", flush=True)
        return {"directory": target.name, "commit_sha": commit}

    def _pull_from_remote_storage(self, url: str, **settings: Any) -> dict[str, Any]:
        source = remote_source(url, settings)
        target = self._new_directory(source.name)
        copied(source, target, cache=self._cache, fetching=self._fetching)
        return {"directory": target.name}

    def _pull_with_block(self, block_type_slug: str, block_document_name: str) -> dict[str, Any]:
        name, inputs = step_of_block(block_type_slug, block_document_name, values=self._values)
        if name != COPY:
            return self._functions[name](**inputs)
        source = Path(str(inputs["directory"])).expanduser()
        with self._fetching:
            self._fetching.check(size_below(source))
            target = self._new_directory(source.name or "code")
            shutil.copytree(source, target, symlinks=True)
        return {"directory": target.name}

    def _fetch_archive(
        self,
        url: str,
        sha256: str | None = None,
        access_token: str | None = None,
        directory: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """`directory` is one in the archive. An archive of nothing but one directory stands for that directory."""
        source = archive_source(url, sha256=sha256, token=access_token, settings=settings)
        target = self._new_directory("archive")
        digest = unpacked(source, target, cache=self._cache, fetching=self._fetching)
        print(f"The code is the archive with SHA-256 {digest}", flush=True)
        content = list(target.iterdir())
        inside = target
        if directory is not None:
            inside = target / directory
            if not inside.resolve().is_relative_to(target.resolve()) or not inside.is_dir():
                raise CodeUnavailable(f"The archive has no directory {directory!r}")
        elif len(content) == 1 and content[0].is_dir() and not content[0].is_symlink():
            inside = content[0]
        return {"directory": str(inside.relative_to(target.parent)), "sha256": digest}

    def _set_working_directory(self, directory: str) -> dict[str, Any]:
        os.chdir(os.path.expanduser(directory))
        return {"directory": os.getcwd()}

    def _new_directory(self, name: str) -> Path:
        """A place for code in the current directory. One of the name that is there already is taken out of the way."""
        if not name or name in (".", "..") or "/" in name or "\\" in name or "\0" in name:
            raise CodeUnavailable(f"{name!r} is no name for a directory")
        target = Path.cwd() / name
        number = 1
        while target.exists() or target.is_symlink():
            number += 1
            target = Path.cwd() / f"{name}-{number}"
        return target

    # --- commands

    def _run_shell_script(
        self,
        script: str,
        directory: str | None = None,
        env: dict[str, Any] | None = None,
        stream_output: bool = True,
        expand_env_vars: bool = False,
        shell: bool = False,
    ) -> dict[str, Any]:
        environment = {**os.environ, **{name: str(value) for name, value in (env or {}).items()}}
        said: dict[str, list[str]] = {"stdout": [], "stderr": []}
        for line in script.splitlines():
            text = string.Template(line).safe_substitute(environment) if expand_env_vars else line
            if not text.strip():
                continue
            try:
                command = ["/bin/sh", "-c", text] if shell else shlex.split(text)
            except ValueError as error:
                raise CodeUnavailable(f"The script of run_shell_script cannot be read: {error}") from None
            if command:
                self._command("run_shell_script", command, directory, environment, stream_output, said)
        return {name: "".join(parts).strip() for name, parts in said.items()}

    def _pip_install_requirements(
        self, directory: str | None = None, requirements_file: str = "requirements.txt", stream_output: bool = True
    ) -> dict[str, Any]:
        said: dict[str, list[str]] = {"stdout": [], "stderr": []}
        command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "-r", requirements_file]
        self._command("pip_install_requirements", command, directory, dict(os.environ), stream_output, said)
        return {name: "".join(parts).strip() for name, parts in said.items()}

    def _command(
        self,
        step: str,
        command: list[str],
        directory: str | None,
        environment: dict[str, str],
        shows: bool,
        said: dict[str, list[str]],
    ) -> None:
        """Run a program to its end. What it says is shown, and kept for later steps up to a bound."""
        with (
            self._fetching,
            subprocess.Popen(
                command,
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ) as process,
        ):
            readers = [
                threading.Thread(target=_read, args=(stream, descriptor, said[name], shows), daemon=True)
                for stream, descriptor, name in ((process.stdout, 1, "stdout"), (process.stderr, 2, "stderr"))
            ]
            for reader in readers:
                reader.start()
            try:
                while True:
                    try:
                        process.wait(0.2)
                        break
                    except subprocess.TimeoutExpired:
                        self._fetching.check()
            except BaseException:
                process.kill()
                raise
            for reader in readers:
                reader.join(2.0)
        if process.returncode != 0:
            lines = "".join(said["stderr"]).strip().splitlines()
            why = f": {lines[-1]}" if lines else ""
            raise CodeUnavailable(f"The pull step {step!r} failed with exit code {process.returncode}{why}")


def _read(stream: IO[bytes] | None, descriptor: int, kept: list[str], shows: bool) -> None:
    size = 0
    for line in stream or ():
        if shows:
            os.write(descriptor, line)
        size += len(line)
        if size <= _KEPT_OUTPUT_BYTES:
            kept.append(line.decode("utf-8", "backslashreplace"))
