"""Processes beside the children of the worker."""

import os
import signal
import sys

from orchestrator.worker.spawned import Spawned


def python(code, **options):
    return Spawned([sys.executable, "-c", code], **options)


def test_tells_how_it_ended():
    assert python("raise SystemExit(3)").wait() == 3


def test_gives_it_what_it_is_told(tmp_path):
    mark = tmp_path / "mark"

    code = python(f"import sys; open({str(mark)!r}, 'w').write(sys.stdin.read())", told=b"a secret").wait()

    assert (code, mark.read_text()) == (0, "a secret")


def test_gives_it_its_environment():
    assert python("import os; raise SystemExit(int(os.environ['CODE']))", environment={"CODE": "7"}).wait() == 7


def test_is_told_to_end():
    process = python("import time; time.sleep(60)")

    process.tell(signal.SIGTERM)

    assert process.wait() == -signal.SIGTERM


def test_signals_nobody_once_it_has_ended(monkeypatch):
    process = python("")
    process.wait()
    told = []
    monkeypatch.setattr(os, "kill", lambda *signal: told.append(signal))

    process.tell(signal.SIGKILL)

    assert told == []


def test_starts_while_a_forked_process_keeps_everything_open():
    reading, writing = os.pipe()
    forked = os.fork()
    if not forked:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    os.close(reading)

    assert python("").wait() == 0

    os.close(writing)
    os.waitpid(forked, 0)


def test_does_not_get_the_signals_of_the_terminal():
    process = python("import time; time.sleep(60)")

    assert os.getpgid(process.pid) != os.getpgid(0)

    process.tell(signal.SIGKILL)
    process.wait()
