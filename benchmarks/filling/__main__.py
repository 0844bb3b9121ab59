"""`python -m benchmarks.filling`: fills the empty database that the settings name, and tells as JSON what it holds."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

import django


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.filling", description=__doc__)
    parser.add_argument("--task-runs", type=int, required=True)
    parser.add_argument("--deployments", type=int, default=400)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.settings")
    django.setup()

    from django.core.management import call_command

    from benchmarks.filling.fill import fill

    began = time.monotonic()
    call_command("migrate", verbosity=0)

    def say(words: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {words}", file=sys.stderr, flush=True)

    print(json.dumps(fill(task_runs=options.task_runs, deployments=options.deployments, say=say)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
