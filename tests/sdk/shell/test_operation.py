"""Shell operations, with real commands."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from orchestrator import ShellCommandFailed, ShellNotStarted, ShellOperation, ShellOptionError, flow, task
from orchestrator.sdk.errors import TaskTimeout, WaitTimeout
from orchestrator.sdk.processes.groups import group_lives
from orchestrator.sdk.shell.lines import KEPT_LINES, LONGEST_LINE, Lines
from tests.waiting import eventually


def test_gives_the_lines_that_the_commands_print():
    lines = ShellOperation(commands=["echo one", "echo; echo 'two  three'"]).run()

    assert lines == ["one", "", "two  three"]


def test_can_be_called_as_a_function():
    assert ShellOperation(commands=["echo one"])() == ["one"]


def test_takes_one_command_as_a_text():
    assert ShellOperation("echo one").run() == ["one"]


def test_lets_a_variable_and_a_directory_hold_for_the_next_command(tmp_path):
    lines = ShellOperation(commands=[f"cd {tmp_path}", "WORD=kept", "pwd", "echo $WORD"]).run()

    assert lines == [str(tmp_path), "kept"]


def test_takes_a_command_of_several_lines_and_its_quotes_as_they_are():
    lines = ShellOperation(commands=['for word in \'a b\' "c"; do\n  echo "<$word>"\ndone', "echo '$HOME' \\\\"]).run()

    assert lines == ["<a b>", "<c>", "$HOME \\"]


def test_puts_env_on_top_of_the_environment(monkeypatch):
    monkeypatch.setenv("FROM_OUTSIDE", "outside")

    lines = ShellOperation(commands=["echo $FROM_OUTSIDE $NUMBER"], env={"NUMBER": 7}).run()

    assert lines == ["outside 7"]


def test_executes_in_the_working_directory(tmp_path):
    assert ShellOperation(commands=["pwd"], working_dir=tmp_path).run() == [str(tmp_path)]


def test_says_that_the_working_directory_is_not_there(tmp_path):
    operation = ShellOperation(commands=["pwd"], working_dir=tmp_path / "missing")

    with pytest.raises(ShellNotStarted, match=r"missing does not exist"):
        operation.run()


def test_says_that_the_shell_is_not_there():
    with pytest.raises(ShellNotStarted, match="no shell 'nosuchshell'"):
        ShellOperation(commands=["pwd"], shell="nosuchshell").run()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"commands": []}, "at least one command"),
        ({"commands": ["  "]}, "at least one command"),
        ({"commands": 7}, "a list of texts"),
        ({"commands": ["ls\0"]}, "NUL"),
        ({"commands": ["ls"], "env": {"A=B": "1"}}, "without ="),
        ({"commands": ["ls"], "env": {"A": None}}, "None"),
        ({"commands": ["ls"], "env": {"A": "\0"}}, "NUL"),
    ],
)
def test_refuses_options_that_cannot_be_used(options, problem):
    with pytest.raises(ShellOptionError, match=problem):
        ShellOperation(**options)


@pytest.mark.parametrize("options", [{"shell": "bash 'x"}, {"shell": ""}, {"extension": "../x"}])
def test_refuses_a_shell_or_an_extension_that_cannot_be_used(options):
    with pytest.raises(ShellOptionError):
        ShellOperation(commands=["ls"], **options).run()


def test_executes_in_other_shells():
    assert ShellOperation(commands=["print(6 * 7)"], shell="python3", extension=".py").run() == ["42"]
    assert ShellOperation(commands=["echo $0"], shell="sh").run()[0].endswith(".sh")


def test_reads_unicode_and_survives_what_is_none():
    lines = ShellOperation(commands=["echo 'grün ☃'", "printf '\\377x\\n'"]).run()

    assert lines == ["grün ☃", "�x"]


def test_takes_standard_error_into_the_output():
    assert ShellOperation(commands=["echo out", "echo err >&2", "echo out"]).run() == ["out", "err", "out"]


def test_leaves_standard_input_empty():
    assert ShellOperation(commands=["cat", "echo done"]).run() == ["done"]


def test_stops_at_the_first_command_that_fails_and_shows_what_it_printed_last():
    operation = ShellOperation(commands=["echo before", "(exit 3)", "echo after"])

    with pytest.raises(ShellCommandFailed) as caught:
        operation.run()

    assert caught.value.return_code == 3
    assert caught.value.command == "( exit 3 )"
    assert caught.value.last_lines == ("before",)
    assert "exit code 3" in str(caught.value)
    assert "before" in str(caught.value)


def test_is_caught_as_a_runtime_error_too():
    with pytest.raises(RuntimeError):
        ShellOperation(commands=["exit 1"]).run()


def test_names_the_signal_that_ended_the_shell():
    with pytest.raises(ShellCommandFailed, match="SIGKILL"):
        ShellOperation(commands=["kill -9 $$"]).run()


def test_shows_no_more_than_the_last_lines_of_a_failure():
    with pytest.raises(ShellCommandFailed) as caught:
        ShellOperation(commands=["seq 1 100", "false"]).run()

    assert caught.value.last_lines == tuple(str(number) for number in range(81, 101))


def test_goes_on_after_errors_and_reports_them(caplog):
    import logging

    logging.getLogger("orchestrator").addHandler(caplog.handler)
    try:
        lines = ShellOperation(commands=["false", "echo on", "(exit 4)"], continue_on_error=True).run()
    finally:
        logging.getLogger("orchestrator").removeHandler(caplog.handler)

    assert lines == ["on"]
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert any("'false' ended with exit code 1" in error for error in errors)
    assert any("'( exit 4 )' ended with exit code 4" in error for error in errors)
    assert any("2 failed commands" in error for error in errors)


def test_gives_the_last_line_alone():
    assert ShellOperation(commands=["echo one", "echo two", "echo"], return_all=False).run() == "two"
    assert ShellOperation(commands=["true"], return_all=False).run() == ""


def test_keeps_no_more_than_the_last_lines_when_only_the_last_is_asked_for():
    with ShellOperation(commands=["seq 1 20000"], return_all=False, stream_output=False) as operation:
        process = operation.trigger()
        process.wait_for_completion()

        assert process.fetch_result() == "20000"
        assert len(process._lines.kept()) == KEPT_LINES


def test_gives_all_of_a_large_output():
    lines = ShellOperation(commands=["seq 1 50000"], stream_output=False).run()

    assert len(lines) == 50_000
    assert lines[-1] == "50000"


def test_takes_a_line_apart_that_never_ends():
    lines = Lines(keep_all=True)

    for _ in range(5):
        lines.feed(b"x" * (LONGEST_LINE // 2 + 1))
    lines.feed(b"\nend")
    lines.end()

    assert max(len(line) for line in lines.kept()) == LONGEST_LINE
    assert lines.kept()[-1] == "end"
    assert sum(map(len, lines.kept())) == 5 * (LONGEST_LINE // 2 + 1) + 3


def test_gives_a_handle_on_what_it_triggered():
    with ShellOperation(commands=["echo begun", "read -r word < $FIFO || sleep 20"], env={"FIFO": "/nowhere"}) as op:
        process = op.trigger()
        eventually(lambda: process.fetch_result())

        assert process.pid > 0
        assert process.return_code is None
        with pytest.raises(WaitTimeout):
            process.wait_for_completion(timeout=0.05)

    assert process.return_code == -15


def test_gives_the_result_of_what_it_triggered():
    with ShellOperation(commands=["echo done"]) as operation:
        process = operation.trigger()
        process.wait_for_completion()

        assert process.fetch_result() == ["done"]
        assert process.return_code == 0


def test_ends_what_it_triggered_together_with_what_that_started():
    with ShellOperation(commands=["sleep 60 & sleep 60 & echo $!; wait"]) as operation:
        process = operation.trigger()
        eventually(lambda: process.fetch_result())

    assert not group_lives(process.pid)


def test_ends_what_a_run_leaves_in_the_background():
    operation = ShellOperation(commands=["sleep 60 &", "echo $$"])

    (shell,) = operation.run()

    assert not group_lives(int(shell))


def test_kills_what_does_not_listen(monkeypatch):
    monkeypatch.setattr("orchestrator.sdk.shell.process._GRACE_SECONDS", 0.1)
    with ShellOperation(commands=["trap '' TERM", "echo deaf", "sleep 60"]) as operation:
        process = operation.trigger()
        eventually(lambda: process.fetch_result())

    assert not group_lives(process.pid)


def test_leaves_no_file_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    ShellOperation(commands=["false", "true"], continue_on_error=True).run()

    assert list(tmp_path.iterdir()) == []


def test_logs_each_line_with_its_run(api):
    @task
    def speak() -> list[str]:
        return ShellOperation(commands=["echo one", "echo two"]).run()

    @flow
    def main() -> list[str]:
        return speak()

    assert main() == ["one", "two"]

    lines = [log for log in api.logs if log["message"] in ("one", "two")]
    assert [log["message"] for log in lines] == ["one", "two"]
    assert all(log["task_run_id"] and log["flow_run_id"] for log in lines)


def test_logs_no_line_without_streaming(api):
    @flow
    def main() -> list[str]:
        return ShellOperation(commands=["echo one"], stream_output=False).run()

    main()

    assert "one" not in api.messages()


def test_fails_the_task_that_calls_it(api):
    @task
    def work() -> None:
        ShellOperation(commands=["echo oops", "exit 9"]).run()

    @flow
    def main() -> None:
        work()

    with pytest.raises(ShellCommandFailed):
        main()

    assert api.last_event("work")["payload"]["validated_state"]["name"] == "Failed"
    assert "exit code 9" in api.last_event("work")["payload"]["validated_state"]["message"]


def test_is_ended_by_the_time_limit_of_its_task(tmp_path):
    note = tmp_path / "pid"

    @task(timeout_seconds=0.3)
    def work() -> None:
        ShellOperation(commands=[f"echo $$ > {note}", "sleep 60"]).run()

    with pytest.raises(TaskTimeout):
        work()

    eventually(lambda: not group_lives(int(note.read_text())))


def test_is_awaited_in_async_flows():
    @flow
    async def main() -> object:
        async with ShellOperation(commands=["echo one"]) as operation:
            process = await operation.trigger()
            await process.wait_for_completion()
            return await process.fetch_result(), await operation.run(), await operation()

    assert asyncio.run(main()) == (["one"], ["one"], ["one"])


def test_is_ended_when_its_awaiting_is_cancelled(tmp_path):
    note = tmp_path / "pid"

    async def main() -> None:
        await asyncio.wait_for(ShellOperation(commands=[f"echo $$ > {note}", "sleep 60"]).run(), 0.3)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(main())

    assert not group_lives(int(note.read_text()))


def test_can_be_used_by_many_threads_at_once():
    results: list[object] = []
    operation = ShellOperation(commands=["echo $RANDOM > /dev/null", "echo same"], stream_output=False)
    threads = [threading.Thread(target=lambda: results.append(operation.run())) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [["same"]] * 8


def test_leaves_the_processes_of_its_parent_alone_in_a_forked_child():
    with ShellOperation(commands=["sleep 60"]) as operation:
        process = operation.trigger()
        child = os.fork()
        if child == 0:
            from orchestrator.sdk.shell.process import _end_all

            _end_all()
            os._exit(0)
        os.waitpid(child, 0)

        assert group_lives(process.pid)


def test_takes_a_path_with_blanks_and_quotes(tmp_path: Path):
    place = tmp_path / 'it\'s a "place"'
    place.mkdir()

    assert ShellOperation(commands=["pwd"], working_dir=place).run() == [str(place)]
