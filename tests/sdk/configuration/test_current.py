import pytest

from orchestrator import (
    PREFECT_API_KEY,
    PREFECT_API_URL,
    PREFECT_HOME,
    PREFECT_LOCAL_STORAGE_PATH,
    PREFECT_RESULTS_PERSIST_BY_DEFAULT,
    PREFECT_UI_URL,
    get_current_settings,
    temporary_settings,
)
from orchestrator.sdk.errors import SettingError


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch, tmp_path):
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(tmp_path))
    for name in ("API_URL", "API_KEY", "UI_URL", "LOCAL_STORAGE_PATH", "RESULTS_PERSIST_BY_DEFAULT"):
        monkeypatch.delenv(f"ORCHESTRATOR_{name}", raising=False)


def test_gives_what_holds_now(tmp_path):
    before = get_current_settings()
    with temporary_settings({PREFECT_API_URL: "http://one.test/api", PREFECT_RESULTS_PERSIST_BY_DEFAULT: True}):
        inside = get_current_settings()
        url, ui = PREFECT_API_URL.value(), PREFECT_UI_URL.value()

    assert (before.api.url, before.home, before.results.persist_by_default) == (None, tmp_path, False)
    assert before.logging.level == "INFO"
    assert (inside.api.url, inside.ui_url, inside.results.persist_by_default) == (url, ui, True)
    assert (url, ui) == ("http://one.test/api", "http://one.test")
    assert PREFECT_API_URL.value() is None


def test_knows_where_things_lie(tmp_path):
    assert PREFECT_HOME.value() == tmp_path
    assert PREFECT_HOME.value() / "locks" == tmp_path / "locks"
    assert (
        PREFECT_LOCAL_STORAGE_PATH.value() == tmp_path / "storage" == get_current_settings().results.local_storage_path
    )
    assert PREFECT_API_KEY.name == "PREFECT_API_KEY"


def test_refuses_what_cannot_be_used(monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_API_URL", "nonsense")

    with pytest.raises(SettingError, match="ORCHESTRATOR_API_URL is 'nonsense'"):
        PREFECT_API_URL.value()
