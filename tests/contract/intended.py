"""Where we differ from the reference on purpose: a pattern over the lines of the comparison, and why."""

from __future__ import annotations

import re

INTENDED: dict[str, str] = {
    # What the reference leaves out of its description.
    r"(POST|PUT) .* answers: we say 200 and 201, reference says 200": "its servers answer 201 for what is new, too",
    r"POST /block_schemas/ answers: we say 200 and 201, reference says 201": "its servers answer 200 for a known one",
    r"GET /openapi\.json: only we have it": "a description of the description itself",
    r"POST .*/templates/validate answers: we say 204, reference says 200": "its servers answer 204",
    r"POST .*/templates/validate request: we say a body that must .*": "nothing would be checked without one",
    # What we have besides.
    r".* /(claims/.*|work_pools/\{[a-z_]+\}/claims.*): only we have it": "how our workers claim runs",
    r"GET /v2/concurrency_limits/\{[a-z_]+\}/holders: only we have it": "who holds the slots of a limit",
    r"GET /services/?: only we have it": "how the services do that run by themselves",
    r"GET /(flow_runs|task_runs|deployments)/\{[a-z_]+\}/why: only we have it": "says what a run waits for",
    r"POST /work_pools/\{[a-z_]+\}/workers/heartbeat request\.(work_queue_names|concurrency|broker_state|leaving"
    r"|metadata|last_probe_age_seconds): only we have it": "what our workers tell of themselves",
    r"POST /work_pools/\{[a-z_]+\}/workers/filter answer\[\]\.(work_queue_names|concurrency|broker_state|last_probe_at"
    r"|broker_state_since): only we have it": "what our workers told of themselves",
    r"POST /logs/ request\[\]\.id: only we have it": "a line may be sent again without being stored twice",
    r"POST /artifacts/ request\.id: only we have it": "it may be sent again without being stored twice",
    r"(POST|PATCH|GET) /deployments/.* (request|answer(\[\])?(\.results\[\])?)\.catch_up: only we have it": (
        "what becomes of runs that were missed"
    ),
    r"(POST|GET) /deployments/.* answer.*\[\]\.problem: only we have it": "a schedule without times says why",
    r"(GET|POST) /deployments/\{[a-z_]+\}/versions.*: only we have it": "the history of a deployment, and the way back",
    r"POST /deployments/apply: only we have it": "many deployments at once, all or none, and a plan beforehand",
    # Where we take or answer more, or less.
    r".* /automations/.*(trigger|actions.*\[\]): we say object.*": "we take only what has an effect",
    r".*empirical_policy\.retry_delay: we say null\|number, .*": "flows of our SDK wait for parts of a second",
    r"PATCH /flow_runs/\{id\}/labels request: we say map, reference says object": "others could not be answered again",
}

_PATTERNS = [re.compile(pattern) for pattern in INTENDED]


def is_intended(line: str) -> bool:
    return any(pattern.fullmatch(line) for pattern in _PATTERNS)


def stale(lines: list[str]) -> list[str]:
    """Patterns that no difference fits any more."""
    return [pattern.pattern for pattern in _PATTERNS if not any(pattern.fullmatch(line) for line in lines)]
