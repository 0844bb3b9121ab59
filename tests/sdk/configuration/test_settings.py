"""Where a client's settings come from: the environment, the active profile, a default."""

import os
import stat
import subprocess
import sys

import pytest

from orchestrator.sdk.configuration import foreign, settings
from orchestrator.sdk.configuration.profiles import Profiles, forget, profiles_file, read_profiles, write_profiles
from orchestrator.sdk.errors import ProfileError, SettingError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in [*settings.SETTINGS, *foreign.NAMES.values()]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("ORCHESTRATOR_PROFILE", raising=False)
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(tmp_path))
    forget()
    yield tmp_path
    forget()


def keep(active=None, **profiles):
    write_profiles(
        profiles_file(),
        Profiles(
            active,
            {name: {f"ORCHESTRATOR_{key}": value for key, value in said.items()} for name, said in profiles.items()},
        ),
    )


def test_has_defaults_without_a_file():
    assert settings.api_url() is None
    assert settings.drain_seconds() == 120.0
    assert settings.logging_level() == "INFO"


def test_reads_the_active_profile():
    keep("a", a={"API_URL": "http://a/api/", "API_KEY": "key-a"}, b={"API_URL": "http://b/api"})

    assert settings.api_url() == "http://a/api"
    assert settings.ui_url() == "http://a"
    assert settings.api_key() == "key-a"


def test_lets_the_environment_choose_another_profile(monkeypatch):
    keep("a", a={"API_URL": "http://a/api"}, b={"API_URL": "http://b/api"})
    monkeypatch.setenv("ORCHESTRATOR_PROFILE", "b")

    assert settings.api_url() == "http://b/api"


def test_refuses_a_profile_that_is_not_there(monkeypatch):
    keep("a", a={})
    monkeypatch.setenv("ORCHESTRATOR_PROFILE", "c")

    with pytest.raises(ProfileError, match=r"no profile 'c'.*there are: a"):
        settings.api_url()


def test_lets_the_environment_win(monkeypatch):
    keep("a", a={"DRAIN_SECONDS": "1", "CONNECT_SECONDS": "2"})
    monkeypatch.setenv("ORCHESTRATOR_DRAIN_SECONDS", "3")

    assert settings.drain_seconds() == 3.0
    assert settings.connect_seconds() == 2.0


@pytest.mark.parametrize("name", ["API_KEY", "API_AUTH_STRING", "UI_URL", "BROKER_URL"])
def test_never_gives_what_belongs_to_one_server_to_another(monkeypatch, name):
    values = {"API_KEY": "k", "API_AUTH_STRING": "u:p", "UI_URL": "http://a", "BROKER_URL": "redis://a"}
    keep("a", a={"API_URL": "http://a/api", name: values[name]})

    assert settings.value_of(f"ORCHESTRATOR_{name}") == values[name]
    monkeypatch.setenv("ORCHESTRATOR_API_URL", "http://a/api/")
    assert settings.value_of(f"ORCHESTRATOR_{name}") == values[name]
    monkeypatch.setenv("ORCHESTRATOR_API_URL", "http://b/api")
    assert settings.value_of(f"ORCHESTRATOR_{name}") is None


def test_sends_no_key_of_a_profile_where_the_environment_gives_a_password(monkeypatch):
    keep("a", a={"API_URL": "http://a/api", "API_KEY": "key-a"})
    monkeypatch.setenv("ORCHESTRATOR_API_AUTH_STRING", "u:p")

    assert settings.api_key() is None


def test_names_the_setting_that_cannot_be_used_but_no_secret(monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_DRAIN_SECONDS", "soon")
    monkeypatch.setenv("ORCHESTRATOR_API_AUTH_STRING", "hush")

    with pytest.raises(SettingError, match="ORCHESTRATOR_DRAIN_SECONDS is 'soon'; a number is needed"):
        settings.drain_seconds()
    with pytest.raises(SettingError) as told:
        settings.auth_string()
    assert "hush" not in str(told.value)


def test_writes_all_or_nothing_and_for_the_owner_only(home, monkeypatch):
    keep("a", a={"API_KEY": "old"})
    before = profiles_file().read_text()

    def fail(*_):
        raise OSError("full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="full"):
        keep("a", a={"API_KEY": "new"})

    assert profiles_file().read_text() == before
    assert os.listdir(home) == ["profiles.toml"]
    assert stat.S_IMODE(profiles_file().stat().st_mode) == 0o600


def test_reads_back_what_it_wrote():
    profiles = Profiles("a b", {"a b": {"ORCHESTRATOR_API_KEY": 'é"\\\n\x00\x7f]'}, "c.d": {}})

    write_profiles(profiles_file(), profiles)

    assert read_profiles(profiles_file()) == profiles


def test_reads_no_file_at_import():
    program = (
        "import sys, orchestrator.sdk.api.client, orchestrator.sdk.flows.flow, orchestrator.sdk.configuration.settings;"
        "print('tomllib' in sys.modules)"
    )

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "False"


def test_reads_the_file_once():
    keep("a", a={"DRAIN_SECONDS": "1"})
    assert settings.drain_seconds() == 1.0

    keep("a", a={"DRAIN_SECONDS": "2"})

    assert settings.drain_seconds() == 1.0
