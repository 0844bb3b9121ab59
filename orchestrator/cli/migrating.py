"""Bringing the database up to date, and skipping that when nothing can have changed since the last time."""

from __future__ import annotations

import hashlib
import sqlite3
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from orchestrator.cli.places import home, migration_stamp

_MIGRATED = ("**/migrations/*.py", "store/data/*.json")  # below each app: what `migrate` brings into the database
_APPS = ("orchestrator", "runs", "deployments", "automations", "django_celery_beat")


def is_new(database_url: str | None) -> bool:
    """True when the SQLite file beside the data is still to be made. Other databases are asked."""
    return not database_url and not (home() / "orchestrator.db").exists()


def is_up_to_date(database_url: str | None) -> bool:
    """True when the SQLite file beside the data has had exactly these migrations. Other databases are asked."""
    if database_url:
        return False
    try:
        return migration_stamp().read_text() == _fingerprint()
    except (OSError, sqlite3.Error):
        return False


def remember_up_to_date(database_url: str | None) -> None:
    if not database_url:
        migration_stamp().write_text(_fingerprint())


def _fingerprint() -> str:
    """Changes with any file that `migrate` reads, with Django, and with what the database says was applied."""
    digest = hashlib.sha256(version("Django").encode())
    for app in _APPS:
        spec = find_spec(app)
        for place in (spec.submodule_search_locations or []) if spec else []:
            for files in _MIGRATED:
                for file in sorted(Path(place).glob(files)):
                    facts = file.stat()
                    digest.update(f"{file}:{facts.st_size}:{facts.st_mtime_ns}\n".encode())
    with sqlite3.connect(f"file:{home() / 'orchestrator.db'}?mode=ro", uri=True) as connection:
        applied = connection.execute("SELECT count(*), max(id), max(applied) FROM django_migrations").fetchone()
    connection.close()
    digest.update(repr(applied).encode())
    return digest.hexdigest()
