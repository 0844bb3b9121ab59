"""`orchestrator deploy`, from the file to the tables and back to what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from deployments.models import Deployment
from orchestrator.cli.commands import orchestrator
from orchestrator.sdk.api.client import use_client
from tests.in_process import in_process_client

FLOWS = """
from orchestrator import flow

@flow
def numbers(n: int = 1, who: str = "x"):
    '''Counts.'''

@flow(name="letters")
def abc():
    pass
"""
FILE = """
name: project
deployments:
  - name: nightly
    entrypoint: flows.py:numbers
    tags: [a, b]
    schedules:
      - {cron: "0 2 * * *", timezone: Europe/Paris, slug: nightly}
      - {interval: PT1H, slug: hourly}
  - name: plain
    entrypoint: flows.py:abc
"""


@pytest.fixture
def project(db, tmp_path, monkeypatch):
    (tmp_path / "flows.py").write_text(FLOWS)
    (tmp_path / "orchestrator.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    with use_client(in_process_client()):
        yield tmp_path


def run(*arguments):
    return CliRunner().invoke(orchestrator, ["deploy", *arguments], catch_exceptions=False)


def edit(project: Path, old: str, new: str) -> None:
    file = project / "orchestrator.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_deploys_a_flow_with_its_options(project):
    result = run(
        *("flows.py:numbers", "--name", "daily", "--cron", "0 6 * * *", "--timezone", "Europe/Berlin"),
        *("--interval", "15m", "--tag", "x", "--param", "n=3", "--job-variable", "env={}", "--queue", "urgent"),
        *("--concurrency-limit", "2", "--collision-strategy", "CANCEL_NEW", "--catch-up", "3600", "--version", "1"),
    )

    assert result.exit_code == 0, result.output
    made = Deployment.objects.get()
    assert (made.tags, made.parameters, made.job_variables, made.version) == (["x"], {"n": 3}, {"env": {}}, "1")
    assert (made.path, made.entrypoint) == (str(project), "flows.py:numbers")
    assert (made.work_queue.name, made.global_concurrency_limit.limit) == ("urgent", 2)
    assert (made.catch_up_policy, made.catch_up_max_age_seconds) == ("max_age", 3600)
    assert sorted(one.schedule.get("interval", 0) for one in made.schedules.all()) == [0, 900]
    assert "orchestrator deployment run 'numbers/daily'" in result.output


def test_says_where_the_runs_of_a_deployed_flow_are(project, client):
    result = run("flows.py:abc", "--name", "daily")

    [line] = [line for line in result.output.splitlines() if "http://ui.test" in line]
    assert line == "Its runs: http://ui.test/runs/?flow=letters"
    assert client.get(line.partition("http://ui.test")[2]).status_code == 200


def test_refuses_a_parameter_that_the_flow_does_not_have(project):
    result = run("flows.py:numbers", "--name", "daily", "--param", "nope=1")

    assert result.exit_code == 1
    assert "'nope' was unexpected" in result.output
    assert not Deployment.objects.exists()


def test_plans_without_changing_anything(project):
    result = run("--all", "--plan")

    assert result.exit_code == 2
    assert "+ numbers/nightly  new" in result.output
    assert "Plan: 2 new." in result.output
    assert not Deployment.objects.exists()


def test_has_nothing_to_do_afterwards(project):
    assert run("--all").exit_code == 0

    result = run("--all", "--plan")

    assert (result.exit_code, "There is nothing to do" in result.output) == (0, True)


def test_shows_each_change(project):
    run("--all")
    edit(project, "0 2 * * *", "0 3 * * *")
    edit(project, "[a, b]", "[a]")

    result = run("--all", "--plan")

    assert result.exit_code == 2
    assert "schedules.nightly: cron 0 2 * * * (Europe/Paris) → cron 0 3 * * * (Europe/Paris)" in result.output
    assert 'tags: ["a", "b"] → ["a"]' in result.output
    assert "= letters/plain  unchanged" in result.output


def test_tells_the_plan_to_programs(project):
    result = run("--all", "--plan", "--output", "json")

    told = json.loads(result.stdout)
    assert [step["action"] for step in told["deployments"]] == ["create", "create"]
    assert (told["differs"], told["applied"], told["problems"]) == (True, False, [])


def test_deploys_only_those_that_are_named(project):
    assert run("--name", "plain").exit_code == 0

    assert list(Deployment.objects.values_list("name", flat=True)) == ["plain"]


def test_knows_which_names_a_file_has(project):
    result = run("--name", "plane")

    assert result.exit_code == 1
    assert "has no deployment 'plane'; it has numbers/nightly, letters/plain" in result.output


def test_deletes_what_left_the_file_only_when_told(project):
    run("--all")
    edit(project, "name: plain", "name: other")

    assert "letters/plain  is in the file no more; --prune deletes it" in run("--all").output
    assert Deployment.objects.filter(name="plain").exists()
    assert run("--all", "--prune").exit_code == 0
    assert not Deployment.objects.filter(name="plain").exists()


def test_changes_nothing_when_the_last_one_has_a_problem(project):
    edit(project, "    entrypoint: flows.py:abc", "    entrypoint: flows.py:abc\n    work_pool: {name: nowhere}")

    result = run("--all")

    assert result.exit_code == 1
    assert 'orchestrator.yaml:12 deployments[1].work_pool.name: Work pool "nowhere" not found.' in result.output
    assert not Deployment.objects.exists()


def test_says_all_that_is_wrong_at_once(project):
    edit(project, "flows.py:abc", "flows.py:gone")
    edit(project, "Europe/Paris", "Mars/Base")
    edit(project, "tags: [a, b]", "tags: [a, b]\n    triggers: [{enabled: true}]\n    colour: red")

    result = run("--all", "--plan")

    assert result.exit_code == 1
    assert "orchestrator.yaml:7 deployments[0].triggers: triggers are automations" in result.output
    assert "orchestrator.yaml:8 deployments[0].colour: this key is not known" in result.output
    assert "deployments[1].entrypoint: " in result.output
    assert "has no flow 'gone'; the flows there are: numbers, abc" in result.output


def test_says_what_the_server_does_not_understand_where_it_stands(project):
    edit(project, "Europe/Paris", "Mars/Base")

    result = run("--all", "--plan")

    assert result.exit_code == 1
    assert "orchestrator.yaml:8 deployments[0].schedules[0]" in result.output
    assert "Mars/Base" in result.output
    assert "+ letters/plain  new" in result.output


def test_fills_in_the_environment_and_variables_of_the_server(project, monkeypatch):
    from orchestrator.store.models import Variable

    Variable.objects.create(name="team", value="data")
    monkeypatch.setenv("RELEASE", "7")
    new = '    version: "{{ $RELEASE }}"\n    description: "of {{ variables.team }}"\n    parameters: {x: "{{ y }}"}'
    edit(
        project,
        "    entrypoint: flows.py:abc",
        f"    entrypoint: flows.py:abc\n{new}\n    enforce_parameter_schema: false",
    )

    assert run("--name", "plain").exit_code == 0

    made = Deployment.objects.get()
    assert (made.version, made.description, made.parameters) == ("7", "of data", {"x": "{{ y }}"})


def test_misses_what_is_not_set(project):
    edit(project, "name: plain", 'name: plain\n    version: "{{ $NOT_SET_AT_ALL }}"')

    assert "version: the environment variable NOT_SET_AT_ALL is not set" in run("--all").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Say what"),
        (["--all", "--tag", "x"], "--tag is for FILE.PY:FLOW"),
        (["--name", "plain", "--prune"], "--prune goes with --all"),
        (["flows.py:abc"], "needs one --name"),
        (["flows.py:abc", "--name", "x", "--all"], "needs one --name"),
    ],
)
def test_refuses_what_does_not_go_together(project, arguments, said):
    result = run(*arguments)

    assert (result.exit_code, said in result.output) == (2, True)


def test_misses_a_file(project):
    (project / "orchestrator.yaml").unlink()

    result = run("--all")

    assert (result.exit_code, "There is no orchestrator.yaml and no prefect.yaml" in result.output) == (2, True)


def test_goes_back_and_forth_between_versions(project):
    run("--all")
    edit(project, "[a, b]", "[c]")
    run("--all")
    command = CliRunner().invoke

    assert "tags" in command(orchestrator, ["deployment", "versions", "numbers/nightly"]).output
    shown = command(orchestrator, ["deployment", "versions", "numbers/nightly", "--show", "2"]).output
    assert 'tags: ["a", "b"] → ["c"]' in shown
    back = command(orchestrator, ["deployment", "rollback", "numbers/nightly", "--yes"])
    assert "as in version 1 again; this is version 3" in back.output
    assert Deployment.objects.get(name="nightly").tags == ["a", "b"]
    again = command(orchestrator, ["deployment", "rollback", "numbers/nightly", "1", "--yes"])
    assert "as in version 1 already" in again.output


def test_deploys_the_examples(project):
    file = Path(__file__).parents[2] / "examples" / "orchestrator.yaml"

    result = run("--all", "--file", str(file))

    assert result.exit_code == 0, result.output
    assert sorted(Deployment.objects.values_list("name", flat=True)) == ["by-hand", "everyday"]
