"""What must hold on the machine itself."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.cli.checks import LEAST_PYTHON
from orchestrator.cli.doctor.findings import Finding, ok, problem, warning
from orchestrator.cli.doctor.probes.machine import Machine

SCARCE_BYTES = 1_000_000_000
ALMOST_FULL_BYTES = 200_000_000
OVER_THE_NETWORK = ("nfs", "nfs4", "cifs", "smb", "smb3", "smbfs", "fuse.sshfs", "9p", "ceph", "glusterfs", "afs")


def python_version(machine: Machine) -> Finding:
    version = ".".join(map(str, machine.python))
    if machine.python < LEAST_PYTHON:
        least = ".".join(map(str, LEAST_PYTHON))
        return problem("python", f"Python {version}", f"Use Python {least} or newer.")
    return ok("python", f"Python {version}")


def time_zones(machine: Machine) -> Finding:
    if machine.knows_time_zones:
        return ok("time zones", "time zone data is there")
    advice = "Install the system's time zone data (package tzdata), or `pip install tzdata`."
    return problem("time zones", "there is no time zone data, so no schedule with a zone works", advice)


def disk_space(machine: Machine) -> Finding:
    if machine.free_bytes is None:
        return ok("disk space", "not told by this system")
    free = f"{machine.free_bytes / 1e9:.1f} GB free in {machine.home}"
    if machine.free_bytes < ALMOST_FULL_BYTES:
        return problem("disk space", free, "Free some space now: a full disk stops the database.")
    if machine.free_bytes < SCARCE_BYTES:
        return warning("disk space", free, "Free some space, or keep events and runs for fewer days.")
    return ok("disk space", free)


def secrets_are_private(machine: Machine) -> Iterator[Finding]:
    if machine.home_is_open:
        advice = f"chmod o-w {machine.home}"
        yield problem("private files", f"anybody on this machine may write in {machine.home}", advice)
    for name, mode in machine.readable:
        place = machine.home / name
        yield problem("private files", f"{place} may be read by others ({mode})", f"chmod 600 {place}")
    if not machine.readable and not machine.home_is_open:
        yield ok("private files", f"what is secret in {machine.home} belongs to its owner alone")


def home_on_this_machine(machine: Machine) -> Finding:
    """SQLite, the embedded broker and the lock of the server need locks that work."""
    if machine.file_system in OVER_THE_NETWORK:
        return problem(
            "data directory",
            f"{machine.home} is on a network file system ({machine.file_system}), where locks cannot be trusted",
            "Keep ORCHESTRATOR_HOME on a local disk; several hosts need DATABASE_URL and REDIS_URL.",
        )
    return ok("data directory", f"{machine.home} ({machine.file_system or 'file system not known'})")
