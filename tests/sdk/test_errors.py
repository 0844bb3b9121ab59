from __future__ import annotations

import inspect
import pickle
import re

import pytest

from orchestrator.sdk import errors


def drawn() -> dict[str, set[str]]:
    """Each error of the tree in the module's docstring, with what it is."""
    found: dict[str, set[str]] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        node = re.fullmatch(r"([│├└─\s]*)(\w+)(?: \((?:also )?([\w, ]+)\))?", line)
        if node is None or not line.strip():
            continue
        branch, name, also = node.groups()
        depth = len(branch) // 4
        del above[depth:]
        found[name] = {*above[-1:], *(also or "").split(", ")} - {""}
        above.append(name)
    return found


def defined() -> dict[str, set[str]]:
    return {
        name: {base.__name__ for base in kind.__bases__} - {"Exception"}
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and issubclass(kind, BaseException) and kind.__module__ == errors.__name__
    }


def test_draws_every_error_at_its_place():
    assert drawn() == defined()


@pytest.mark.parametrize(
    "error", [errors.ObjectNotFound("gone", status=404, body={"detail": "x"}), errors.FailedRun("no")]
)
def test_can_be_sent_to_another_process(error):
    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
