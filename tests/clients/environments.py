"""Virtual environments for the real clients: apart from ours, made once, below the checkout."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PREFECT3 = Path(__file__).resolve().parent / "prefect3" / "requirements.txt"


class NotInstallable(Exception):
    """The client could not be installed, for example because there is no network."""


def python_with(requirements: Path, *, name: str) -> Path:
    """The interpreter of an environment that holds these requirements; made when it is not there yet.

    Others who want it meanwhile, in other processes, wait until it is made. Raises NotInstallable.
    """
    directory = ROOT / ".venv-clients" / name
    directory.parent.mkdir(exist_ok=True)
    with (directory.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _made(directory, requirements)


def _made(directory: Path, requirements: Path) -> Path:
    python, stamp = directory / "bin" / "python", directory / "stamp"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    _run(sys.executable, "-m", "venv", "--clear", str(directory))
    _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements))
    stamp.write_text(wanted)
    return python


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotInstallable(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"{command} failed")
