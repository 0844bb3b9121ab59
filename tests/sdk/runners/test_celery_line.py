"""What a flow run makes of what Celery workers tell it, or do not: the embedded broker, and the test as worker."""

import queue
import threading
from base64 import b64encode

import pytest
from kombu import Exchange, Queue

from orchestrator.broker import broker_url, letters
from orchestrator.broker.letters import Poster, connect
from orchestrator.broker.signing import Signer
from orchestrator.broker.submissions import MOST_BYTES, parcel_of, submissions_in
from orchestrator.sdk.errors import TaskNotSendable
from orchestrator.sdk.runners import celery_line, flights
from orchestrator.sdk.runners.celery_line import CeleryLine

SIGNER = Signer("a key")
REPLIES = "replies.1"


class Pool:
    """Notes what the line says."""

    def __init__(self):
        self.heard = queue.Queue()

    def arrived(self, key, packed):
        self.heard.put(("arrived", key, packed))

    def lost(self, key, attempt, reason):
        self.heard.put(("lost", key, reason))

    def log_warning(self, text):
        self.heard.put(("warning", text))

    def next(self):
        return self.heard.get(timeout=5)


class Worker:
    """Takes messages, and answers as the test likes."""

    def __init__(self, url):
        self.poster = Poster(url, SIGNER)
        self._connection = connect(url)
        self._messages = queue.Queue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def take(self):
        """The next run: its key and what was sent."""
        ((key, parcel),) = self.take_together()
        return key, parcel

    def take_together(self):
        """The runs of the next message."""
        _, told, _ = self._messages.get(timeout=5)
        return [(each["key"], parcel_of(SIGNER, "tasks.default", each)) for each in submissions_in(told)]

    def has_more(self):
        try:
            self._messages.get(timeout=0.3)
        except queue.Empty:
            return False
        return True

    def tell(self, kind, key="run", attempt=1, sending=1, **more):
        self.poster.send(REPLIES, {"kind": kind, "key": key, "attempt": attempt, "sending": sending, **more})

    def tell_alive(self, *keys, processes=1, sending=1):
        runs = [(key, 1, sending) for key in keys]
        self.poster.send(REPLIES, {"kind": "alive", "worker": "worker.default/w", "processes": processes, "runs": runs})

    def close(self):
        self._stopped.set()
        self._thread.join(5)
        self._connection.release()
        self.poster.close()

    def _read(self):
        tasks = Queue("tasks.default", Exchange(""), routing_key="tasks.default")
        with self._connection.Consumer([tasks], callbacks=[self._note], accept=["json"]):
            while not self._stopped.is_set():
                try:
                    self._connection.drain_events(timeout=0.1)
                except TimeoutError:
                    continue

    def _note(self, body, message):
        message.ack()
        self._messages.put(body)


@pytest.fixture(autouse=True)
def looks_often(monkeypatch):
    monkeypatch.setattr(letters, "_LOOK_SECONDS", 0.05)


@pytest.fixture
def url(tmp_path):
    return broker_url(tmp_path / "broker.db")


@pytest.fixture
def pool():
    return Pool()


@pytest.fixture
def line(url, pool):
    line = CeleryLine(
        pool,
        broker_url=url,
        signer=SIGNER,
        queue="tasks.default",
        new_mailbox=lambda: REPLIES,
        start_command="orchestrator worker start --pool default",
    )
    yield line
    line.close()


@pytest.fixture
def worker(url):
    worker = Worker(url)
    yield worker
    worker.close()


def test_brings_a_run_there_and_its_reply_back(line, worker, pool):
    line.send("run", 1, b"parcel")

    assert worker.take() == ("run", b"parcel")
    worker.tell("reply", reply=b64encode(b"reply").decode())
    assert pool.next() == ("arrived", "run", b"reply")


def test_refuses_what_is_too_large(line):
    with pytest.raises(TaskNotSendable, match="8,000,000 are the most"):
        line.send("run", 1, b"x" * (MOST_BYTES + 1))


def test_reports_a_lost_run_once(line, worker, pool):
    line.send("run", 1, b"parcel")
    worker.take()

    worker.tell("lost", reason="It died.")
    worker.tell("lost", reason="It died again.")

    assert pool.next() == ("lost", "run", "It died.")
    assert pool.heard.empty()


def test_passes_over_what_is_said_of_an_earlier_attempt(line, worker, pool):
    line.send("run", 2, b"parcel")
    worker.take()

    worker.tell("lost", attempt=1, reason="It died.")
    worker.tell("reply", attempt=2, reply="")

    assert pool.next()[0] == "arrived"


def test_sends_again_what_a_worker_gave_back_unbegun(line, worker, pool):
    line.send("run", 1, b"parcel")
    worker.take()

    worker.tell("again")

    assert worker.take() == ("run", b"parcel")


def test_sends_again_what_a_worker_that_stops_hands_back(line, worker, pool):
    line.send("run", 1, b"parcel")
    worker.take()

    worker.tell_alive("run")
    worker.tell("handed back")

    assert worker.take() == ("run", b"parcel")
    assert pool.heard.empty()


def test_leaves_a_run_alone_that_comes_twice_while_it_executes(line, worker, pool):
    line.send("run", 1, b"parcel")
    worker.take()

    worker.tell_alive("run")
    worker.tell("again")

    assert not worker.has_more()
    assert pool.heard.empty()


def test_takes_a_run_for_lost_of_which_nothing_is_heard_any_more(line, worker, pool, monkeypatch):
    monkeypatch.setattr(flights, "SILENT_SECONDS", 0.1)
    line.send("run", 1, b"parcel")
    worker.take()

    worker.tell_alive("run")

    kind, key, reason = pool.next()
    assert (kind, key) == ("lost", "run")
    assert "Nothing was heard" in reason


def test_sends_again_what_is_nowhere_any_more(line, worker, pool, monkeypatch):
    monkeypatch.setattr(flights, "UNTAKEN_SECONDS", 0.0)
    line.send("run", 1, b"parcel")

    worker.take()

    assert worker.take() == ("run", b"parcel")


def test_says_that_no_worker_is_there(line, pool, monkeypatch):
    monkeypatch.setattr(celery_line, "_WORKERLESS_SECONDS", 0.0)

    line.send("run", 1, b"parcel")

    kind, text = pool.next()
    assert kind == "warning"
    assert "orchestrator worker start --pool default" in text


def test_says_that_a_worker_has_another_key_and_lets_the_run_wait(line, worker, url, pool):
    line.send("run", 1, b"parcel")
    worker.take()
    stranger = Poster(url, Signer("another key"))

    for _ in range(2):
        stranger.send(REPLIES, {"kind": "stranger", "key": "run", "attempt": 1, "sending": 1})
    worker.tell("reply", reply=b64encode(b"mine").decode())

    kind, text = pool.next()
    assert kind == "warning"
    assert "ORCHESTRATOR_SIGNING_KEY" in text
    assert pool.next() == ("arrived", "run", b"mine")


@pytest.mark.parametrize("told", [{"attempt": 2}, {"sending": 2}, {"key": ["run"]}, {}])
def test_passes_over_strangers_who_speak_of_what_executes_or_of_something_else(line, worker, url, pool, told):
    line.send("run", 1, b"parcel")
    worker.take()
    worker.tell_alive("run")

    Poster(url, Signer("another key")).send(
        REPLIES, {"kind": "stranger", "key": "run", "attempt": 1, "sending": 1, **told}
    )
    worker.tell("reply", reply=b64encode(b"mine").decode())

    assert pool.next() == ("arrived", "run", b"mine")


def test_believes_no_reply_of_a_stranger(line, worker, url, pool):
    line.send("run", 1, b"parcel")
    worker.take()

    Poster(url, Signer("another key")).send(REPLIES, {"kind": "reply", "key": "run", "attempt": 1, "reply": "eA=="})
    worker.tell("reply", reply=b64encode(b"mine").decode())

    assert pool.next() == ("arrived", "run", b"mine")


def test_sends_ahead_no_more_than_is_needed(line, worker, monkeypatch):
    monkeypatch.setattr(celery_line, "LEAST_AHEAD", 2)

    for number in range(4):
        line.send(f"run {number}", 1, b"parcel")

    assert [worker.take()[0] for _ in range(2)] == ["run 0", "run 1"]
    assert not worker.has_more()
    worker.tell_alive("run 0", "run 1", processes=2)
    assert [worker.take()[0] for _ in range(2)] == ["run 2", "run 3"]


def test_withdraws_what_nobody_is_known_to_execute(line, worker, pool, monkeypatch):
    monkeypatch.setattr(celery_line, "LEAST_AHEAD", 2)
    for name in "abc":
        line.send(name, 1, b"parcel")
    assert [worker.take()[0] for _ in range(2)] == ["a", "b"]
    worker.tell_alive("a")
    worker.tell("lost", key="nobody", reason="")
    worker.tell("reply", key="other", reply="")
    pool.next()

    assert sorted(line.withdraw()) == ["b", "c"]


def test_opens_anew_after_it_was_closed(line, worker, pool):
    line.send("run", 1, b"parcel")
    worker.take()
    line.close()

    line.send("run", 2, b"parcel")

    assert worker.take()[0] == "run"


def test_passes_over_what_is_said_of_an_earlier_sending(line, worker, pool):
    line.send("run", 1, b"parcel")
    worker.take()
    worker.tell("handed back")
    assert worker.take() == ("run", b"parcel")

    worker.tell("again")  # the first message, which the broker delivers to somebody else now
    worker.tell("lost", reason="It died.")
    worker.tell("handed back")

    assert not worker.has_more()
    assert pool.heard.empty()


def test_lets_signs_of_life_of_an_earlier_sending_protect_nothing(line, worker, pool):
    line.send("run", 1, b"parcel")
    worker.take()
    worker.tell("handed back")
    worker.take()

    worker.tell_alive("run")
    worker.tell("again", sending=2)

    assert worker.take() == ("run", b"parcel")


@pytest.mark.parametrize("kind", ["old", "unawaited"])
def test_sends_again_what_a_worker_did_not_begin(line, worker, pool, kind):
    line.send("run", 1, b"parcel")

    for number in range(1, flights.MOST_RESENDS + 2):
        worker.take()
        worker.tell(kind, sending=number)

    kind, key, reason = pool.next()
    assert (kind, key) == ("lost", "run")
    assert "clocks" in reason


def test_takes_a_run_for_lost_that_is_handed_back_again_and_again(line, worker, pool, monkeypatch):
    monkeypatch.setattr(flights, "MOST_HANDED_BACK", 2)
    line.send("run", 1, b"parcel")

    for number in range(1, 4):
        worker.take()
        worker.tell("handed back", sending=number)

    kind, key, reason = pool.next()
    assert (kind, key) == ("lost", "run")
    assert "3 times" in reason


def test_sends_nothing_before_it_can_hear_the_answer(line, worker, pool, monkeypatch):
    reads = threading.Event()
    plain = letters.Mailbox._read_from

    def read_later(self, connection):
        reads.wait(5)
        plain(self, connection)

    monkeypatch.setattr(letters.Mailbox, "_read_from", read_later)
    monkeypatch.setattr(celery_line, "_DEAF_SECONDS", 0.01)
    line.send("run", 1, b"parcel")

    assert not worker.has_more()
    reads.set()

    assert worker.take() == ("run", b"parcel")
    assert pool.next() == ("warning", "The broker does not take tasks; they wait and are sent again.")


class Refusing:
    """A broker that does not take some runs."""

    def __init__(self, *keys):
        self.keys = set(keys)
        self.tried = threading.Event()
        self._plain = celery_line.Submitter.submit

    def submit(self, submitter, runs, **told):
        if any(run.key in self.keys for run in runs):
            self.tried.set()
            raise ConnectionError("away")
        self._plain(submitter, runs, **told)


@pytest.fixture
def refusing(monkeypatch):
    refusing = Refusing("run")
    monkeypatch.setattr(celery_line.Submitter, "submit", lambda *who, **told: refusing.submit(*who, **told))
    return refusing


def test_does_not_send_what_was_withdrawn_while_the_broker_was_away(line, worker, refusing):
    line.send("run", 1, b"parcel")
    assert refusing.tried.wait(5)

    assert list(line.withdraw()) == ["run"]
    refusing.keys.clear()
    line.send("other", 1, b"parcel")

    assert worker.take()[0] == "other"


def test_sends_once_what_is_to_be_sent_again_before_the_broker_took_it(line, worker, refusing):
    line.send("run", 1, b"parcel")
    assert refusing.tried.wait(5)

    line._was_refused(line._flights["run"], "It is nowhere.")
    refusing.keys.clear()
    line.send("other", 1, b"parcel")

    assert [worker.take()[0] for _ in range(2)] == ["run", "other"]


def test_sends_others_when_one_that_the_broker_never_takes_is_lost(line, worker, refusing):
    line.send("run", 1, b"parcel")
    line.send("other", 1, b"parcel")
    assert refusing.tried.wait(5)

    line._lose(line._flights["run"], "It is nowhere.")

    assert worker.take()[0] == "other"


def test_ends_withdrawn_runs_that_execute_anyway_and_no_others(line, worker, monkeypatch):
    told = queue.Queue()
    monkeypatch.setattr(celery_line.Submitter, "stop", lambda _, **what: told.put(what))
    line.send("run", 1, b"parcel")
    worker.take()
    line.withdraw()

    worker.tell_alive("unknown")  # its reply came faster than this sign of life
    worker.tell_alive("unknown", "run")

    assert told.get(timeout=5) == {"queue": "worker.default/w", "keys": ["run"]}
    assert told.empty()


def test_ends_no_run_that_is_sent_anew_after_it_was_withdrawn(line, worker, pool, monkeypatch):
    told = queue.Queue()
    monkeypatch.setattr(celery_line.Submitter, "stop", lambda _, **what: told.put(what))
    line.send("run", 1, b"parcel")
    worker.take()
    line.withdraw()
    line.send("run", 1, b"parcel")

    worker.tell_alive("run")
    worker.tell("reply", reply="")

    assert pool.next()[0] == "arrived"
    assert told.empty()


@pytest.fixture
def quick_line(line, worker, pool, monkeypatch):
    """It has seen enough quick runs, and sends the next ones together, four at most."""
    monkeypatch.setattr(celery_line, "_QUICK_RUNS", 2)
    monkeypatch.setattr(celery_line, "_SHARES", 4)
    monkeypatch.setattr(celery_line, "MOST_TOGETHER", 4)
    for key in ("one", "two"):
        line.send(key, 1, b"parcel")
        worker.take()
        worker.tell("reply", key, reply=b64encode(b"reply").decode(), seconds=0.001)
        pool.next()
    return line


def send_at_once(line, count):
    with line._changed:  # which the sending thread needs, too
        for number in range(count):
            line.send(f"run-{number}", 1, str(number).encode())


def test_sends_quick_runs_together_and_the_last_ones_alone(quick_line, worker):
    send_at_once(quick_line, 20)

    sent = [worker.take_together() for _ in range(11)]

    assert [len(runs) for runs in sent] == [4, 4, 3, 2, *[1] * 7]
    assert [run for runs in sent for run in runs] == [(f"run-{n}", str(n).encode()) for n in range(20)]


def test_sends_runs_alone_until_workers_say_that_they_are_quick(line, worker, pool, monkeypatch):
    monkeypatch.setattr(celery_line, "_QUICK_RUNS", 1)
    line.send("one", 1, b"parcel")
    worker.take()
    worker.tell("reply", "one", reply=b64encode(b"reply").decode())  # of a worker that knows no runs together
    pool.next()

    send_at_once(line, 40)

    assert [len(worker.take_together()) for _ in range(40)] == [1] * 40


def test_sends_runs_alone_again_when_they_take_longer(quick_line, worker, pool):
    for key in ("slow", "slower"):
        quick_line.send(key, 1, b"parcel")
        worker.take()
        worker.tell("reply", key, reply=b64encode(b"reply").decode(), seconds=3.0)
        pool.next()

    send_at_once(quick_line, 20)

    assert [len(worker.take_together()) for _ in range(20)] == [1] * 20


def test_sends_large_runs_alone(quick_line, worker, monkeypatch):
    monkeypatch.setattr(celery_line, "_MOST_TOGETHER_BYTES", 3)

    with quick_line._changed:
        for number in range(20):
            quick_line.send(f"run-{number}", 1, b"xx")

    assert len(worker.take_together()) == 1


def test_loses_of_runs_that_died_together_the_one_that_executed(quick_line, worker, pool):
    send_at_once(quick_line, 20)
    runs = [(key, 1, 1) for key, _ in worker.take_together()]
    worker.tell("reply", "run-0", reply=b64encode(b"reply").decode(), seconds=0.001)
    worker.tell("lost together", None, runs=runs, reason="It died.")

    assert [pool.next()[:2], pool.next()] == [("arrived", "run-0"), ("lost", "run-1", "It died.")]
    later = [worker.take_together() for _ in range(12)]
    assert sorted(runs for runs in later if runs[0][0] in ("run-2", "run-3")) == [[("run-2", b"2")], [("run-3", b"3")]]


def test_sends_alone_what_was_given_back_before_it_began(quick_line, worker, pool):
    send_at_once(quick_line, 20)
    worker.take_together()
    for key in ("run-2", "run-3"):
        worker.tell("not begun", key)

    messages = []
    while len([runs for runs in messages if runs in ([("run-2", b"2")], [("run-3", b"3")])]) < 2:
        messages.append(worker.take_together())
    worker.tell("reply", "run-2", sending=2, reply=b64encode(b"reply").decode())

    assert pool.next() == ("arrived", "run-2", b"reply")


def test_passes_over_that_an_earlier_sending_had_not_begun(quick_line, worker, pool):
    send_at_once(quick_line, 20)
    for _ in range(11):
        worker.take_together()

    worker.tell("not begun", "run-1", sending=7)

    assert not worker.has_more()
