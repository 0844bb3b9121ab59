"""The tree of commands."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from orchestrator.cli.commands import COMMANDS, orchestrator
from tests.cli.tree import every_command


def test_shows_every_command_in_its_help():
    said = CliRunner().invoke(orchestrator, ["--help"]).output

    for command in COMMANDS:
        assert f"  {command} " in said


def test_prints_its_version():
    assert CliRunner().invoke(orchestrator, ["version", "--client"]).output.splitlines()[0].split() == [
        "Version",
        "0.1.0",
    ]


def test_imports_neither_django_nor_celery_to_show_help():
    program = (
        "import sys; from click.testing import CliRunner; from orchestrator.cli.commands import orchestrator;"
        "assert CliRunner().invoke(orchestrator, ['server', 'start', '--help']).exit_code == 0;"
        "print([name for name in ('django', 'celery', 'rich', 'kombu') if name in sys.modules])"
    )

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "[]"


def test_says_in_one_line_that_no_server_answers(command, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.setenv("ORCHESTRATOR_CONNECT_SECONDS", "0.1")

    result = command("flow-run", "ls")

    assert result.exit_code == 4
    assert "no answer from http://127.0.0.1:1/api" in result.output
    assert "orchestrator server start" in result.output
    assert result.output.count("\n") == 1


def test_ends_with_5_when_the_server_wants_a_key(command, monkeypatch, locked):
    monkeypatch.setenv("ORCHESTRATOR_API_URL", f"{locked.url}/api")

    asked = command("flow", "ls")
    monkeypatch.setenv("ORCHESTRATOR_API_AUTH_STRING", "admin:right")
    known = command("flow", "ls")

    assert asked.exit_code == 5
    assert "config set API_KEY" in asked.stderr
    assert known.exit_code == 0


def test_says_that_an_address_is_not_the_api(command, monkeypatch, server):
    monkeypatch.setenv("ORCHESTRATOR_API_URL", server.url)

    result = command("flow", "ls")

    assert result.exit_code != 0
    assert "/api" in result.stderr


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        (["flwo"], "Did you mean 'flow'?"),
        (["work-pool", "paus", "x"], "Did you mean 'pause'?"),
        (["flow", "ls", "--limit", "0"], "--limit"),
        (["flow", "ls", "--output", "yaml"], "'yaml'"),
    ],
)
def test_ends_with_2_for_what_it_does_not_understand(command, typed, hint):
    result = command(*typed)

    assert result.exit_code == 2
    assert hint in result.stderr


def test_takes_plurals(command):
    assert command("flow-runs", "--help").exit_code == 0
    assert command("work-pools", "ls", "--help").exit_code == 0


@pytest.mark.parametrize("path", [" ".join(path) for path, _ in every_command()])
def test_every_command_says_what_it_is(path, command):
    result = command(*path.split(), "--help")

    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 3


def test_lists_and_inspections_speak_json():
    silent = [
        " ".join(path)
        for path, found in every_command()
        if path[-1] in {"ls", "inspect"} and "output" not in {each.name for each in found.params}
    ]

    assert silent == []


def test_asks_before_it_deletes():
    bold = [
        " ".join(path)
        for path, found in every_command()
        if path[-1] in {"delete", "unset", "clear", "release"}
        and path[0] != "config"
        and "yes" not in {each.name for each in found.params}
    ]

    assert bold == []
