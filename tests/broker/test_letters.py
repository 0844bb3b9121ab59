"""Letters from one process to another, on the embedded broker."""

import queue

import pytest

from orchestrator.broker import broker_url
from orchestrator.broker.letters import Mailbox, Poster
from orchestrator.broker.signing import Signer

SIGNER = Signer("a key")


@pytest.fixture
def url(tmp_path):
    return broker_url(tmp_path / "broker.db")


@pytest.fixture
def mailbox(url):
    read, unsigned = queue.Queue(), queue.Queue()
    box = Mailbox(
        url,
        "replies.1",
        SIGNER,
        read=read.put,
        unsigned=unsigned.put,
        look=lambda: None,
        reconnected=lambda: None,
    )
    box.letters, box.strange = read, unsigned
    box.start()
    yield box
    box.close()


def test_brings_letters_in_order(url, mailbox):
    poster = Poster(url, SIGNER)

    sent = [poster.send("replies.1", {"number": number}) for number in range(3)]

    assert sent == [True, True, True]
    assert [mailbox.letters.get(timeout=5) for _ in range(3)] == [{"number": 0}, {"number": 1}, {"number": 2}]
    poster.close()


def test_keeps_apart_what_another_key_signed(url, mailbox):
    stranger, friend = Poster(url, Signer("another key")), Poster(url, SIGNER)

    stranger.send("replies.1", {"from": "stranger"})
    friend.send("replies.1", {"from": "friend"})

    assert mailbox.letters.get(timeout=5) == {"from": "friend"}
    assert mailbox.strange.get(timeout=5) == {"from": "stranger"}
    assert mailbox.letters.empty()
    stranger.close()
    friend.close()


def test_goes_on_after_a_letter_that_cannot_be_read(url, mailbox):
    poster = Poster(url, SIGNER)
    poster._publish("replies.1", ["no letter"])

    poster.send("replies.1", {"number": 1})

    assert mailbox.letters.get(timeout=5) == {"number": 1}
    poster.close()


def test_leaves_nothing_behind(url, mailbox, tmp_path):
    poster = Poster(url, SIGNER)
    poster.send("replies.1", {})
    mailbox.letters.get(timeout=5)
    poster.close()

    mailbox.close()

    assert not (tmp_path / "broker.db.bells" / "replies.1").exists()


def test_says_when_the_broker_does_not_take_a_letter(tmp_path):
    (tmp_path / "file").touch()
    poster = Poster(broker_url(tmp_path / "file" / "broker.db"), SIGNER)

    assert poster.send("replies.1", {}, patience_seconds=0) is False
