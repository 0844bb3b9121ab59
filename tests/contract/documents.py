"""The two OpenAPI documents: the one that the Prefect package makes, and ours."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from orchestrator.rest.schema import describe

HERE = Path(__file__).parent


def reference_document(python: Path) -> dict[str, Any]:
    """Made once for each environment of the client, whose interpreter this is, and kept in it."""
    home = python.parent.parent
    kept = home / f"openapi-{(home / 'stamp').read_text()[:16]}.json"
    if not kept.exists():
        done = subprocess.run([python, HERE / "print_reference.py"], capture_output=True, text=True, check=True)
        kept.write_text(done.stdout)
    return json.loads(kept.read_text())


def our_document() -> dict[str, Any]:
    return json.loads(json.dumps(describe()))
