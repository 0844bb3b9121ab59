"""What can be wrong with a source of code.

BadRunSetting
└── CodeUnavailable
"""

from __future__ import annotations

from orchestrator.worker.surroundings import BadRunSetting


class CodeUnavailable(BadRunSetting):
    """The code could not be had. The message names the source without its secrets, and says why."""
