"""`orchestrator flow-run …`"""

import json

from orchestrator.contract.ids import uuid7


def test_lists_runs_that_are_due_or_began(made, told):
    deployment = made.deployment("listing", "all")
    due = made.run(deployment)
    future = {"type": "SCHEDULED", "state_details": {"scheduled_time": "2100-01-01T00:00:00Z"}}
    later = made.run(deployment, state=future)

    listed = told("flow-run", "ls", "--flow", "listing")
    planned = told("flow-run", "ls", "--flow", "listing", "--planned")

    assert [run["id"] for run in listed] == [due["id"]]
    assert [run["id"] for run in planned] == [later["id"]]


def test_lists_by_state_tag_name_and_deployment(made, told):
    deployment = made.deployment("filters", "one")
    failed = made.run(deployment, becomes="FAILED", tags=["red"], name="apple")
    done = made.run(deployment, becomes="COMPLETED", tags=["red", "ripe"], name="cherry")

    def ids(*options):
        return {run["id"] for run in told("flow-run", "ls", "--deployment", "filters/one", *options)}

    assert ids("--state", "failed") == {failed["id"]}
    assert ids("--state", "Failed", "--state", "completed") == {failed["id"], done["id"]}
    assert ids("--tag", "red", "--tag", "ripe") == {done["id"]}
    assert ids("--name", "appl") == {failed["id"]}
    assert ids("--since", "1h", "--limit", "1") <= {failed["id"], done["id"]}
    assert ids("--since", "2100-01-01") == set()


def test_shows_a_table_with_the_flow_and_the_whole_id(made, cli):
    run = made.run(made.deployment("tables", "one"), becomes="COMPLETED")

    said = cli("flow-run", "ls", "--flow", "tables").stdout.splitlines()

    assert said[0].split() == ["Name", "Flow", "State", "When", "Took", "Id"]
    assert said[1].split()[:3] == [run["name"], "tables", "Completed"]
    assert said[1].endswith(run["id"])


def test_inspects_a_run_by_its_name(made, cli, told):
    run = made.run(made.deployment("named", "one"), name="the-only-one")

    said = cli("flow-run", "inspect", "the-only-one").stdout

    assert "named/one" in said
    assert run["id"] in said
    assert told("flow-run", "inspect", "the-only-one")["id"] == run["id"]


def test_lists_those_of_one_name_when_there_are_several(made, cli):
    deployment = made.deployment("twins", "one")
    runs = [made.run(deployment, name="twin") for _ in range(2)]

    said = cli("flow-run", "inspect", "twin", expect=1).stderr

    assert "Several flow runs are called 'twin'" in said
    assert all(run["id"] in said for run in runs)


def test_ends_with_3_for_a_run_that_is_not_there(cli):
    assert "no flow run 'nobody'" in cli("flow-run", "inspect", "nobody", expect=3).stderr
    assert "There is no flow run" in cli("flow-run", "cancel", str(uuid7()), expect=3).stderr


def test_prints_the_log_its_tail_and_a_level(made, cli, told):
    run = made.run(made.deployment("logged", "one"))
    made.logs(run["id"], (20, "first"), (40, "second"), (20, "third"))

    everything = [line.rpartition(" - ")[2] for line in cli("flow-run", "logs", run["id"]).stdout.splitlines()]
    tail = cli("flow-run", "logs", run["id"], "--tail", "2").stdout
    errors = told("flow-run", "logs", run["id"], "--level", "error")

    assert everything == ["first", "second", "third"]
    assert "first" not in tail
    assert tail.count("\n") == 2
    assert [entry["message"] for entry in errors] == ["second"]


def test_follows_a_log_to_the_end_as_one_object_per_line(made, cli):
    run = made.run(made.deployment("followed", "one"), becomes="COMPLETED")
    made.logs(run["id"], *[(20, f"line {number}") for number in range(5)])

    said = cli("flow-run", "logs", run["id"], "--follow", "--tail", "3", "--output", "json").stdout

    assert [json.loads(line)["message"] for line in said.splitlines()] == ["line 2", "line 3", "line 4"]


def test_watches_a_run_and_tells_how_it_ended(made, cli):
    deployment = made.deployment("watched", "one")
    done, failed = made.run(deployment, becomes="COMPLETED"), made.run(deployment, becomes="FAILED")
    waiting = made.run(deployment)

    cli("flow-run", "watch", done["id"])
    assert "The run is Failed" in cli("flow-run", "watch", failed["id"], expect=1).stderr
    assert "it goes on" in cli("flow-run", "watch", waiting["id"], "--timeout", "0.2s", expect=1).stderr


def test_cancels_what_has_not_begun_at_once(made, cli, told):
    run = made.run(made.deployment("cancelled", "one"))

    said = cli("flow-run", "cancel", run["id"]).stdout

    assert "had not begun" in said
    assert "cancelled already" in cli("flow-run", "cancel", run["id"]).stdout
    assert told("flow-run", "inspect", run["id"])["state_type"] == "CANCELLED"


def test_says_what_comes_next_for_a_run_that_runs(made, cli, told):
    run = made.run(made.deployment("stopping", "one"), becomes="RUNNING")

    said = cli("flow-run", "cancel", run["id"]).stdout
    still = cli("flow-run", "cancel", run["id"], "--wait", "--timeout", "0.2s", expect=1)

    assert "asked to stop" in said
    assert "still Cancelling" in still.stderr


def test_says_why_a_run_that_has_ended_is_not_cancelled(made, cli):
    run = made.run(made.deployment("over", "one"), becomes="COMPLETED")

    said = cli("flow-run", "cancel", run["id"], expect=1).stderr

    assert "Not cancelled" in said


def test_retries_a_run_that_has_ended(made, cli, told):
    run = made.run(made.deployment("again", "one"), becomes="FAILED")

    cli("flow-run", "retry", run["id"])

    state = told("flow-run", "inspect", run["id"])["state"]
    assert (state["type"], state["name"]) == ("SCHEDULED", "AwaitingRetry")


def test_retries_no_run_that_goes_on_and_none_without_a_deployment(server, made, cli):
    running = made.run(made.deployment("busy", "one"), becomes="RUNNING")
    alone = server.ask("POST", "/flow_runs/", {"flow_id": made.flow("alone"), "state": {"type": "PENDING"}})
    server.ask("POST", f"/flow_runs/{alone['id']}/set_state", {"state": {"type": "FAILED"}, "force": True})

    said = cli("flow-run", "retry", running["id"], alone["id"], expect=1).stderr

    assert "only one that has ended" in said
    assert "no deployment" in said


def test_deletes_runs_only_when_somebody_agrees(made, cli):
    run = made.run(made.deployment("deleted", "one"), becomes="COMPLETED")

    assert "add --yes" in cli("flow-run", "delete", run["id"], expect=2).stderr
    cli("flow-run", "delete", run["id"], "--yes")

    cli("flow-run", "inspect", run["id"], expect=3)
