from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import time

import pytest

from orchestrator import FileSystemLockManager, TransactionError
from orchestrator.sdk.transactional import holders, renewing


@pytest.fixture
def locks(tmp_path):
    return FileSystemLockManager(tmp_path)


def change(locks, **told):
    """Make the one lock file say something else."""
    (file,) = locks.directory.glob("*.lock")
    file.write_text(json.dumps({**json.loads(file.read_text()), **told}))
    return file


def grow_old(file, seconds):
    long_ago = time.time() - seconds
    os.utime(file, (long_ago, long_ago))


def test_frees_the_lock_of_a_process_that_died(tmp_path):
    program = (
        "import sys; from orchestrator import FileSystemLockManager;"
        "print(FileSystemLockManager(sys.argv[1]).acquire_lock('k', 'gone'))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "True"
    assert FileSystemLockManager(tmp_path).acquire_lock("k", "here", acquire_timeout=0)


def test_says_which_lock_file_is_broken(tmp_path):
    locks = FileSystemLockManager(tmp_path)
    locks.acquire_lock("k", "one")
    (file,) = tmp_path.glob("*.lock")
    file.write_text("nonsense")

    with pytest.raises(TransactionError, match="cannot be read"):
        locks.is_locked("k")


def test_frees_the_lock_of_a_process_whose_number_was_given_away(locks):
    locks.acquire_lock("k", "gone")
    change(locks, started="1")

    assert not locks.is_locked("k")
    assert locks.acquire_lock("k", "here", acquire_timeout=0)


def test_frees_the_lock_of_a_process_that_nobody_has_looked_after(locks):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    locks.acquire_lock("k", "gone")
    change(locks, process=process.pid, started=holders._started(process.pid))
    assert locks.is_locked("k")

    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and still in the list of processes

    assert not locks.is_locked("k")
    process.communicate()


def test_leaves_a_holder_of_another_host_its_lock_while_it_lives(locks):
    locks.acquire_lock("k", "far")
    file = change(locks, place=["elsewhere"], process=1)

    grow_old(file, renewing.LEASE_SECONDS - 5)

    assert locks.is_lock_holder("k", "far")


def test_frees_the_lock_of_another_host_that_shows_no_sign_of_life(locks):
    locks.acquire_lock("k", "far")
    file = change(locks, place=["elsewhere"], process=os.getpid())

    grow_old(file, renewing.LEASE_SECONDS + 5)

    assert not locks.is_locked("k")
    assert locks.acquire_lock("k", "here", acquire_timeout=0)


def test_leaves_a_holder_of_another_host_the_time_that_it_asked_for(locks):
    locks.acquire_lock("k", "far", hold_timeout=600)
    file = change(locks, place=["elsewhere"])

    grow_old(file, renewing.LEASE_SECONDS + 5)

    assert locks.is_lock_holder("k", "far")


def test_shows_others_that_it_lives_while_it_holds_a_lock(locks, monkeypatch):
    monkeypatch.setattr(renewing, "LEASE_SECONDS", 0.03)
    locks.acquire_lock("k", "one")
    (file,) = locks.directory.glob("*.lock")
    grow_old(file, 1000)

    deadline = time.monotonic() + 20
    while time.time() - file.stat().st_mtime > 500 and time.monotonic() < deadline:
        time.sleep(0.005)

    assert time.time() - file.stat().st_mtime < 500


def test_renews_nothing_that_somebody_else_has(locks):
    locks.acquire_lock("k", "one")
    locks.release_lock("k", "one")
    locks.acquire_lock("k", "other")

    assert not locks._renew("k", "one")
    assert locks._renew("k", "other")


def test_travels_to_other_processes(locks):
    locks.acquire_lock("k", "one")

    assert pickle.loads(pickle.dumps(locks)) == locks


def test_knows_its_own_process():
    told = json.loads(json.dumps(holders.this_process()))

    assert holders.is_here(told)
    assert holders.lives(told)
