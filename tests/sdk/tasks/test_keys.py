"""By which key the runs of a task are known."""

from __future__ import annotations

import subprocess
import sys

import pytest

from orchestrator import task
from orchestrator.sdk.tasks.keys import task_key

SOURCE = """
def work(x, *, kind="a"):
    found = {y for y in range(x)} if kind in {"a", "b", "c", "d"} else None
    return lambda: (found, "ä", b"\\xff", 1.5, ...)
"""


def key_of(source: str, filename: str = "tasks.py", name: str = "work") -> str:
    names: dict = {}
    exec(compile(source, filename, "exec"), names)
    return task_key(names[name])


def test_is_the_same_wherever_the_code_is():
    assert key_of(SOURCE, "/app/tasks.py") == key_of(SOURCE, "/srv/other.py")


def test_is_the_same_in_every_process():
    program = f"""
from orchestrator.sdk.tasks.keys import task_key
names = {{}}
exec(compile({SOURCE!r}, "x.py", "exec"), names)
print(task_key(names["work"]))
"""

    told = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert told == {key_of(SOURCE)}


@pytest.mark.parametrize(
    "other",
    [
        SOURCE.replace("1.5", "2.5"),
        SOURCE.replace("range(x)", "range(x, 9)"),
        SOURCE.replace('"a", "b"', '"a", "e"'),
        SOURCE.replace("return lambda", "found = None\n    return lambda"),
    ],
)
def test_is_another_for_other_code(other):
    assert key_of(other) != key_of(SOURCE)


def test_begins_with_the_name_of_the_function():
    assert key_of(SOURCE).startswith("work-")


def test_is_given_to_callables_of_any_kind():
    class Callable:
        def __call__(self) -> int:
            return 1

    assert task_key(Callable()).startswith("Callable-")
    assert task_key(len).startswith("len-")


def test_does_not_change_with_options():
    @task
    def work() -> None: ...

    assert work.with_options(name="other", retries=3).task_key == work.task_key
