import pytest

from orchestrator.worker.code.cache import CodeCache
from orchestrator.worker.code.fetching import Fetching
from orchestrator.worker.code.limits import Limits
from tests.worker.code.repositories import GitServer, Repository


@pytest.fixture
def cache(tmp_path):
    return CodeCache(tmp_path / "code")


@pytest.fixture
def fetching():
    return Fetching(Limits(seconds=60.0))


@pytest.fixture
def repository(tmp_path):
    repository = Repository(tmp_path / "served" / "flows.git")
    repository.commit({"flows.py": "WORD = 'one'\n", "below/more.py": "MORE = 1\n", "other/else.py": "ELSE = 1\n"})
    return repository


@pytest.fixture
def private_server(repository):
    server = GitServer(repository.place.parent, login="x-access-token:s3cret-token")
    yield server
    server.close()
