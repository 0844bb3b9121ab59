"""`orchestrator variable …`, `artifact …`, `concurrency-limit …`, `flow …`"""

import json

from orchestrator.contract.ids import uuid7


def test_keeps_variables(cli, told):
    cli("variable", "set", "region", "eu-west", "--tag", "where")
    cli("variable", "set", "sizes", "[1, 2]")
    cli("variable", "set", "number_text", "1", "--text")

    assert cli("variable", "get", "region").stdout == "eu-west\n"
    assert cli("variable", "get", "sizes").stdout == "[1, 2]\n"
    assert told("variable", "inspect", "number_text")["value"] == "1"
    assert [each["name"] for each in told("variable", "ls", "--tag", "where")] == ["region"]
    assert "--overwrite" in cli("variable", "set", "region", "us", expect=1).stderr
    cli("variable", "set", "region", "us", "--overwrite")
    changed = told("variable", "inspect", "region")
    assert (changed["value"], changed["tags"]) == ("us", ["where"])
    assert "Did you mean 'region'" in cli("variable", "get", "regoin", expect=3).stderr
    cli("variable", "unset", "region", "--yes")
    cli("variable", "get", "region", expect=3)


def test_finds_artifacts_by_key_and_by_id(server, cli, told):
    ids = [
        server.ask("POST", "/artifacts/", {"key": "report", "type": "markdown", "data": f"# {number}"})["id"]
        for number in range(3)
    ]

    assert [each["latest_id"] for each in told("artifact", "ls") if each["key"] == "report"] == [ids[-1]]
    assert len([each for each in told("artifact", "ls", "--all") if each["key"] == "report"]) == 3
    assert told("artifact", "inspect", "report")["data"] == "# 2"
    assert told("artifact", "inspect", ids[0])["data"] == "# 0"
    cli("artifact", "delete", "report", "-y")
    assert told("artifact", "inspect", "report")["data"] == "# 1"
    assert "2 versions" in cli("artifact", "delete", "report", "--all", "-y").stdout
    cli("artifact", "inspect", "report", expect=3)


def test_tells_who_holds_the_slots_of_a_limit_and_frees_them(server, made, cli, told):
    run = made.run(made.deployment("holding", "one"))
    cli("concurrency-limit", "create", "database", "--limit", "5")
    holder = {"type": "flow_run", "id": run["id"]}
    lease = server.ask(
        "POST", "/v2/concurrency_limits/increment-with-lease", {"names": ["database"], "slots": 2, "holder": holder}
    )
    server.ask("POST", "/v2/concurrency_limits/increment", {"names": ["database"], "slots": 1})

    said = cli("concurrency-limit", "inspect", "database").stdout
    inspected = told("concurrency-limit", "inspect", "database")

    assert "3 of 5" in said
    assert f"flow run {run['name']} {run['id']} with 2 slots" in said
    assert "1 taken without a lease" in said
    assert [each["lease_id"] for each in inspected["holders"]] == [lease["lease_id"]]
    cli("concurrency-limit", "release", "database", "--lease", lease["lease_id"], "--yes")
    assert told("concurrency-limit", "inspect", "database")["active_slots"] == 1
    cli("concurrency-limit", "release", "database", "--lease", str(uuid7()), "--yes", expect=1)
    cli("concurrency-limit", "release", "database", "--yes")
    assert told("concurrency-limit", "inspect", "database")["active_slots"] == 0


def test_keeps_limits(cli, told):
    cli("concurrency-limit", "create", "a name: with spaces", "--limit", "1")
    cli("concurrency-limit", "update", "a name: with spaces", "--limit", "2", "--inactive")

    limit = told("concurrency-limit", "inspect", "a name: with spaces")

    assert (limit["limit"], limit["active"]) == (2, False)
    assert "a name: with spaces" in cli("concurrency-limit", "ls").stdout
    cli("concurrency-limit", "delete", limit["id"], "-y")
    cli("concurrency-limit", "inspect", limit["id"], expect=3)


def test_lists_inspects_and_deletes_flows(made, cli, told):
    flow_id = made.flow("leaving")
    made.run(made.deployment("leaving", "one"), becomes="COMPLETED")

    assert [flow["id"] for flow in told("flow", "ls", "--name", "leavin")] == [flow_id]
    said = cli("flow", "inspect", "leaving").stdout
    assert "leaving/one" in said
    assert "1 completed" in said
    assert "Did you mean 'leaving'" in cli("flow", "inspect", "leavng", expect=3).stderr
    cli("flow", "delete", "leaving", "--yes")
    cli("flow", "inspect", flow_id, expect=3)


def test_sends_a_request_with_credentials(server, cli, tmp_path):
    body = tmp_path / "body.json"
    body.write_text('{"limit": 1}')

    assert json.loads(cli("api", "get", "/health").stdout) is True
    assert len(json.loads(cli("api", "POST", "flows/filter", "--data", f"@{body}").stdout)) <= 1
    assert "limit" in cli("api", "POST", "/flows/filter", "-d", '{"limit": -1}', expect=1).stderr
    assert "/no/such" in cli("api", "GET", "/no/such", expect=3).stderr
    assert "no JSON" in cli("api", "POST", "/flows/filter", "-d", "{", expect=2).stderr


def test_tells_versions_with_and_without_a_server(cli, told, monkeypatch):
    assert told("version")["server"]["version"] == "3.8.8"

    monkeypatch.setenv("ORCHESTRATOR_API_URL", "http://127.0.0.1:1/api")

    assert "none answers" in cli("version").stdout
    assert "server" not in told("version", "--client")
