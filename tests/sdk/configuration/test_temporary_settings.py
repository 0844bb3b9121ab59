from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from orchestrator import temporary_settings
from orchestrator.sdk.configuration import settings
from orchestrator.sdk.configuration.profiles import Profiles, forget, profiles_file, write_profiles
from orchestrator.sdk.errors import SettingError


@pytest.fixture
def profile(data_directory):
    values = {"ORCHESTRATOR_API_URL": "http://profile.test/api", "ORCHESTRATOR_DRAIN_SECONDS": "5"}
    write_profiles(profiles_file(), Profiles("mine", {"mine": values}))
    forget()
    yield
    forget()


@pytest.mark.parametrize("name", ["ORCHESTRATOR_DRAIN_SECONDS", "DRAIN_SECONDS", "drain_seconds"])
def test_holds_inside_and_not_afterwards(name):
    with temporary_settings({name: 3}):
        assert settings.drain_seconds() == 3

    assert settings.drain_seconds() == 120
    assert "ORCHESTRATOR_DRAIN_SECONDS" not in os.environ


def test_ends_with_an_error_too():
    with pytest.raises(ZeroDivisionError), temporary_settings(DRAIN_SECONDS=3):
        _ = 1 / 0

    assert settings.drain_seconds() == 120


def test_nests(profile):
    with temporary_settings(DRAIN_SECONDS=3):
        with temporary_settings(DRAIN_SECONDS=None):
            assert settings.drain_seconds() == 120
            with temporary_settings(DRAIN_SECONDS=4):
                assert settings.drain_seconds() == 4
        assert settings.drain_seconds() == 3

    assert settings.drain_seconds() == 5


def test_takes_updates_defaults_and_what_to_restore(profile):
    with temporary_settings(
        updates={"CONNECT_SECONDS": 1},
        set_defaults={"DRAIN_SECONDS": 3, "HEARTBEAT_SECONDS": 4, "CONNECT_SECONDS": 5},
        restore_defaults={"PREFECT_API_URL"},
    ):
        assert settings.connect_seconds() == 1
        assert settings.drain_seconds() == 5  # the profile says so
        assert settings.heartbeat_seconds() == 4
        assert settings.api_url() is None

    assert settings.api_url() == "http://profile.test/api"
    assert settings.heartbeat_seconds() == 20


@pytest.mark.parametrize("given", [{"restore_defaults": "API_URL"}, {"restore_defaults": [None]}, {"updates": {1: 2}}])
def test_refuses_what_names_no_setting(given):
    with pytest.raises(SettingError), temporary_settings(**given):
        pass


def test_takes_away_what_a_profile_says(profile):
    with temporary_settings(API_URL=None):
        assert settings.api_url() is None

    assert settings.api_url() == "http://profile.test/api"


def test_counts_in_threads_and_processes():
    seen = []
    with temporary_settings(DRAIN_SECONDS=3):
        thread = threading.Thread(target=lambda: seen.append(settings.drain_seconds()))
        thread.start()
        thread.join()
        program = "from orchestrator.sdk.configuration import settings; print(settings.drain_seconds())"
        seen.append(float(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout))

    assert seen == [3, 3]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"DRAIN_SECOND": 1}, "Did you mean ORCHESTRATOR_DRAIN_SECONDS"),
        ({"DRAIN_SECONDS": "soon"}, "a number is needed"),
        ({"API_URL": "server"}, "must look like"),
    ],
)
def test_changes_nothing_when_one_of_them_cannot_be_used(values, told):
    with pytest.raises(SettingError, match=told), temporary_settings({"CONNECT_SECONDS": 1, **values}):
        pass

    assert settings.connect_seconds() == 15


def test_shows_no_secret():
    with pytest.raises(SettingError) as told, temporary_settings(API_AUTH_STRING="hush"):
        pass

    assert "hush" not in str(told.value)
