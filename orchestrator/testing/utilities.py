"""The harness under the name by which tests that were written for Prefect ask for it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from orchestrator.sdk.recording.logs import disable_run_logger
from orchestrator.testing.harness import Harness, harness

__all__ = ["disable_run_logger", "prefect_test_harness"]


def prefect_test_harness(server_startup_timeout: Any = None) -> AbstractContextManager[Harness]:
    """`harness()`. There is no server to wait for, so the time-out has no meaning here."""
    return harness()
