"""`orchestrator deployment …` and its schedules."""


def test_lists_and_inspects_deployments(made, cli, told):
    deployment = made.deployment("sales", "nightly", tags=["money"], parameters={"n": 1})

    assert [each["id"] for each in told("deployment", "ls", "--flow", "sales")] == [deployment]
    assert told("deployment", "ls", "--tag", "nobody-has-this") == []
    assert "sales/nightly" in cli("deployment", "ls", "--pool", "default").stdout
    for name in ("sales/nightly", "nightly", deployment):
        assert told("deployment", "inspect", name)["id"] == deployment
    assert '"n": 1' in cli("deployment", "inspect", "nightly").stdout


def test_suggests_what_was_meant(made, cli):
    made.deployment("weather", "hourly")

    assert "Did you mean 'weather/hourly'?" in cli("deployment", "inspect", "wether/hourly", expect=3).stderr


def test_asks_which_is_meant_when_several_have_the_name(made, cli):
    for flow in ("left", "right"):
        made.deployment(flow, "same")

    assert "left/same, right/same" in cli("deployment", "inspect", "same", expect=2).stderr


def test_runs_with_parameters_tags_and_job_variables(made, told):
    made.deployment("runs", "one", parameters={"a": 1, "b": 1})

    run = told(
        *("deployment", "run", "runs/one", "--params", '{"b": 2, "c": 2}', "--param", "c=3", "--param", "d=text"),
        *("--tag", "x", "--name", "mine", "--job-variable", 'env={"A": "1"}'),
    )

    assert run["parameters"] == {"a": 1, "b": 2, "c": 3, "d": "text"}
    assert run["name"] == "mine"
    assert run["job_variables"] == {"env": {"A": "1"}}
    assert "x" in run["tags"]


def test_runs_at_a_time_and_in_a_while(made, told, cli):
    made.deployment("later", "one")

    at = told("deployment", "run", "later/one", "--at", "2099-01-02T03:04:05+01:00")

    assert at["state"]["state_details"]["scheduled_time"].startswith("2099-01-02T02:04:05")
    assert "in 1 hour" in cli("deployment", "run", "later/one", "--in", "1 hour").stdout
    cli("deployment", "run", "later/one", "--in", "1h", "--at", "10:00", expect=2)
    assert "no time" in cli("deployment", "run", "later/one", "--at", "soonish", expect=2).stderr


def test_reads_parameters_from_standard_input_and_says_what_is_wrong_with_them(made, cli):
    made.deployment("stdin", "one")

    assert "Created" in cli("deployment", "run", "stdin/one", "--params", "-", input='{"a": 1}').stdout
    assert "no JSON" in cli("deployment", "run", "stdin/one", "--params", "{", expect=2).stderr
    assert "JSON object" in cli("deployment", "run", "stdin/one", "--params", "[]", expect=2).stderr


def test_says_that_the_flow_has_no_such_parameter(made, cli):
    schema = {"type": "object", "properties": {"seconds": {"type": "number"}}}
    made.deployment("typed", "one", parameter_openapi_schema=schema)

    said = cli("deployment", "run", "typed/one", "--param", "second=2", expect=2).stderr

    assert "Did you mean 'seconds'?" in said


def test_pauses_resumes_and_deletes(made, cli, told):
    made.deployment("paused", "one")

    cli("deployment", "pause", "paused/one")
    assert told("deployment", "inspect", "paused/one")["paused"] is True
    assert "no active schedule" in cli("deployment", "resume", "paused/one").stderr
    assert told("deployment", "inspect", "paused/one")["paused"] is False
    cli("deployment", "delete", "paused/one", "--yes")
    cli("deployment", "inspect", "paused/one", expect=3)


def test_keeps_schedules(made, cli, told):
    made.deployment("plans", "one")
    create = ("deployment", "schedule", "create", "plans/one")

    cli(*create, "--cron", "0 6 * * 1-5", "--timezone", "Europe/Berlin", "--slug", "morning")
    cli(*create, "--interval", "15m", "--anchor", "2026-01-01T00:00:00Z", "--inactive", "--slug", "often", "-P", "a=1")
    rows = {each["slug"]: each for each in told("deployment", "schedule", "ls", "plans/one")}

    assert rows["morning"]["schedule"]["timezone"] == "Europe/Berlin"
    assert rows["often"]["schedule"]["interval"] == 900
    assert rows["often"]["active"] is False
    assert rows["often"]["parameters"] == {"a": 1}
    assert "cron 0 6 * * 1-5 (Europe/Berlin)" in cli("deployment", "inspect", "plans/one").stdout


def test_pauses_one_schedule_or_all(made, cli, told):
    made.deployment("switches", "one", schedules=[{"schedule": {"interval": n}, "slug": f"s{n}"} for n in (60, 90)])

    def active():
        return {each["slug"]: each["active"] for each in told("deployment", "schedule", "ls", "switches/one")}

    assert "say which" in cli("deployment", "schedule", "pause", "switches/one", expect=1).stderr
    cli("deployment", "schedule", "pause", "switches/one", "s60")
    assert active() == {"s60": False, "s90": True}
    cli("deployment", "schedule", "pause", "switches/one", "--all")
    cli("deployment", "schedule", "resume", "switches/one", "s90")
    assert active() == {"s60": False, "s90": True}
    assert "it has: s" in cli("deployment", "schedule", "delete", "switches/one", "s1", "-y", expect=3).stderr
    cli("deployment", "schedule", "delete", "switches/one", "s60", "-y")
    assert active() == {"s90": True}


def test_replaces_schedules_and_loses_none_when_the_new_one_is_refused(made, cli, told):
    made.deployment("swaps", "one", schedules=[{"schedule": {"interval": n}, "slug": f"s{n}"} for n in (60, 90)])
    create = ("deployment", "schedule", "create", "swaps/one", "--replace", "--yes")

    def schedules():
        rows = told("deployment", "schedule", "ls", "swaps/one")
        return {each["slug"]: each["schedule"].get("interval") for each in rows}

    cli(*create, "--cron", "nonsense", expect=1)
    assert schedules() == {"s60": 60, "s90": 90}
    cli(*create, "--interval", "1h", "--slug", "s60")
    assert schedules() == {"s60": 3600}
    cli(*create, "--interval", "2h", "--slug", "new")
    assert schedules() == {"new": 7200}


def test_clears_all_schedules(made, cli, told):
    made.deployment("clears", "one", schedules=[{"schedule": {"interval": n}} for n in (60, 90)])

    assert "Deleted 2 schedules" in cli("deployment", "schedule", "clear", "clears/one", "-y").stdout

    assert told("deployment", "schedule", "ls", "clears/one") == []


def test_says_in_one_sentence_what_is_wrong_with_a_schedule(made, cli):
    made.deployment("wrong", "one")
    create = ("deployment", "schedule", "create", "wrong/one")

    assert "Extra inputs" not in (said := cli(*create, "--cron", "0 6 * *", expect=1).stderr)
    assert "schedule.cron" in said
    assert "timezone" in cli(*create, "--interval", "5m", "--timezone", "Mars/Base", expect=1).stderr
    assert "one of --cron" in cli(*create, expect=2).stderr
    assert "no length of time" in cli(*create, "--interval", "often", expect=2).stderr
