"""The tree of commands."""

import subprocess
import sys

from click.testing import CliRunner

from orchestrator.cli.commands import orchestrator


def test_shows_every_command_in_its_help():
    said = CliRunner().invoke(orchestrator, ["--help"]).output

    for command in ("server", "worker", "api-key", "deploy", "deployment", "flow-run", "version"):
        assert f"  {command} " in said


def test_prints_its_version():
    assert CliRunner().invoke(orchestrator, ["version"]).output.startswith("0.")


def test_imports_neither_django_nor_celery_to_show_help():
    program = (
        "import sys; from click.testing import CliRunner; from orchestrator.cli.commands import orchestrator;"
        "assert CliRunner().invoke(orchestrator, ['server', 'start', '--help']).exit_code == 0;"
        "print([name for name in ('django', 'celery', 'rich', 'kombu') if name in sys.modules])"
    )

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "[]"


def test_says_in_one_line_that_no_server_answers(monkeypatch, tmp_path):
    monkeypatch.setenv("ORCHESTRATOR_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.setenv("ORCHESTRATOR_CONNECT_SECONDS", "0.1")

    result = CliRunner().invoke(orchestrator, ["flow-run", "ls"])

    assert result.exit_code == 1
    assert "no answer from http://127.0.0.1:1/api" in result.output
    assert result.output.count("\n") == 1
