"""A new database: made at once, it is what the migrations make of it one after the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from orchestrator.upkeep.management.commands import migrate
from orchestrator.upkeep.new_databases import is_new

ROOT = Path(__file__).resolve().parent.parent.parent
WAYS = ("at_once", "step_by_step", "back_and_forth")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Any]]:
    """What is in a database that was made in this way, on the kind of server that the tests use."""
    known: dict[str, dict[str, Any]] = {}

    def facts(way: str) -> dict[str, Any]:
        if way not in known:
            home = tmp_path_factory.mktemp(way)
            with _empty_database(way, home) as url:
                known[way] = _run(way, {"ORCHESTRATOR_HOME": str(home), "DATABASE_URL": url})
        return known[way]

    return facts


@pytest.mark.parametrize("what", ["tables", "migrations", "pools"])
@pytest.mark.parametrize("way", WAYS[1:])
def test_is_the_same_as_step_by_step(made: Callable[[str], dict[str, Any]], way: str, what: str) -> None:
    assert made("at_once")[what] == made(way)[what]


def test_has_as_many_rows_as_step_by_step(made: Callable[[str], dict[str, Any]]) -> None:
    rows, others = made("at_once")["rows"], made("step_by_step")["rows"]

    assert {table for table in rows if rows[table] != others[table]} <= {"django_celery_beat_intervalschedule"}
    assert rows["deployments_workqueue"] == 1


@pytest.mark.django_db
def test_is_new_only_while_it_has_nothing() -> None:
    with_tables_and_migrations = is_new(connection)
    MigrationRecorder(connection).flush()

    assert not with_tables_and_migrations
    assert not is_new(connection)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "makes"),
    [
        ([], True),
        (["--plan"], False),
        (["--check"], False),
        (["--fake"], False),
        (["runs"], False),  # of one app alone, with what that depends on
    ],
)
def test_is_made_only_where_everything_is_wanted(
    asked: list[str], makes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    monkeypatch.setattr(migrate, "is_new", lambda connection: True)
    monkeypatch.setattr(migrate, "make_tables", lambda connection, **_: made.append(connection))

    call_command("migrate", *asked, verbosity=0)

    assert bool(made) == makes


@contextmanager
def _empty_database(name: str, home: Path) -> Iterator[str]:
    """Its address."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{home}/orchestrator.db"
        return
    name = f"made_{name}_{os.getpid()}"
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _run(way: str, environment: dict[str, str]) -> dict[str, Any]:
    variables = {**os.environ, "DJANGO_SETTINGS_MODULE": "orchestrator.settings", **environment}
    command = [sys.executable, "-m", "tests.upkeep.databases", way]
    done = subprocess.run(command, cwd=ROOT, env=variables, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts
