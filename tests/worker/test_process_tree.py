"""Real processes that try to get away."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from uuid import uuid4

import pytest

from orchestrator.worker.process_tree import ATTEMPT_VARIABLE, ProcessTree, attempt_of, mark_of
from tests.waiting import eventually

STUBBORN = """
import os, signal, subprocess, sys, time

signal.signal(signal.SIGTERM, lambda *_: None)  # what it starts does not inherit that
sleep = [sys.executable, "-c", "import time; time.sleep(1000)"]
subprocess.Popen(sleep)
subprocess.Popen(sleep, start_new_session=True)
if os.fork() == 0:  # a daemon: its parent ends, and it leads a session of its own
    os.setsid()
    if os.fork() == 0:
        os.execvp(sleep[0], sleep)
    os._exit(0)
os.wait()
print("ready", flush=True)
time.sleep(1000)
"""


@pytest.fixture
def run_id():
    return str(uuid4())


@pytest.fixture
def stubborn(run_id):
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(STUBBORN)],
        env={**os.environ, ATTEMPT_VARIABLE: attempt_of(run_id, 1)},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout.readline() == b"ready\n"
    yield process
    tree_of(process, run_id).kill()
    process.wait()
    process.stdout.close()


def tree_of(process, run_id):
    return ProcessTree(process.pid, mark=mark_of(run_id, 1))


def test_finds_what_left_its_group_its_session_and_its_parent(stubborn, run_id):
    assert len(eventually(lambda: tree_of(stubborn, run_id).look())) == 4


def test_kills_all_of_them(stubborn, run_id):
    tree = tree_of(stubborn, run_id)

    assert tree.kill()
    assert tree.seen == 4
    assert tree_of(stubborn, run_id).look() == set()


def test_waits_for_those_that_heed_a_signal(stubborn, run_id):
    tree = tree_of(stubborn, run_id)

    tree.send(signal.SIGTERM)

    assert not tree.wait(0.1)
    eventually(lambda: [process.pid for process in tree.look()] == [stubborn.pid])


def test_knows_what_it_saw_after_the_parent_is_gone(stubborn):
    tree = ProcessTree(stubborn.pid, mark="NO_SUCH=mark")
    stubborn.kill()
    stubborn.wait()

    left = tree.look()

    assert len(left) == 2  # the daemon carries the mark alone
    assert tree.kill()


def test_spares_whoever_asks(run_id):
    tree = ProcessTree(os.getppid(), mark=mark_of(run_id, 1))

    assert os.getpid() not in {process.pid for process in tree.look()}


def test_is_quick(stubborn, run_id):
    tree = tree_of(stubborn, run_id)
    began = time.monotonic()

    tree.look()

    assert time.monotonic() - began < 5


def test_leaves_another_attempt_at_the_same_run_alone(stubborn, run_id):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()

    tree = ProcessTree(ended.pid, mark=mark_of(run_id, 2))

    assert tree.look() == set()
    assert tree.kill()
    assert stubborn.poll() is None
