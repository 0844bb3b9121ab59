"""The acceptance points of the pages. The docstring of a test begins with those that it holds: `OV-1, OV-4: it …`.

`pytest -k LIVE-3` runs the tests of one.
"""

from __future__ import annotations

import re

# How many there are of each, counted from 1.
POINTS = {
    "OV": 6,  # the overview
    "RUNS": 10,  # the list of flow runs
    "TASKS": 2,  # the list of task runs
    "RUN": 13,  # the page of a flow run
    "TASK": 3,  # the page of a task run
    "CMP": 1,  # two runs side by side
    "LOG": 7,
    "FLOW": 2,
    "DEP": 5,  # deployments and their schedules
    "FORM": 6,  # forms made from a JSON schema
    "POOL": 4,  # work pools, queues and workers
    "EV": 3,  # events
    "ERR": 1,  # failures in groups
    "CAL": 1,  # the calendar
    "AST": 1,  # assets
    "ART": 3,  # artifacts
    "CFG": 3,  # variables, blocks and limits
    "VIEW": 1,  # saved views
    "SRCH": 1,  # the search
    "SET": 1,  # preferences
    "STAT": 1,  # the health of the server
    "LINK": 3,  # the addresses that clients print
    "BULK": 2,  # actions on many runs
    "LIVE": 7,  # pages that change by themselves
    "MOB": 3,  # on a phone
    "ADM": 4,  # the admin
    "ALL": 7,  # every page
}
_POINT = r"[A-Z]+-\d+"
_BEGINNING = re.compile(rf"\s*({_POINT}(?:, {_POINT})*):")


def points_of(docstring: str | None) -> list[str]:
    """Those that it begins with: `["OV-1", "OV-4"]`."""
    found = _BEGINNING.match(docstring or "")
    return found[1].split(", ") if found else []
