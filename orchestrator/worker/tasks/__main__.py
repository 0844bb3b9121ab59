"""Run as `python -m orchestrator.worker.tasks PARENT`, with the settings as JSON on standard input."""

import json
import sys
from pathlib import Path

from orchestrator.sdk.processes.child_processes import die_with_parent
from orchestrator.worker.settings import WorkerSettings
from orchestrator.worker.tasks.serving import serve_tasks

if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    told = json.loads(sys.stdin.readline())
    sys.exit(serve_tasks(WorkerSettings(**{**told, "home": Path(told["home"]), "work_queues": ()})))
