"""What must hold on the server's side: settings and database. `facts` are those of the command `set_up_facts`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from orchestrator.cli.checks import is_loopback
from orchestrator.cli.doctor.findings import Finding, ok, problem, warning

Facts = Mapping[str, Any]

LEAST_DJANGO = (5, 0)
LEAST_SQLITE = (3, 35)
LEAST_POSTGRESQL = 13
SHORT_KEY = 32  # characters
OTHER_CONNECTIONS = 12  # of the services, the pulse and the tail, for each server


def versions(facts: Facts) -> Finding:
    django = facts["django"]
    if _numbers(django) < LEAST_DJANGO:
        return problem("versions", f"Django {django}", "Install what requirements.txt names.")
    return ok("versions", f"Orchestrator {facts['version']}, Django {django}")


def who_may_call(facts: Facts, listens_on: str | None = None) -> Finding:
    """`listens_on` is the host of the address at which the server is met, None when it is not known."""
    settings = facts["settings"]
    public = urlsplit(settings["public_url"]).hostname or ""
    reached = [host for host in (public, listens_on or "") if host and not is_loopback(host)]
    if settings["asks_who_calls"]:
        return ok("access", "the API asks who calls")
    if reached or "*" in settings["allowed_hosts"]:
        where = reached[0] if reached else "any name"
        return problem(
            "access",
            f"the server answers to {where} and asks nobody who they are: whoever reaches it may do everything",
            "Set ORCHESTRATOR_API_AUTH=required and make keys, or ORCHESTRATOR_API_AUTH_STRING=user:password.",
        )
    return ok("access", "open, and only for this machine")


def addresses_agree(facts: Facts) -> Finding:
    settings = facts["settings"]
    url, hosts = settings["public_url"], settings["allowed_hosts"]
    host = urlsplit(url).hostname or ""
    known = any(one in ("*", host, f"[{host}]") or (one.startswith(".") and host.endswith(one)) for one in hosts)
    if not known:
        return problem(
            "addresses",
            f"the server refuses its own public name: {host} is not among {', '.join(hosts)}",
            f"Add {host} to ORCHESTRATOR_ALLOWED_HOSTS, or correct ORCHESTRATOR_PUBLIC_URL ({url}).",
        )
    if urlsplit(url).scheme == "http" and not is_loopback(host):
        advice = "Put a proxy with TLS in front, and set ORCHESTRATOR_PUBLIC_URL=https://…"
        return warning("addresses", f"{url} is not encrypted: keys and passwords can be read on the way", advice)
    return ok("addresses", f"public address {url}")


def debug_is_off(facts: Facts) -> Iterator[Finding]:
    if facts["settings"]["debug"]:
        found = "ORCHESTRATOR_DEBUG is on: errors show settings and code to whoever calls"
        yield problem("debug", found, "Unset ORCHESTRATOR_DEBUG.")


def keys_are_shared(facts: Facts, environment: Mapping[str, str]) -> Iterator[Finding]:
    """`environment` is the server's. Keys that are made in the data directory are that one host's."""
    if facts["settings"]["secret_key_length"] < SHORT_KEY:
        found = f"ORCHESTRATOR_SECRET_KEY has {facts['settings']['secret_key_length']} characters"
        yield warning("keys", found, f"Use {SHORT_KEY} random characters or more, or unset it: one is made.")
    missing = [
        name for name in ("ORCHESTRATOR_SECRET_KEY", "ORCHESTRATOR_ENCRYPTION_KEYS") if not environment.get(name)
    ]
    if facts["database"]["kind"] == "postgresql" and missing:
        yield warning(
            "keys",
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} made on each host anew, where a second "
            "host on this database could not read the secrets of the first",
            "Fine for one host, as long as the data directory is kept. For several, set both.",
        )
        return
    yield ok("keys", "the secret key and the encryption key are there")


def database_answers(facts: Facts) -> Finding:
    database = facts["database"]
    if database["error"]:
        return problem("database", f"{database['name']}: {database['error']}", "Start it, or correct DATABASE_URL.")
    version = database["version"]
    if database["kind"] == "sqlite" and _numbers(version) < LEAST_SQLITE:
        return problem("database", f"SQLite {version}", "Use a Python with SQLite 3.35 or newer.")
    if database["kind"] == "postgresql" and _numbers(version)[0] < LEAST_POSTGRESQL:
        return problem("database", f"PostgreSQL {version}", f"Use PostgreSQL {LEAST_POSTGRESQL} or newer.")
    return ok("database", f"{database['name']}, version {version}")


def migrations_are_applied(facts: Facts) -> Finding:
    pending, unknown = facts["database"]["pending"], facts["database"]["unknown"]
    if unknown:
        found = f"the database was made by a newer version: {', '.join(unknown)}"
        return problem("migrations", found, "Install the newer version here, too.")
    if pending:
        some = ", ".join(pending[:3]) + (" …" if len(pending) > 3 else "")
        advice = "Start the server anew, or: orchestrator server database upgrade"
        return problem("migrations", f"{len(pending)} are pending: {some}", advice)
    return ok("migrations", "all are applied")


def sqlite_is_safe(facts: Facts, file_system: str | None) -> Iterator[Finding]:
    """One host, one web process, a local disk."""
    from orchestrator.cli.doctor.checks.machine import OVER_THE_NETWORK

    database = facts["database"]
    processes = len(database["web_processes"])
    if file_system in OVER_THE_NETWORK:
        found = f"{database['file']} is on a network file system ({file_system}), where SQLite loses data"
        yield problem("SQLite", found, "Move it to a local disk, or use PostgreSQL: DATABASE_URL=postgres://…")
    if str(database["journal_mode"]).lower() != "wal":
        found = f"journal mode {database['journal_mode']}: readers and writers keep each other waiting"
        yield problem(
            "SQLite", found, "The file must be on a file system that can map memory; move it to a local disk."
        )
    if processes > 1:
        yield problem(
            "SQLite",
            f"{processes} web processes use {database['file']}: they wait for each other, and live pages miss what "
            "the others do",
            "Run one server on it, or several on PostgreSQL and Redis: DATABASE_URL and REDIS_URL.",
        )
    elif file_system not in OVER_THE_NETWORK and str(database["journal_mode"]).lower() == "wal":
        yield ok("SQLite", "one server, write-ahead log, local disk")


def postgresql_has_room(facts: Facts) -> Iterator[Finding]:
    database, threads = facts["database"], facts["settings"]["http_threads"]
    servers = max(1, len(database["web_processes"]))
    needed = servers * (threads + OTHER_CONNECTIONS)
    most, used = database["most_connections"], database["used_connections"]
    if needed > most:
        found = f"max_connections is {most}; {servers} web processes of {threads} threads may need {needed}"
        yield problem("connections", found, "Raise max_connections, or lower ORCHESTRATOR_HTTP_THREADS.")
    elif used > 0.8 * most:
        yield warning("connections", f"{used} of {most} are in use", "See who holds them, or raise max_connections.")
    else:
        yield ok("connections", f"{used} of {most} are in use")
    if database["isolation"] != "read committed":
        found = f"default_transaction_isolation is {database['isolation']}; the server relies on read committed"
        yield problem("isolation", found, "Set it back for the user or the database of DATABASE_URL.")


def processes_hear_each_other(facts: Facts) -> Iterator[Finding]:
    """Log lines go from one web process to the pages of another by Redis."""
    processes = len(facts["database"]["web_processes"])
    if processes > 1 and not facts["settings"]["redis_url"]:
        found = f"{processes} web processes without Redis: workers of one host are not woken by another, and live logs"
        yield problem("several processes", f"{found} stay with the process that received them", "Set REDIS_URL.")


def _numbers(version: str) -> tuple[int, ...]:
    words = version.split(" ")[0].split(".")[:2]
    return tuple(int("".join(sign for sign in word if sign.isdigit()) or 0) for word in words)
