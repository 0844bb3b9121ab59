"""The broker's file: opened when it is new, by many at the same moment, of an older version, or locked."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from orchestrator.broker import message_file
from orchestrator.broker.message_file import open_message_file
from orchestrator.broker.store import MessageStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "broker.db"


def test_makes_the_folder_of_a_new_file(tmp_path):
    with closing(open_message_file(tmp_path / "not" / "there" / "broker.db")) as connection:
        assert connection.execute("SELECT count(*) FROM message").fetchone() == (0,)


def test_opens_a_new_file_for_all_who_come_at_the_same_moment(tmp_path):
    at_once = threading.Barrier(4, timeout=20)

    def open_it(path):
        at_once.wait()
        with closing(open_message_file(path)) as connection:
            return connection.execute("PRAGMA journal_mode").fetchone()

    with ThreadPoolExecutor(at_once.parties) as others:
        for number in range(60):
            opened = list(others.map(open_it, [tmp_path / f"{number}.db"] * at_once.parties))
            assert opened == [("wal",)] * at_once.parties


def test_gives_up_on_a_new_file_that_stays_locked(path, monkeypatch):
    monkeypatch.setattr(message_file, "BUSY_TIMEOUT_SECONDS", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            open_message_file(path)


def test_reads_a_file_from_before_there_were_priorities(path):
    with closing(sqlite3.connect(path)) as old:
        old.executescript(
            "CREATE TABLE message (id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, payload TEXT NOT NULL,"
            " expires_at REAL, deliveries INTEGER NOT NULL DEFAULT 0, leased_until REAL NOT NULL DEFAULT 0,"
            " holder TEXT);"
            "CREATE INDEX message_by_queue ON message (queue, id);"
            "INSERT INTO message (queue, payload) VALUES ('q', 'kept');"
        )

    assert MessageStore(path).take("q").payload == "kept"
