"""Where we differ from the reference on purpose: a pattern over the lines of the comparison, and why."""

from __future__ import annotations

import re

INTENDED: dict[str, str] = {
    # What the reference leaves out of its description.
    r"(POST|PUT) .* answers: we say 200 and 201, reference says 200": "its servers answer 201 for what is new, too",
    r"POST /block_schemas/ answers: we say 200 and 201, reference says 201": "its servers answer 200 for a known one",
    r"GET /openapi\.json: only we have it": "a description of the description itself",
    # What we have besides.
    r".* /(claims/.*|work_pools/\{[a-z_]+\}/claims.*): only we have it": "how our workers claim runs",
    r"POST /logs/ request\[\]\.id: only we have it": "a line may be sent again without being stored twice",
    # Where we take or answer more, or less.
    r".*empirical_policy\.retry_delay: we say null\|number, .*": "flows of our SDK wait for parts of a second",
    r"PATCH /flow_runs/\{id\}/labels request: we say map, reference says object": "others could not be answered again",
    # What comes later.
    r".* /automations/.*": "comes with automations",
    r".* /templates/validate.*": "comes with automations",
}

_PATTERNS = [re.compile(pattern) for pattern in INTENDED]


def is_intended(line: str) -> bool:
    return any(pattern.fullmatch(line) for pattern in _PATTERNS)


def stale(lines: list[str]) -> list[str]:
    """Patterns that no difference fits any more."""
    return [pattern.pattern for pattern in _PATTERNS if not any(pattern.fullmatch(line) for line in lines)]
