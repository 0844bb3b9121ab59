"""`shell_run_command`, the task."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator import ShellCommandFailed, flow, shell_run_command


def test_gives_the_last_line():
    @flow
    def main() -> object:
        return shell_run_command(command="echo one; echo two")

    assert main() == "two"


def test_gives_all_lines():
    @flow
    def main() -> object:
        return shell_run_command(command="echo one; echo two", return_all=True)

    assert main() == ["one", "two"]


def test_executes_the_helper_command_first(tmp_path):
    assert shell_run_command("pwd", helper_command=f"cd {tmp_path}") == str(tmp_path)


def test_takes_env_and_directory(tmp_path):
    lines = shell_run_command(command="pwd; echo $WORD", env={"WORD": "x"}, cwd=str(tmp_path), return_all=True)

    assert lines == [str(tmp_path), "x"]


def test_is_awaited_in_async_flows():
    @flow
    async def main() -> object:
        return await shell_run_command(command="echo one")

    assert asyncio.run(main()) == "one"


def test_can_be_submitted_and_mapped():
    @flow
    def main() -> object:
        return [
            shell_run_command.submit("echo one").result(),
            *shell_run_command.map(["echo two", "echo three"]).result(),
        ]

    assert main() == ["one", "two", "three"]


def test_is_tried_again(tmp_path):
    command = f"test -e {tmp_path}/there || {{ touch {tmp_path}/there; exit 1; }}; echo now"

    assert shell_run_command.with_options(retries=1)(command) == "now"


def test_fails_with_its_command():
    with pytest.raises(ShellCommandFailed, match="exit code 2"):
        shell_run_command("exit 2")
