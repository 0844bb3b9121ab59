"""A clock that goes when the test says so."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

import pytest

from orchestrator.contract import times

_real = times.now


class Clock:
    """What `now` says everywhere in our code. Default values of columns and of states are from the real clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
        self.at = at
        for name, module in list(sys.modules.items()):
            ours = name.partition(".")[0] in ("orchestrator", "runs", "deployments")
            if ours and module is not times and getattr(module, "now", None) is _real:
                monkeypatch.setattr(module, "now", self)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **how_far: float) -> datetime:
        """By a time as `timedelta` takes it."""
        self.at += timedelta(**how_far)
        return self.at
