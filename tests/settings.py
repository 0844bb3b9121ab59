"""The project's settings with a data directory of the tests' own, gone afterwards."""

import os
import tempfile

_home = tempfile.TemporaryDirectory(prefix="orchestrator-tests-", ignore_cleanup_errors=True)
os.environ["ORCHESTRATOR_HOME"] = _home.name

from orchestrator.settings import *  # noqa: E402, F403
