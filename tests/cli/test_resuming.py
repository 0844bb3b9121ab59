"""`orchestrator flow-run resume`"""

import json

import pytest

SCHEMAS = {
    "fields": {"type": "object", "properties": {"granted": {"type": "boolean"}}, "required": ["granted"]},
    "value": {"type": "object", "properties": {"value": {"type": "string"}}, "required": ["value"]},
}


def paused(made, schema):
    run = made.run(made.deployment("paused", schema))
    keys = {name: f"paused-0-{name}" for name in ("schema", "response", "description")}
    made.ask("POST", f"/flow_runs/{run['id']}/input", {"key": keys["schema"], "value": json.dumps(SCHEMAS[schema])})
    details = {"pause_key": "0", "run_input_keyset": keys}
    state = {"type": "PAUSED", "name": "Paused", "state_details": details}
    made.ask("POST", f"/flow_runs/{run['id']}/set_state", {"state": state, "force": True})
    return run["id"], f"/flow_runs/{run['id']}/input/{keys['response']}"


# what is waited for, what is typed, what the run gets
TYPED = [
    ("fields", '{"granted": true}', {"granted": True}),
    ("value", "yes please", {"value": "yes please"}),
    ("value", '"3"', {"value": "3"}),
]


@pytest.mark.parametrize(("schema", "typed", "got"), TYPED)
def test_says_what_the_run_waits_for(made, cli, schema, typed, got):
    run_id, answer = paused(made, schema)

    said = cli("flow-run", "resume", run_id, "--input", typed).stdout

    assert "goes on" in said
    assert made.ask("GET", answer) == got


def test_names_the_field_that_is_missing(made, cli):
    run_id, _ = paused(made, "fields")

    said = cli("flow-run", "resume", run_id, expect=1).stderr

    assert "granted" in said
