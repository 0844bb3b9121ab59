"""Signatures, and the key that is kept."""

import stat
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from orchestrator.broker.signing import Signer, kept_secret, signer_at
from orchestrator.broker.submissions import keys_to_stop, parcel_of

SIGNER = Signer("a key")


def submission(signer=SIGNER, *, queue="tasks.default", parcel=b"parcel", attempt=1):
    import base64

    parts = (queue.encode(), b"replies.1", b"run", str(attempt).encode(), b"1", b"1000.5", parcel)
    return {
        "key": "run",
        "attempt": attempt,
        "sending": 1,
        "sent_at": 1000.5,
        "reply_to": "replies.1",
        "parcel": base64.b64encode(parcel).decode(),
        "signature": signer.sign("task run", *parts),
    }


def test_knows_its_own_signature():
    signature = SIGNER.sign("greeting", b"hello", b"world")

    assert SIGNER.is_signed(signature, "greeting", b"hello", b"world")


@pytest.mark.parametrize(
    ("purpose", "parts"),
    [
        ("farewell", (b"hello", b"world")),
        ("greeting", (b"hello", b"World")),
        ("greeting", (b"hellow", b"orld")),  # the same letters, moved from one part to the other
        ("greeting", (b"hello", b"world", b"")),
    ],
)
def test_refuses_a_signature_of_anything_else(purpose, parts):
    signature = SIGNER.sign("greeting", b"hello", b"world")

    assert not SIGNER.is_signed(signature, purpose, *parts)


@pytest.mark.parametrize("signature", [None, "", 5, "ünsigned", "0" * 64])
def test_refuses_what_is_no_signature(signature):
    assert not SIGNER.is_signed(signature, "greeting", b"hello")


def test_keeps_one_key_that_only_its_owner_can_read(tmp_path):
    home, numbers = tmp_path / "home", count()
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: kept_secret(home / "signing_key", make=lambda: str(next(numbers))), range(8)))

    assert len(keys) == 1
    assert stat.S_IMODE((tmp_path / "home" / "signing_key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["signing_key"]


def test_signs_with_the_key_that_is_given_else_with_the_one_that_is_kept(tmp_path):
    kept, given = signer_at(tmp_path, key=None).sign("a", b"b"), signer_at(tmp_path, key="a key").sign("a", b"b")

    assert signer_at(tmp_path, key=None).is_signed(kept, "a", b"b")
    assert given == SIGNER.sign("a", b"b") != kept


def test_opens_a_task_run_that_was_signed():
    assert parcel_of(SIGNER, "tasks.default", submission()) == b"parcel"


@pytest.mark.parametrize(
    "changes",
    [
        {"parcel": "c3RyYW5nZQ=="},
        {"attempt": 2},
        {"attempt": "many"},
        {"sending": 2},
        {"sent_at": 2000.5},
        {"sent_at": None},
        {"key": "another"},
        {"reply_to": "replies.of-a-stranger"},
        {"signature": None},
        {"parcel": None},
    ],
)
def test_opens_no_task_run_that_was_changed(changes):
    assert parcel_of(SIGNER, "tasks.default", {**submission(), **changes}) is None


def test_opens_no_task_run_of_another_key_or_queue():
    assert parcel_of(SIGNER, "tasks.default", submission(Signer("another key"))) is None
    assert parcel_of(SIGNER, "tasks.default", submission(queue="tasks.gpu")) is None
    assert parcel_of(SIGNER, "tasks.default", {}) is None


def test_stops_only_what_it_was_told_with_the_key():
    message = {"keys": ["a", "b"], "signature": SIGNER.sign("stop", b"worker.default/w", b"a,b")}

    assert keys_to_stop(SIGNER, "worker.default/w", message) == ["a", "b"]
    assert keys_to_stop(SIGNER, "worker.default/other", message) == []
    assert keys_to_stop(SIGNER, "worker.default/w", {**message, "keys": ["a", "c"]}) == []
    assert keys_to_stop(SIGNER, "worker.default/w", {"keys": 5}) == []
