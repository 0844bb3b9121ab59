"""`orchestrator login`, `logout` and `workspace …`"""

from __future__ import annotations

import json

import pytest

from orchestrator.cli.login import _api_url
from tests.e2e.system import System

HELD = ["ORCHESTRATOR_API_KEY", "ORCHESTRATOR_API_AUTH_STRING"]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server that wants a key, and one that it takes."""
    system = System(tmp_path_factory.mktemp("guarded"), {"ORCHESTRATOR_API_AUTH": "required"})
    for name in ("DATABASE_URL", "REDIS_URL"):
        system.environment.pop(name, None)
    system.start("--no-worker", "--no-services")
    made = system.home / "key.txt"
    with made.open("w") as stdout:
        assert system.command("api-key", "create", "login", stdout=stdout).wait(60) == 0
    system.key = next(word for word in made.read_text().split() if len(word) > 20 and "_" in word)
    yield system
    system.stop()
    print(system.output())


def profile(command, name):
    return json.loads(command("profile", "inspect", name, "--show-secrets", "-o", "json").stdout)["settings"]


@pytest.mark.parametrize("form", ["{}", "{}/", "{}/api", "{}/api/"])
def test_keeps_a_key_that_the_server_takes(command, guarded, form):
    done = command("login", "--key", guarded.key, "--url", form.format(guarded.url))

    assert done.exit_code == 0, done.output
    assert guarded.key not in done.output
    assert profile(command, "default") == {
        "ORCHESTRATOR_API_URL": f"{guarded.url}/api",
        "ORCHESTRATOR_API_KEY": guarded.key,
    }
    assert command("flow", "ls").exit_code == 0


def test_keeps_nothing_that_the_server_refuses(command, home, guarded):
    done = command("login", "--key", "orc_wrong", "--url", guarded.url)

    assert done.exit_code == 5
    assert "does not take this key" in done.stderr
    assert list(home.iterdir()) == []


def test_reads_the_key_from_standard_input(command, guarded):
    assert command("login", "--key", "-", "--url", guarded.url, input=f"{guarded.key}\n").exit_code == 0
    assert profile(command, "default")["ORCHESTRATOR_API_KEY"] == guarded.key


def test_wants_a_key(command, guarded):
    done = command("login", "--url", guarded.url)

    assert done.exit_code == 2
    assert "--key" in done.stderr


def test_says_that_nobody_answers(command):
    assert command("login", "--key", "k", "--url", "http://127.0.0.1:9").exit_code == 4


@pytest.mark.parametrize(
    ("place", "address"),
    [
        ("orchestrator.example.org", "https://orchestrator.example.org/api"),
        ("10.0.0.7:4200", "https://10.0.0.7:4200/api"),
        ("localhost.example.org", "https://localhost.example.org/api"),
        ("localhost:4200", "http://localhost:4200/api"),
        ("127.0.0.1:4200/api", "http://127.0.0.1:4200/api"),
        ("[::1]:4200", "http://[::1]:4200/api"),
        ("http://orchestrator.example.org", "http://orchestrator.example.org/api"),
    ],
)
def test_sends_a_key_in_plain_only_within_this_machine_unless_told(place, address):
    assert _api_url(place) == address


def test_refuses_an_address_that_is_none(command):
    assert command("login", "--key", "k", "--url", "ftp://x").exit_code == 2


def test_leaves_the_profile_of_another_server_alone(command, guarded):
    command("profile", "create", "other", "--use")
    command("config", "set", "API_URL=http://other.test/api", "API_KEY=theirs")

    command("login", "--key", guarded.key, "--url", guarded.url)

    assert profile(command, "other")["ORCHESTRATOR_API_KEY"] == "theirs"
    rows = json.loads(command("workspace", "ls", "-o", "json").stdout)
    (mine,) = [row for row in rows if row["name"] != "other"]
    assert mine == {"name": mine["name"], "active": True, "api_url": f"{guarded.url}/api", "logged_in": True}


def test_takes_the_key_out_again(command, guarded):
    command("login", "--key", guarded.key, "--url", guarded.url, "--workspace", "work")

    assert command("logout").exit_code == 0

    assert profile(command, "work") == {"ORCHESTRATOR_API_URL": f"{guarded.url}/api"}
    assert command("flow", "ls").exit_code == 5
    assert "not logged in" in command("logout").stderr


def test_chooses_a_server_by_name_or_address(command):
    for name in ("a", "b"):
        command("profile", "create", name, "--use")
        command("config", "set", f"API_URL=http://{name}.test/api")

    def current():
        return json.loads(command("workspace", "current", "-o", "json").stdout)["name"]

    assert current() == "b"
    assert command("workspace", "set", "a").exit_code == 0
    assert current() == "a"
    assert command("workspace", "set", "--workspace", "http://b.test").exit_code == 0
    assert current() == "b"
    missing = command("workspace", "set", "c")
    assert (missing.exit_code, "there are: a, b" in missing.stderr) == (3, True)
    assert command("workspace", "set").exit_code == 2


def test_says_that_there_is_no_server_yet(command):
    assert "scripts run without a server" in command("workspace", "current").stdout
    assert "orchestrator login" in command("workspace", "ls").stderr
