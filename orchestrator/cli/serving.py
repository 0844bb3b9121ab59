"""From a plan to a running server: checks, migration, processes, banner."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from tempfile import TemporaryFile

from orchestrator.cli.checks import CannotStart, check_home, check_python, is_loopback, listen
from orchestrator.cli.health import is_healthy
from orchestrator.cli.migrating import is_new, is_up_to_date, remember_up_to_date
from orchestrator.cli.pidfile import AlreadyRunning, PidFile, find_running
from orchestrator.cli.places import home, log_file, pid_file
from orchestrator.cli.processes import Program, python_command
from orchestrator.cli.supervisor import FailedToStart, Stopped, Supervisor
from orchestrator.cli.web_processes import Sharing, how_many, web_programs
from orchestrator.contract.services import SERVICES

READY_SECONDS = 60.0
Say = Callable[[str], object]

_EMBEDDED_KEY = "ORCHESTRATOR_EMBEDDED_WORKER_KEY"
# A worker is on another side than the server: it gets no way to the database.
_NOT_FOR_WORKERS = (
    "DATABASE_URL",
    "DJANGO_SETTINGS_MODULE",
    "ORCHESTRATOR_ENCRYPTION_KEYS",
    "ORCHESTRATOR_SECRET_KEY",
    _EMBEDDED_KEY,
    "REDIS_URL",
)


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """What `server start` was asked for."""

    host: str
    port: int  # 0: any free one
    worker: bool = True
    services: tuple[str, ...] = tuple(SERVICES)  # those that beat starts
    concurrency: int = 2
    web_processes: int | None = None  # None: as many as the machine and the database are good for


def serve(plan: ServerPlan, *, say: Say) -> int:
    """Run a server in the foreground until it is told to stop; returns the exit code. Raises CannotStart."""
    check_python()
    check_home(home())
    web_processes = how_many(plan.web_processes, os.environ)
    lock = PidFile(pid_file())
    try:
        lock.take()
    except AlreadyRunning as other:
        where = f" at {other.running.url} (process {other.running.pid})" if other.running else ""
        raise CannotStart(f"A server already runs from {home()}{where}.") from None
    try:
        with listen(plan.host, plan.port) as listener, TemporaryFile() as loads:
            sharing = Sharing(listener.fileno(), loads.fileno(), web_processes)
            return _supervise(plan, listener.getsockname()[1], sharing, lock, say)
    finally:
        lock.let_go()


def serve_in_background(plan: ServerPlan, *, say: Say) -> int:
    """Start a server that goes on by itself; returns 0 when it is ready. Raises CannotStart."""
    check_python()
    check_home(home())
    how_many(plan.web_processes, os.environ)
    if (running := find_running(pid_file())) is not None:
        raise CannotStart(f"A server already runs from {home()} at {running.url} (process {running.pid}).")
    listen(plan.host, plan.port).close()
    switches = [] if plan.worker else ["--no-worker"]
    switches += ["--services", ",".join(plan.services)] if plan.services else ["--no-services"]
    if plan.web_processes is not None:
        switches += ["--web-processes", str(plan.web_processes)]
    command = python_command("-m", "orchestrator", "server", "start", "--host", plan.host, "--port", str(plan.port))
    with log_file().open("w") as log:
        process = subprocess.Popen(
            [*command, "--workers", str(plan.concurrency), *switches],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        running = find_running(pid_file())
        if running is not None and running.pid == process.pid and is_healthy(running.url):
            say(banner(running.url, worker=plan.worker, services=plan.services))
            say(f"Process {process.pid}, log in {log_file()}. Stop it with: orchestrator server stop")
            return 0
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise CannotStart(f"The server did not start: {last_words()} (log: {log_file()})")


def last_words() -> str:
    """Why a server that talks to its log did not start: its last line, and the one before, in which the process that
    failed gives its own reason."""
    lines = log_file().read_text(errors="replace").strip().splitlines()[-2:]
    return " ".join(line.strip().removeprefix("Error: ") for line in lines) or "it said nothing"


def _supervise(plan: ServerPlan, port: int, sharing: Sharing, lock: PidFile, say: Say) -> int:
    url = f"http://{_reachable(plan.host)}:{port}"
    environment = _environment(plan, url) | {"ORCHESTRATOR_WEB_PROCESSES": str(sharing.processes)}
    if not is_loopback(plan.host) and not _has_authentication(environment):
        say(
            f"Warning: {plan.host} can be reached from other machines, and whoever reaches it may do everything. "
            "Set ORCHESTRATOR_API_AUTH_STRING=user:password."
        )
    with Supervisor(lambda line: say(line)) as supervisor:
        try:
            database_url = environment.get("DATABASE_URL") or None
            new = is_new(database_url)
            if not new:
                _migrate(supervisor, environment, database_url)
            web, *more = web_programs(sharing, environment, makes_database=new)
            supervisor.start(web)
            # The socket accepts before the web process does, so an early question is not answered: ask anew soon.
            supervisor.wait_until(lambda: is_healthy(url, timeout_seconds=0.2), timeout_seconds=READY_SECONDS)
            if new:
                remember_up_to_date(database_url)
        except Stopped:
            return 130
        except FailedToStart as error:
            raise CannotStart(str(error)) from None
        for program in more:  # they join in as soon as they can: what is done once, the first has done
            supervisor.start(program)
        lock.write(url)
        say(banner(url, worker=plan.worker, services=plan.services))
        if plan.worker:
            supervisor.start(_worker(plan, url, environment))
        if plan.services:
            supervisor.start(_services(environment))
            supervisor.start(_beat(environment))
        supervisor.watch()
        say("Stopping …")
        supervisor.stop()
        say("Stopped.")
    return 0


def _migrate(supervisor: Supervisor, environment: dict[str, str], database_url: str | None) -> None:
    if is_up_to_date(database_url):
        return
    command = python_command("-m", "django", "migrate", "--skip-checks", "--verbosity", "0", "--no-input")
    status = supervisor.run(Program("migration", command, environment))
    if status != 0:
        raise FailedToStart("The database could not be brought up to date; the lines above say why.")
    remember_up_to_date(database_url)


def _worker(plan: ServerPlan, url: str, environment: dict[str, str]) -> Program:
    own = {name: value for name, value in environment.items() if name not in _NOT_FOR_WORKERS}
    own["ORCHESTRATOR_API_URL"] = f"{url}/api"
    own["ORCHESTRATOR_BROKER_URL"] = environment.get("REDIS_URL") or f"sqlite+file://{home()}/broker.db"
    if not (own.get("ORCHESTRATOR_API_KEY") or own.get("ORCHESTRATOR_API_AUTH_STRING")):
        own["ORCHESTRATOR_API_KEY"] = environment[_EMBEDDED_KEY]
    # Several hosts may each start a server on one database: their workers need names of their own.
    name = f"embedded-{socket.gethostname()}"
    options = ("--pool", "default", "--name", name, "--concurrency", str(plan.concurrency))
    return Program(
        name="worker",
        command=python_command("-m", "orchestrator", "worker", "start", *options),
        environment=own,
        # First running flows may end, then they are cut short and handed back.
        stop_signals=((signal.SIGTERM, 4.0), (signal.SIGQUIT, 2.0)),
    )


def _services(environment: dict[str, str]) -> Program:
    # Enough that a long piece of work, such as retention's, holds up none of those that must be quick.
    options = ("--queues", "services", "--pool", "threads", "--concurrency", "4", "--loglevel", "WARNING")
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return Program(
        name="services",
        command=python_command("-m", "celery", "--quiet", "-A", "orchestrator.celery", "worker", *options, *quiet),
        environment=_quiet(environment),
        only_errors=True,
        stop_signals=((signal.SIGTERM, 3.0), (signal.SIGQUIT, 1.0)),
    )


def _beat(environment: dict[str, str]) -> Program:
    options = ("--loglevel", "WARNING", "--pidfile=")
    return Program(
        name="beat",
        command=python_command("-m", "celery", "--quiet", "-A", "orchestrator.celery", "beat", *options),
        environment=_quiet(environment),
        only_errors=True,
        stop_signals=((signal.SIGTERM, 2.0),),
    )


def _environment(plan: ServerPlan, url: str) -> dict[str, str]:
    environment = dict(os.environ)
    environment["ORCHESTRATOR_HOME"] = str(home())
    environment["DJANGO_SETTINGS_MODULE"] = "orchestrator.settings"
    environment.setdefault("ORCHESTRATOR_PUBLIC_URL", url)
    if not is_loopback(plan.host):
        environment.setdefault("ORCHESTRATOR_ALLOWED_HOSTS", "*")  # whoever opens the server may name it as they like
    environment.pop("ORCHESTRATOR_SERVICES_EXCEPT", None)
    environment.pop("ORCHESTRATOR_SERVICES", None)
    if plan.services != tuple(SERVICES):
        environment["ORCHESTRATOR_SERVICES"] = ",".join(plan.services)
    environment[_EMBEDDED_KEY] = secrets.token_urlsafe(32)
    environment["PYTHONUNBUFFERED"] = "1"
    return environment


def _quiet(environment: dict[str, str]) -> dict[str, str]:
    """Celery advises against running as root; whoever does so in a container does so on purpose."""
    return {**environment, "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}


def _has_authentication(environment: dict[str, str]) -> bool:
    if environment.get("ORCHESTRATOR_API_AUTH_STRING"):
        return True
    return environment.get("ORCHESTRATOR_API_AUTH") == "required"


def _reachable(host: str) -> str:
    """An address that this machine can use to reach what listens on `host`."""
    if host in {"", "0.0.0.0"}:
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host


def banner(url: str, *, worker: bool, services: Collection[str]) -> str:
    parts = ((worker, "no flow worker"), (services, "no scheduler and services"))
    missing = [text for there, text in parts if not there]
    left_out = [name for name in SERVICES if name not in services] if services else []
    if len(left_out) > len(services):
        missing.append(f"of the services only {', '.join(services)}")
    elif left_out:
        missing.append(f"no {', '.join(left_out)}")
    lines = [
        "",
        "Orchestrator is ready.",
        "",
        f"  Dashboard   {url}",
        f"  API         {url}/api",
        f"  API docs    {url}/docs",
        f"  Data        {home()}",
        "",
        "  Our SDK:               export ORCHESTRATOR_API_URL=" + f"{url}/api",
        "  Already on Prefect 3:  prefect config set PREFECT_API_URL=" + f"{url}/api",
        "",
    ]
    if missing:
        lines[2:2] = [f"({' and '.join(missing)} on this machine)"]
    return "\n".join(lines)
