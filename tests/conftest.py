"""What all tests share."""

from pathlib import Path

import pytest

from tests.api_client import ApiClient
from tests.clients.environments import PREFECT3, NotInstallable, python_with


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
