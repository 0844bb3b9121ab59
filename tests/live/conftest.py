from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.events.pipeline import pipeline
from orchestrator.live.tail import tail
from orchestrator.web.threads import http_threads


@pytest.fixture
def companions() -> Iterator[None]:
    """The threads of a web process, ended with the test so that they leave the test's database alone."""
    pipeline.start()
    http_threads.start()
    yield
    tail.stop(5)
    pipeline.stop(5)
    http_threads.stop(5)
