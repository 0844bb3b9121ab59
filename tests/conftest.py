"""What all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.sdk.configuration import profiles
from tests.api_client import ApiClient
from tests.clients.environments import PREFECT3, NotInstallable, python_with
from tests.points import points_of

# What runs where flows do. It knows no database, but for the tests that put a server beside it.
CLIENTS = ("sdk", "testing", "cli", "worker", "broker", "examples", "documentation")
_DATABASES = {"db", "transactional_db", "django_db_serialized_rollback"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--on-databases", action="store_true", help="leave out the clients' tests that know no database")


def pytest_itemcollected(item: pytest.Item) -> None:
    """`-k RUN-9` finds the tests of an acceptance point."""
    item.extra_keyword_matches.update(points_of(getattr(getattr(item, "obj", None), "__doc__", None)))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--on-databases"):
        left_out = [item for item in items if _is_a_clients(item) and not _knows_a_database(item)]
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]


def _is_a_clients(item: pytest.Item) -> bool:
    return item.path.relative_to(Path(__file__).parent).parts[0] in CLIENTS


def _knows_a_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & _DATABASES)


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
