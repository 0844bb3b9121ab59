"""`orchestrator profile …` and `orchestrator config …`"""

import json
import os
import stat
import subprocess
import sys

import pytest

from orchestrator.sdk.configuration.profiles import forget
from orchestrator.worker.settings import worker_settings


def file_of(home):
    return home / "profiles.toml"


def test_makes_lists_uses_renames_and_deletes(command, home):
    command("profile", "create", "staging", "--use")
    command("config", "set", "API_URL=https://staging.example.org/api/")
    command("profile", "create", "live", "--from", "staging")
    assert command("profile", "use", "live").exit_code == 0
    assert command("profile", "rename", "live", "production").exit_code == 0

    rows = {each["name"]: each for each in json.loads(command("profile", "ls", "-o", "json").stdout)}

    assert {name: row["active"] for name, row in rows.items()} == {"staging": False, "production": True}
    assert {row["api_url"] for row in rows.values()} == {"https://staging.example.org/api"}
    assert command("profile", "delete", "production").exit_code == 2
    assert "No profile is active now" in command("profile", "delete", "production", "--yes").stdout


def test_keeps_the_file_for_its_owner_only(command, home):
    command("config", "set", "api_key=orc_secret")

    assert stat.S_IMODE(file_of(home).stat().st_mode) == 0o600
    assert os.listdir(home) == ["profiles.toml"]


def test_makes_a_first_profile_when_something_is_set(command, home):
    said = command("config", "set", "api-url=http://server:4200/api", "LOGGING_LEVEL=debug").stdout

    assert "Made profile 'default'" in said
    view = json.loads(command("config", "view", "-o", "json").stdout)
    assert view["profile"] == "default"
    assert {row["name"]: (row["value"], row["source"]) for row in view["settings"]} == {
        "ORCHESTRATOR_API_URL": ("http://server:4200/api", "profile"),
        "ORCHESTRATOR_LOGGING_LEVEL": ("DEBUG", "profile"),
    }


def test_says_who_set_what_and_hides_secrets(command, monkeypatch):
    command("config", "set", "API_URL=http://profile/api", "API_KEY=orc_secret", "BROKER_URL=redis://:hush@host/0")
    monkeypatch.setenv("ORCHESTRATOR_DRAIN_SECONDS", "7")

    said = command("config", "view", "--show-defaults").stdout

    assert "hush" not in said
    assert "orc_secret" not in said
    rows = {line.split()[0]: line.split()[1:] for line in said.splitlines()[1:]}
    assert rows["ORCHESTRATOR_API_KEY"] == ["********", "profile"]
    assert rows["ORCHESTRATOR_DRAIN_SECONDS"] == ["7", "environment"]
    assert rows["ORCHESTRATOR_TASK_THREADS"] == ["128", "default"]
    assert "orc_secret" in command("config", "view", "--show-secrets").stdout


def test_shows_what_is_from_a_variable_of_prefects(command, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://theirs.test/api")
    monkeypatch.setenv("PREFECT_API_KEY", "pnu_hush")
    monkeypatch.setenv("ORCHESTRATOR_API_KEY", "orc_hush")

    rows = {row["name"]: row for row in json.loads(command("config", "view", "-o", "json").stdout)["settings"]}

    assert rows["ORCHESTRATOR_API_URL"]["source"] == "PREFECT_API_URL"
    assert rows["ORCHESTRATOR_API_KEY"] == {
        "name": "ORCHESTRATOR_API_KEY",
        "value": "********",
        "source": "PREFECT_API_KEY",
        "trouble": "the environment's is not used: the server is the one of PREFECT_API_URL",
    }


def test_says_that_a_key_of_another_server_is_not_used(command, monkeypatch):
    command("config", "set", "API_URL=http://profile/api", "API_KEY=orc_secret")
    monkeypatch.setenv("ORCHESTRATOR_API_URL", "http://elsewhere/api")

    said = command("config", "view").stdout

    assert "the profile's is not used" in said


@pytest.mark.parametrize(
    ("pair", "hint"),
    [
        ("API_URK=x", "Did you mean ORCHESTRATOR_API_URL"),
        ("zzz=x", "config view --show-defaults"),
        ("API_URL=server", "must look like"),
        ("DRAIN_SECONDS=soon", "a number is needed"),
        ("DRAIN_SECONDS=-1", "cannot be negative"),
        ("LOGGING_LEVEL=LOUD", "use DEBUG"),
        ("API_KEY=", "config unset"),
        ("API_URL", "NAME=VALUE"),
    ],
)
def test_refuses_what_has_no_effect(command, home, pair, hint):
    result = command("config", "set", pair)

    assert result.exit_code == 2
    assert hint in result.stderr
    assert not file_of(home).exists()


def test_takes_settings_out_again(command):
    command("config", "set", "DRAIN_SECONDS=3", "TASK_THREADS=4")

    assert command("config", "unset", "drain_seconds").exit_code == 0

    assert "DRAIN" not in command("config", "view").stdout
    assert "does not say anything about" in command("config", "unset", "DRAIN_SECONDS").stderr


def test_uses_a_profile_for_one_command(command, server):
    command("profile", "create", "nowhere", "--use")
    command("config", "set", "API_URL=http://127.0.0.1:1/api", "CONNECT_SECONDS=0.1")
    command("--profile", "nowhere", "config", "view")
    command("profile", "create", "here")
    command("-p", "here", "config", "set", f"API_URL={server.url}/api")
    os.environ["ORCHESTRATOR_PROFILE"] = ""

    assert command("flow", "ls").exit_code == 4
    assert command("--profile", "here", "flow", "ls").exit_code == 0
    assert "There is no profile" in command("--profile", "hree", "flow", "ls").stderr


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('active = "a"\n[profiles.a\n', "line 2"),
        ("[profiles.a]\nORCHESTRATOR_API_URL = 3\n", "line 2"),
        ('active = "a"\nsomething = 1\n', "line 2"),
        ("active = 3\n", "line 1"),
        ("profiles = 3\n", "line 1"),
    ],
)
def test_says_where_a_file_is_broken(command, home, text, place):
    file_of(home).write_text(text)
    forget()

    result = command("flow", "ls")

    assert result.exit_code == 1
    assert place in result.stderr
    assert str(file_of(home)) in result.stderr
    assert command("--help").exit_code == 0


def test_keeps_odd_values(command, home):
    odd = 'a"b\\c\td é \x7f # [x]'

    command("config", "set", f"API_KEY={odd}")
    forget()

    assert f"ORCHESTRATOR_API_KEY={odd}" in command("profile", "inspect", "--show-secrets").stdout


def test_counts_for_scripts_that_run_flows(command, home, server):
    command("config", "set", f"API_URL={server.url}/api")
    script = home / "script.py"
    script.write_text("from orchestrator import flow\n@flow\ndef of_a_profile():\n    return 1\nof_a_profile()\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")}

    subprocess.run(
        [sys.executable, str(script)],
        env={**environment, "ORCHESTRATOR_HOME": str(home), "PYTHONPATH": os.getcwd()},
        check=True,
        capture_output=True,
    )

    runs = json.loads(command("flow-run", "ls", "--flow", "of-a-profile", "-o", "json").stdout)
    assert [run["state_type"] for run in runs] == ["COMPLETED"]


def test_counts_for_workers(command):
    command("config", "set", "API_URL=http://server:4200/api", "BROKER_URL=redis://broker/0")

    settings = worker_settings(pool="default")

    assert (settings.api_url, settings.broker_url) == ("http://server:4200/api", "redis://broker/0")
