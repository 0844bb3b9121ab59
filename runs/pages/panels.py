"""Panels that other rooms put on the page of a run, such as why it does not run: this room cannot see pools or workers.

A panel is asked for while the page is made, so it is there without a script, and is fetched anew with the part that
it stands in.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.utils.safestring import SafeString

from runs.models import FlowRun, TaskRun

Panel = Callable[[HttpRequest, FlowRun | TaskRun], SafeString]

_panels: list[Panel] = []


def register_panel(panel: Panel) -> None:
    """Show what `panel` renders of each run that waits; nothing where it renders nothing. Called once at start-up."""
    if panel not in _panels:
        _panels.append(panel)


def panel_of(request: HttpRequest, run: FlowRun | TaskRun) -> SafeString:
    """What other rooms say of a run that waits, as markup; empty where they say nothing."""
    return SafeString("".join(panel(request, run) for panel in _panels))
