"""Letters from one process to another, on the embedded broker."""

import queue

import pytest

from orchestrator.broker import broker_url, letters
from orchestrator.broker.letters import LIFETIME_SECONDS, Mailbox, Poster, queue_of_letters
from orchestrator.broker.signing import Signer

SIGNER = Signer("a key")


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


@pytest.mark.parametrize(("kind", "expires"), [("amqp", LIFETIME_SECONDS), ("redis", None), ("sqlite", None)])
def test_lets_rabbitmq_remove_a_queue_whose_reader_died_without_a_word(kind, expires):
    assert queue_of_letters("replies.1", kind).expires == expires


@pytest.mark.parametrize(("healthy_after", "pauses"), [(60.0, [0.0, 0.2, 0.4, 0.8]), (-1.0, [0.0, 0.2, 0.2, 0.2])])
def test_is_read_again_soon_when_the_connection_held_for_long(url, monkeypatch, healthy_after, pauses):
    monkeypatch.setattr(letters, "_HEALTHY_SECONDS", healthy_after)
    box = Mailbox(url, "replies.1", SIGNER, read=print, unsigned=print, look=print, reconnected=lambda: None)
    waited = []

    class Waits:
        def wait(self, seconds):
            waited.append(seconds)
            return len(waited) > len(pauses)

        def set(self):
            pass

    def read_from(connection):
        box.is_reading.set()
        raise OSError("broken")

    box._stopped, box._read_from = Waits(), read_from

    box._keep_reading()

    assert waited[: len(pauses)] == pauses


def test_says_when_the_broker_does_not_take_a_letter(tmp_path):
    (tmp_path / "file").touch()
    poster = Poster(broker_url(tmp_path / "file" / "broker.db"), SIGNER)

    assert poster.send("replies.1", {}, patience_seconds=0) is False
