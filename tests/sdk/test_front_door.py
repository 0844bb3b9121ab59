from __future__ import annotations

import json
import subprocess
import sys

import pytest

import orchestrator

ALLOWED = sys.stdlib_module_names | {"orchestrator", "__main__"}
PROGRAM = """
import json, sys
before = set(sys.modules)
{statement}
print(json.dumps(sorted(name for name in set(sys.modules) - before)))
"""


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter loads for the statement."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(statement=statement)], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_loads_nothing_but_the_standard_library():
    loaded = {name.partition(".")[0] for name in loaded_by("from orchestrator import flow, task")}

    assert loaded <= ALLOWED


def test_leaves_heavy_modules_for_later():
    loaded = loaded_by("from orchestrator import flow, task")

    assert loaded.isdisjoint({"asyncio", "logging", "http.client", "concurrent.futures", "inspect", "ssl", "json"})


def test_loads_nothing_of_ours_by_itself():
    loaded = loaded_by("import orchestrator")

    assert {name for name in loaded if name.startswith("orchestrator")} == {"orchestrator"}


@pytest.mark.parametrize("name", sorted(orchestrator._PUBLIC))
def test_opens_for_every_public_name(name):
    assert getattr(orchestrator, name) is not None


def test_says_which_name_is_unknown():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = orchestrator.nonsense
