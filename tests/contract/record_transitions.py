"""Record what a server of the reference answers: `python -m tests.contract.record_transitions http://host:4200/api`."""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.contract.transitions import Server, cases

FACTS = Path(__file__).parent / "transitions.json"


def record(url: str) -> None:
    server = Server(lambda method, path, body: ask(url, method, path, body))
    facts = {case.name: server.outcome(case) for case in cases()}
    lines = [f"{json.dumps(name)}: {json.dumps(fact)}" for name, fact in facts.items()]
    FACTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def ask(url: str, method: str, path: str, body: Any) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"}, method=method)
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            if error.code != 503:  # its database was busy
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    record(sys.argv[1])
