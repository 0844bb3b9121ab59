"""Files that deployments are written to."""

from __future__ import annotations

import pytest
import yaml

from orchestrator import DefinitionError, Deployment
from orchestrator.sdk.api.client import use_client
from tests.in_process import in_process_client

# What readers of YAML, or people's editors, take for the end of a line.
BREAKS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
OPEN = """\
deployments:
- name: d
  flow_name: f
  entrypoint: f.py:f
  parameters: {token: "{{ $TOKEN }}", who: "{{ variables.who }}", mine: "{{ row.name }}"}
  schedules:
  - {cron: "{{ $WHEN }}", parameters: {token: "{{ $TOKEN }}"}}
  work_pool: {name: "{{ $POOL }}", job_variables: {env: {A: "{{ $TOKEN }}"}}}
  parameter_openapi_schema: {}
"""


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """A deployment of a file that leaves things open."""
    (tmp_path / "open.yaml").write_text(OPEN)
    monkeypatch.setenv("TOKEN", "s3cret")
    monkeypatch.setenv("WHEN", "0 6 * * *")
    monkeypatch.setenv("POOL", "default")
    return Deployment.load_from_yaml(tmp_path / "open.yaml")


@pytest.mark.parametrize("end", BREAKS)
def test_keeps_a_name_inside_of_its_comment(tmp_path, end):
    name = f"n{end}pull: [{{prefect.deployments.steps.run_shell_script: {{script: id}}}}]{end}#"
    made = Deployment(name, "f", "f.py:f", path="/srv")

    made.to_yaml(tmp_path / "d.yaml")

    assert "pull" not in yaml.safe_load((tmp_path / "d.yaml").read_text())
    assert Deployment.load_from_yaml(tmp_path / "d.yaml") == made


def test_writes_no_secret_that_the_file_had_left_open(opened, tmp_path):
    text = opened.to_yaml(tmp_path / "again.yaml")

    assert "s3cret" not in text
    assert "s3cret" not in str(vars(opened))
    assert Deployment.load_from_yaml(tmp_path / "again.yaml") == opened
    assert (opened.work_pool_name, opened.schedules[0]["schedule"]["cron"]) == ("default", "0 6 * * *")


def test_fills_in_when_the_deployment_is_made(opened, db):
    with use_client(in_process_client()) as _:
        client = in_process_client()
        client.ask("POST", "/variables/", {"name": "who", "value": 3})

        deployment_id = opened.apply(client=client)

        made = client.ask("GET", f"/deployments/{deployment_id}")
    assert made["parameters"] == {"token": "s3cret", "who": 3, "mine": "{{ row.name }}"}
    assert made["job_variables"] == {"env": {"A": "s3cret"}}
    assert made["schedules"][0]["parameters"] == {"token": "s3cret"}


def test_says_what_is_missing_when_the_deployment_is_made(opened, api, monkeypatch):
    monkeypatch.delenv("TOKEN")

    with pytest.raises(DefinitionError) as caught:
        opened.apply()

    said = str(caught.value)
    assert "parameters.token: the environment variable TOKEN is not set" in said
    assert "parameters.who: there is no variable 'who'" in said
    assert "work_pool.job_variables.env.A: the environment variable TOKEN" in said
    assert api.deployments == {}


def test_refuses_at_once_what_nobody_could_fill_in(tmp_path):
    (tmp_path / "d.yaml").write_text(
        OPEN.replace('A: "{{ $TOKEN }}"', 'A: "{{ build.tag }}"')
        .replace('"{{ $WHEN }}"', "x")
        .replace('"{{ $POOL }}"', "x")
    )

    with pytest.raises(DefinitionError, match=r"job_variables\.env\.A: \{\{ build\.tag \}\} is not known"):
        Deployment.load_from_yaml(tmp_path / "d.yaml")


def test_takes_braces_as_they_are_elsewhere(api):
    Deployment("d", "f", "f.py:f", parameters={"x": "{{ $TOKEN }}"}).apply()

    assert api.deployments["d"]["parameters"] == {"x": "{{ $TOKEN }}"}


def test_keeps_the_rights_of_the_file_and_of_the_process(tmp_path, monkeypatch):
    file = tmp_path / "d.yaml"
    file.touch(mode=0o600)
    monkeypatch.setattr("os.umask", lambda mask: pytest.fail("other threads would make files with it"))

    Deployment("d", "f", "f.py:f").to_yaml(file)

    assert file.stat().st_mode & 0o777 == 0o600
