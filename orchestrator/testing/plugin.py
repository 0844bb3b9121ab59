"""The harness as a pytest fixture. In `conftest.py`: `pytest_plugins = ["orchestrator.testing.plugin"]`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.testing.harness import Harness, harness

__all__ = ["run_harness"]


@pytest.fixture(name="harness")
def run_harness() -> Iterator[Harness]:
    """A harness around the test: flows need no server, the engine waits for nothing."""
    with harness() as made:
        yield made
