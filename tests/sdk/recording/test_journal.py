"""What is kept on disk while the server is away: a file of each process, and what becomes of it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import pytest

from orchestrator.sdk.recording import journal_files
from orchestrator.sdk.recording.journal import Journal
from orchestrator.sdk.recording.journal_files import (
    directory_of,
    journal_directory,
    summaries,
    take_left_behind,
    used_bytes,
)
from orchestrator.sdk.recording.journal_lines import Batch, End

ADDRESS = "http://away.test/api"
OTHER = "http://other.test/api"


def batch(*numbers, path="/events"):
    return Batch(path, [json.dumps({"id": number}).encode() for number in numbers])


def end(number=1, **fields):
    known = {"id": f"end-{number}", "flow_run_id": "run", "state": {"type": "COMPLETED", "name": "Completed"}}
    return End(**{**known, "force": False, "at": "2026-01-01T00:00:00.000000Z", **fields})


def rest_of(journal):
    """Everything that is still to be sent, taken out."""
    entries = []
    while journal.holds_something:
        entry, mark = journal.next()
        if entry is not None:
            entries.append(entry)
        journal.sent(mark)
    return entries


def left_behind(address=ADDRESS):
    """As another process would find it. Those that are found are put back."""
    found = list(take_left_behind(address))
    entries = [list(journal.entries()) for journal in found]
    for journal in found:
        journal.close()
    return entries


def abandon(journal):
    """As when its process dies."""
    os.close(journal._descriptor)


def test_gives_back_what_it_keeps_in_order():
    journal = Journal(ADDRESS)

    kept = [batch(1, 2), batch(3, path="/logs/"), end(claim_id="claim", seen_state_id="state")]

    assert all(journal.keep(entry) for entry in kept)
    assert rest_of(journal) == kept


def test_leaves_no_file_once_all_arrived():
    journal = Journal(ADDRESS)
    journal.keep(batch(1))
    journal.keep(end())

    rest_of(journal)
    assert journal.file is not None
    journal.settle("end-1")

    assert journal.file is None
    assert list(journal_directory().glob("*/*")) == []


def test_is_for_its_owner_only():
    journal = Journal(ADDRESS)
    journal.keep(batch(1))

    assert stat.S_IMODE(journal.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.file.parent.stat().st_mode) == 0o700


def test_keeps_servers_apart():
    here, there = Journal(ADDRESS), Journal(OTHER)
    here.keep(batch(1))
    there.keep(batch(2))
    abandon(here)
    abandon(there)

    assert left_behind(ADDRESS) == [[batch(1)]]
    assert left_behind(OTHER) == [[batch(2)]]


def test_is_not_taken_while_its_process_lives():
    journal = Journal(ADDRESS)
    journal.keep(batch(1))

    assert left_behind() == []
    abandon(journal)
    assert left_behind() == [[batch(1)]]


def test_is_not_taken_while_it_is_begun(monkeypatch):
    lock = journal_files._try_lock
    seen = []

    def lock_late(descriptor):
        if not seen:
            seen.append("begun")  # another process looks for what was left behind before this one has the lock
            seen.extend(left_behind())
        return lock(descriptor)

    monkeypatch.setattr(journal_files, "_try_lock", lock_late)
    journal = Journal(ADDRESS)

    assert journal.keep(batch(1))
    assert (seen, left_behind()) == (["begun"], [])
    abandon(journal)
    assert left_behind() == [[batch(1)]]


def test_is_begun_again_when_somebody_else_has_the_lock(monkeypatch):
    lock = journal_files._try_lock
    answers = iter([False, False])
    monkeypatch.setattr(journal_files, "_try_lock", lambda descriptor: next(answers, None) is None and lock(descriptor))
    journal = Journal(ADDRESS)

    assert journal.keep(batch(1))
    assert left_behind() == []


def test_says_that_it_cannot_be_locked(monkeypatch):
    monkeypatch.setattr(journal_files, "_try_lock", lambda descriptor: False)
    journal = Journal(ADDRESS)

    assert not journal.keep(batch(1))
    assert "cannot be locked" in journal.trouble


def test_removes_what_a_killed_process_had_only_begun():
    directory = directory_of(ADDRESS)
    directory.mkdir(parents=True)
    (directory / "20260101T000000.000000-1-0.begun").write_bytes(b"")

    assert left_behind() == []
    assert list(directory.iterdir()) == []


def test_makes_files_of_their_own_for_journals_of_the_same_moment(monkeypatch):
    moment = journal_files.now()
    monkeypatch.setattr(journal_files, "now", lambda: moment)
    first, second = Journal(ADDRESS), Journal(ADDRESS)

    assert first.keep(batch(1))
    assert second.keep(batch(2))
    assert first.file != second.file


def test_does_not_mind_files_that_go_while_it_looks(monkeypatch):
    journal = Journal(ADDRESS)
    journal.keep(batch(1))
    gone = journal.file.with_name("gone.jsonl")
    glob = type(gone).glob
    monkeypatch.setattr(type(gone), "glob", lambda path, pattern: [gone, *glob(path, pattern)])

    assert used_bytes() == journal.file.stat().st_size
    assert [summary.file for summary in summaries()] == [journal.file]


def test_is_left_behind_by_a_process_that_is_killed():
    program = (
        "import os, signal\n"
        "from orchestrator.sdk.recording.journal import Journal\n"
        "from orchestrator.sdk.recording.journal_lines import Batch\n"
        f"Journal({ADDRESS!r}).keep(Batch('/logs/', [b'{{}}']))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    subprocess.run([sys.executable, "-c", program], check=False)

    assert left_behind() == [[Batch("/logs/", [b"{}"])]]


def test_is_had_by_one_only():
    journal = Journal(ADDRESS)
    journal.keep(batch(1))
    abandon(journal)

    (first,) = take_left_behind(ADDRESS)

    assert list(take_left_behind(ADDRESS)) == []
    first.remove()
    assert list(take_left_behind(ADDRESS)) == []


def test_stays_the_parents_after_a_fork():
    journal = Journal(ADDRESS)
    journal.keep(batch(1))

    child = os.fork()
    if child == 0:
        journal.forget()
        journal.keep(batch(2))
        os._exit(0)
    os.waitpid(child, 0)

    assert left_behind() == [[batch(2)]]
    assert rest_of(journal) == [batch(1)]


def test_passes_over_a_line_that_is_torn():
    journal = Journal(ADDRESS)
    journal.keep(batch(1))
    journal.keep(end())
    file = journal.file
    abandon(journal)
    file.write_bytes(file.read_bytes() + b'{"kind":"batch","path":"/events","bo')

    assert left_behind() == [[batch(1), end()]]


@pytest.mark.parametrize("content", [b"", b"\x00\xff\n", b'{"kind":"head","format":99}\n', b"[]\n"])
def test_leaves_a_file_alone_that_it_does_not_understand(content):
    directory = directory_of(ADDRESS)
    directory.mkdir(parents=True)
    (directory / "odd.jsonl").write_bytes(content)

    assert left_behind() == []
    assert [summary.server for summary in summaries()] == [None]


def test_does_not_tell_an_end_that_the_server_knows():
    journal = Journal(ADDRESS)
    journal.keep(end(1))
    journal.keep(end(2))
    journal.settle("end-1")
    abandon(journal)

    assert left_behind() == [[end(2)]]


def test_brings_an_end_up_again_when_nobody_waits_for_it():
    journal = Journal(ADDRESS)
    journal.keep(end())
    assert rest_of(journal) == [end()]
    assert journal.is_waited_for("end-1")

    journal.leave("end-1")

    assert not journal.is_waited_for("end-1")
    assert journal.waits_to_tell("run")
    assert rest_of(journal) == [end()]
    journal.told("end-1")
    assert not journal.waits_to_tell("run")
    assert journal.file is None


def test_is_bounded_but_for_ends(monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_JOURNAL_MEGABYTES", "0.001")
    journal = Journal(ADDRESS)

    kept = [journal.keep(batch(*range(20))) for _ in range(10)]

    assert kept[0]
    assert not kept[-1]
    assert "full" in journal.trouble
    assert journal.is_full
    assert journal.keep(end())


def test_has_room_again_once_all_arrived(monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_JOURNAL_MEGABYTES", "0.001")
    journal = Journal(ADDRESS)
    while journal.keep(batch(*range(20))):
        pass

    rest_of(journal)

    assert not journal.is_full
    assert journal.keep(batch(1))


def test_looks_for_room_again_where_others_had_taken_it_all(monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_JOURNAL_MEGABYTES", "0.001")
    others, journal = Journal(OTHER), Journal(ADDRESS)
    while others.keep(batch(*range(5))):
        pass
    assert not journal.keep(batch(*range(20)))
    rest_of(others)

    journal.make_room()

    assert journal.keep(batch(*range(20)))


def test_keeps_nothing_where_it_is_switched_off(monkeypatch, data_directory):
    monkeypatch.setenv("ORCHESTRATOR_JOURNAL_MEGABYTES", "0")
    journal = Journal(ADDRESS)

    assert not journal.keep(end())
    assert "switched off" in journal.trouble
    assert list(data_directory.rglob("*.jsonl")) == []


def test_says_why_it_cannot_be_written(monkeypatch, data_directory):
    (data_directory / "journal").write_text("a file is in the way")
    journal = Journal(ADDRESS)

    assert not journal.keep(batch(1))
    assert "cannot be written" in journal.trouble


def test_says_which_setting_cannot_be_used(monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_JOURNAL_MEGABYTES", "lots")
    journal = Journal(ADDRESS)

    assert not journal.keep(batch(1))
    assert "ORCHESTRATOR_JOURNAL_MEGABYTES is 'lots'" in journal.trouble


def test_reads_what_it_keeps_after_somebody_removed_its_file():
    journal = Journal(ADDRESS)
    journal.keep(batch(1))
    journal.file.unlink()

    assert rest_of(journal) == [batch(1)]
    assert journal.file is None


def test_keeps_nothing_for_what_is_no_address():
    assert not Journal("memory").keep(batch(1))
    assert not journal_directory().exists()
