"""What all tests share."""

import pytest

from tests.api_client import ApiClient


@pytest.fixture
def api(db: None) -> ApiClient:
    """A client of the API, which may use the database."""
    return ApiClient()
