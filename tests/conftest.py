"""What all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.sdk.configuration import profiles
from tests.api_client import ApiClient
from tests.clients.environments import PREFECT3, NotInstallable, python_with


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """Commands and workers write into the environment for the processes they start: no other test sees it."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys() - {"PYTEST_CURRENT_TEST"}:
        del os.environ[name]
    for name, value in before.items():
        if os.environ.get(name) != value and name != "PYTEST_CURRENT_TEST":
            os.environ[name] = value
    profiles.forget()


@pytest.fixture
def api(db: None) -> ApiClient:
    """A client of the API, which may use the database."""
    return ApiClient()


@pytest.fixture(scope="session")
def prefect3_python() -> Path:
    """The interpreter with the unmodified Prefect 3 client, apart from ours."""
    try:
        return python_with(PREFECT3, name="prefect3")
    except NotInstallable as error:
        pytest.skip(f"the Prefect 3 client could not be installed: {error}")
