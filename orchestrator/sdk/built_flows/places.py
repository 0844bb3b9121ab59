"""Where in the author's code something was made."""

from __future__ import annotations

import sys


def place_of_the_author() -> tuple[str, int]:
    """The name of the module outside of this package that is being executed, and the line."""
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "orchestrator":
        frame = frame.f_back
    return str(frame.f_globals.get("__name__")), frame.f_lineno
