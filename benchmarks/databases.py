"""What a server keeps its data in: SQLite, or PostgreSQL with Redis. Instances of these are private and empty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from benchmarks.sides import CannotMeasure
from tests import services

SQLITE = "SQLite"
POSTGRESQL = "PostgreSQL"
DATABASES = (SQLITE, POSTGRESQL)


@dataclass(frozen=True)
class Database:
    """`urls` are by side, and empty for SQLite: each server keeps a file in its home. `redis_url` is ours alone:
    Prefect's server as one installs it keeps its messages in memory.
    """

    name: str
    urls: dict[str, str]
    redis_url: str | None = None


@contextmanager
def database(name: str) -> Iterator[Database]:
    """Raises CannotMeasure when PostgreSQL or Redis is not installed."""
    if name == SQLITE:
        yield Database(SQLITE, {})
        return
    if not (services.has_postgres() and services.has_redis()):
        raise CannotMeasure("PostgreSQL or Redis is not installed (Debian: apt-get install postgresql redis-server).")
    with services.postgres(durable=True) as url, services.redis() as redis_url:
        others = url.rpartition("/")[0]
        with psycopg.connect(f"{others}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE prefect")
        yield Database(POSTGRESQL, {"ours": url, "prefect": f"{others}/prefect"}, redis_url)


def gather_statistics(database: Database, side: str) -> None:
    """What PostgreSQL's planner knows of a side's tables is up to date afterwards. SQLite needs none."""
    if url := database.urls.get(side):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")
