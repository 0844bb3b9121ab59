"""Whether somebody reads a queue: on the embedded broker, and on Redis."""

import os
import signal
import time

import pytest

from orchestrator.broker import broker_url, presence
from orchestrator.broker.letters import Mailbox, Poster, connect
from orchestrator.broker.presence import Presence, is_read
from orchestrator.broker.signing import Signer

SIGNER = Signer("a key")
QUEUE = "replies.1"


@pytest.fixture(params=["embedded", "redis"])
def url(request, tmp_path):
    return broker_url(tmp_path / "broker.db") if request.param == "embedded" else request.getfixturevalue("redis_url")


@pytest.fixture
def connection(url):
    with connect(url) as connection:
        yield connection


def test_is_there_from_the_first_renewal_to_the_end(connection):
    mark = Presence(QUEUE, SIGNER)
    before = is_read(connection, QUEUE, SIGNER)

    mark.renew(connection)
    mark.renew(connection)
    during = is_read(connection, QUEUE, SIGNER), is_read(connection, "replies.2", SIGNER)
    mark.end(connection)

    assert (before, during, is_read(connection, QUEUE, SIGNER)) == (False, (True, False), False)


def test_is_that_of_a_mailbox(url):
    box = Mailbox(url, QUEUE, SIGNER, read=print, unsigned=print, look=lambda: None, reconnected=lambda: None)
    poster = Poster(url, SIGNER)

    box.start()
    assert box.is_reading.wait(5)
    while_it_reads = poster.is_read(QUEUE)
    box.close()

    assert (while_it_reads, poster.is_read(QUEUE)) == (True, False)
    poster.close()


def test_ends_with_the_process_that_reads(tmp_path):
    with connect(broker_url(tmp_path / "broker.db")) as connection:
        reading, writing = os.pipe()
        reader = os.fork()
        if not reader:
            mark = Presence(QUEUE, SIGNER)
            mark.renew(connection)
            os.write(writing, b"!")
            signal.pause()
        os.read(reading, 1)
        while_it_lives = is_read(connection, QUEUE, SIGNER)

        os.kill(reader, signal.SIGKILL)
        os.waitpid(reader, 0)

        assert (while_it_lives, is_read(connection, QUEUE, SIGNER)) == (True, False)
        os.close(reading)
        os.close(writing)


def test_is_not_kept_by_a_process_that_was_forked_from_the_reader(tmp_path):
    with connect(broker_url(tmp_path / "broker.db")) as connection:
        mark = Presence(QUEUE, SIGNER)
        mark.renew(connection)
        forked = os.fork()
        if not forked:
            signal.pause()

        try:
            while_it_reads = is_read(connection, QUEUE, SIGNER)
            mark.let_go()
            deadline = time.monotonic() + 20
            while is_read(connection, QUEUE, SIGNER):  # until the new process has got as far as letting go
                assert time.monotonic() < deadline
            assert while_it_reads
        finally:
            os.kill(forked, signal.SIGKILL)
            os.waitpid(forked, 0)


def test_comes_back_when_its_file_was_removed(tmp_path):
    with connect(broker_url(tmp_path / "broker.db")) as connection:
        mark = Presence(QUEUE, SIGNER)
        mark.renew(connection)
        for path in (tmp_path / "broker.db.bells").iterdir():
            path.unlink()
        gone = is_read(connection, QUEUE, SIGNER)

        mark.renew(connection)

        assert (gone, is_read(connection, QUEUE, SIGNER)) == (False, True)
        mark.end(connection)


@pytest.mark.parametrize("word", [b"1", b"{}", b'{"at": "now", "signature": "0"}', b"[]", b"\xff"])
def test_believes_no_word_of_a_stranger(redis_url, word):
    with connect(redis_url) as connection:
        connection.default_channel.client.set(f"{QUEUE}.reader", word)

        assert not is_read(connection, QUEUE, SIGNER)


def test_believes_no_word_of_long_ago_or_of_another_key(redis_url, monkeypatch):
    with connect(redis_url) as connection:
        Presence(QUEUE, SIGNER).renew(connection)
        with_another_key = is_read(connection, QUEUE, Signer("another key"))
        monkeypatch.setattr(presence, "CLOCKS_DIFFER_SECONDS", 0.0)

        assert (with_another_key, is_read(connection, QUEUE, SIGNER)) == (False, False)


def test_is_believed_where_the_broker_cannot_be_asked():
    poster = Poster("redis://127.0.0.1:1/0", SIGNER)

    assert poster.is_read(QUEUE)
