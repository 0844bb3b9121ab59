"""The file that says who serves from a data directory."""

import multiprocessing
import os

import pytest

from orchestrator.cli.pidfile import AlreadyRunning, PidFile, Running, find_running


@pytest.fixture
def path(tmp_path):
    return tmp_path / "server.pid"


def test_finds_nobody_where_no_file_is(path):
    assert find_running(path) is None


def test_finds_who_holds_it(path):
    lock = PidFile(path)
    lock.take()
    lock.write("http://127.0.0.1:4200")

    assert find_running(path) == Running(pid=os.getpid(), url="http://127.0.0.1:4200")
    lock.let_go()
    assert find_running(path) is None


def test_is_not_fooled_by_a_file_that_a_dead_process_left(path):
    def hold_and_die():
        lock = PidFile(path)
        lock.take()
        lock.write("http://127.0.0.1:4200")
        os._exit(9)

    process = multiprocessing.get_context("fork").Process(target=hold_and_die)
    process.start()
    process.join()

    assert path.exists()
    assert find_running(path) is None


def test_lets_only_one_hold_it(path):
    first = PidFile(path)
    first.take()
    first.write("http://127.0.0.1:4200")

    with pytest.raises(AlreadyRunning) as refused:
        PidFile(path).take()

    assert refused.value.running == Running(pid=os.getpid(), url="http://127.0.0.1:4200")
    first.let_go()
