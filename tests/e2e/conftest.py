import pytest

from tests import services
from tests.e2e.system import System

# Without root or network some machines have neither; those tests then say so.
BACKENDS = [
    "embedded",
    pytest.param(
        "postgres+redis",
        marks=pytest.mark.skipif(
            not (services.has_redis() and services.has_postgres()), reason="PostgreSQL or Redis is not installed"
        ),
    ),
]


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request):
    """What the server is told about its database and broker."""
    if request.param == "embedded":
        yield {}
        return
    with services.postgres() as database_url, services.redis() as redis_url:
        yield {"DATABASE_URL": database_url, "REDIS_URL": redis_url}


@pytest.fixture(scope="module")
def system(backend, tmp_path_factory):
    """A running system that the tests of a module share. What a test breaks, the supervisor mends."""
    system = System(tmp_path_factory.mktemp("home"), backend).start()
    yield system
    system.stop()
    print(system.output())
    assert system.left_over() == []


@pytest.fixture
def fresh(tmp_path):
    """An embedded system of the test's own, not started yet."""
    system = System(tmp_path)
    yield system
    system.stop()
    print(system.output())
