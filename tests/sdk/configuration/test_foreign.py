"""What Prefect's variables say: taken where ours are silent, and never sent to a server that they do not name."""

from __future__ import annotations

import pytest

from orchestrator import temporary_settings
from orchestrator.sdk.configuration import foreign, settings
from orchestrator.sdk.configuration.profiles import Profiles, forget, profiles_file, write_profiles
from orchestrator.sdk.errors import SettingError


@pytest.fixture
def say(monkeypatch, data_directory):
    """Sets variables of the environment, which says nothing else."""
    for name in [*settings.SETTINGS, *foreign.NAMES.values(), "ORCHESTRATOR_PROFILE"]:
        monkeypatch.delenv(name, raising=False)
    forget()

    def say(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    yield say
    forget()


def keep(**said):
    values = {f"ORCHESTRATOR_{name}": value for name, value in said.items()}
    write_profiles(profiles_file(), Profiles("mine", {"mine": values}))
    forget()


def credentials():
    return settings.api_key(), settings.auth_string()


def test_takes_address_and_key(say):
    say(PREFECT_API_URL="http://theirs/api/", PREFECT_API_KEY="key")

    assert settings.api_url() == "http://theirs/api"
    assert settings.ui_url() == "http://theirs"
    assert credentials() == ("key", None)


def test_takes_a_password_and_plain_choices(say):
    say(
        PREFECT_API_URL="http://theirs/api",
        PREFECT_API_AUTH_STRING="u:p",
        PREFECT_LOGGING_LEVEL="debug",
        PREFECT_RESULTS_PERSIST_BY_DEFAULT="1",
    )

    assert credentials() == (None, "u:p")
    assert settings.logging_level() == "DEBUG"
    assert settings.value_of("ORCHESTRATOR_RESULTS_PERSIST_BY_DEFAULT") == "true"


def test_lets_our_own_words_win(say):
    say(PREFECT_API_URL="http://theirs/api", ORCHESTRATOR_API_URL="http://ours/api", ORCHESTRATOR_API_KEY="ours")

    assert settings.api_url() == "http://ours/api"
    assert credentials() == ("ours", None)


def test_lets_the_profile_win(say):
    keep(API_URL="http://ours/api")
    say(PREFECT_API_URL="http://theirs/api", PREFECT_API_KEY="theirs")

    assert settings.api_url() == "http://ours/api"
    assert credentials() == (None, None)


@pytest.mark.parametrize("address", [{}, {"PREFECT_API_URL": "http://theirs/api"}], ids=["no address", "an address"])
def test_sends_their_key_to_no_server_of_ours(say, address):
    say(ORCHESTRATOR_API_URL="http://ours/api", PREFECT_API_KEY="theirs", PREFECT_API_AUTH_STRING="u:p", **address)

    assert credentials() == (None, None)


def test_sends_our_key_to_no_server_of_theirs(say):
    say(PREFECT_API_URL="http://theirs/api", ORCHESTRATOR_API_KEY="ours", PREFECT_API_KEY="theirs")
    assert credentials() == ("theirs", None)

    keep(API_AUTH_STRING="u:p", BROKER_URL="redis://ours")

    assert credentials() == ("theirs", None)
    assert settings.broker_url() is None


def test_sends_it_where_both_name_the_same_server(say):
    say(ORCHESTRATOR_API_URL="http://one/api", PREFECT_API_URL="http://one/api/", PREFECT_API_KEY="theirs")
    assert credentials() == ("theirs", None)

    say(ORCHESTRATOR_API_AUTH_STRING="u:p")

    assert credentials() == (None, "u:p")


def test_names_their_variable_when_it_cannot_be_used(say):
    say(PREFECT_API_URL="theirs")

    with pytest.raises(SettingError, match="PREFECT_API_URL is 'theirs'"):
        settings.api_url()


def test_passes_over_what_only_prefect_knows(say):
    say(PREFECT_LOGGING_LEVEL="NOTSET")

    assert settings.logging_level() == "INFO"


def test_tells_which_variable_said_it(say):
    say(PREFECT_API_URL="http://theirs/api")

    assert settings.given("ORCHESTRATOR_API_URL") == ("http://theirs/api", "PREFECT_API_URL")


def test_is_silent_inside_temporary_settings_that_say_none(say, monkeypatch):
    say(PREFECT_API_URL="http://theirs/api")

    with temporary_settings(API_URL=None):
        assert settings.api_url() is None

    assert settings.api_url() == "http://theirs/api"
