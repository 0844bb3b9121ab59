"""`python -m orchestrator.worker.code`: does pull steps for somebody else, as a worker would.

Reads `{"steps": […], "directory": "/a/place"}` and writes, in its last line, `{"directory": …}` or `{"error": …}`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from orchestrator.sdk.configuration import settings
from orchestrator.worker.api import api_client
from orchestrator.worker.code.source import RunCode
from orchestrator.worker.settings import DEFAULT_API_URL
from orchestrator.worker.surroundings import BadRunSetting


def main() -> None:
    asked = json.load(sys.stdin)
    home = Path(os.environ.get("ORCHESTRATOR_HOME") or "~/.orchestrator").expanduser().resolve()
    try:
        code = RunCode(
            {"pull_steps": asked["steps"]}, client=api_client(settings.api_url() or DEFAULT_API_URL), home=home
        )
        answer = {"directory": str(code.fetch(Path(asked["directory"])))}
    except BadRunSetting as error:
        answer = {"error": str(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
