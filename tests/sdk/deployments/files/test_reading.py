"""Files of deployments, as `Deployment.load_from_yaml` reads them."""

from __future__ import annotations

import pytest

from orchestrator import DefinitionError, Deployment, MissingContext

FLOWS = """
from orchestrator import flow

@flow(name="the flow", version="3")
def f(n: int, who: str = "x"):
    '''Says it.'''
"""
ONE = """\
name: daily
flow_name: the flow
entrypoint: flows.py:f
tags: [a]
parameters: {n: 3}
work_pool:
  name: cluster
schedules:
- cron: 0 6 * * *
concurrency_limit: 2
parameter_openapi_schema: {type: object}
"""
SEVERAL = """\
deployments:
  - name: daily
    entrypoint: flows.py:f
    tags: ["{{ $TEAM }}"]
  - name: weekly
    flow_name: other
    entrypoint: flows.py:f
    catch_up: latest
    work_pool: {name: cluster, job_variables: {a: 1}}
"""


@pytest.fixture
def load(tmp_path):
    (tmp_path / "flows.py").write_text(FLOWS)

    def load(text, **options):
        (tmp_path / "d.yaml").write_text(text)
        return Deployment.load_from_yaml(str(tmp_path / "d.yaml"), **options)

    return load


def test_looks_for_the_code_beside_the_file(load, tmp_path):
    assert load(ONE).path == str(tmp_path)


def test_reads_an_old_file(load):
    old = "name: d\nflow_name: f\nentrypoint: f.py:f\nwork_pool_name: a\nwork_queue_name: q\ninfra_overrides: {x: 1}\n"

    made = load(f"{old}is_schedule_active: false\nschedule: {{interval: 60}}\nparameter_openapi_schema: {{}}\n")

    assert made.work_pool == {"name": "a", "work_queue_name": "q", "job_variables": {"x": 1}}
    assert made.paused is True
    assert made.schedules[0]["schedule"]["interval"] == 60


def test_asks_the_code_for_what_the_file_does_not_say(load):
    made = load("name: d\nentrypoint: flows.py:f\n")

    assert (made.flow_name, made.version, made.description) == ("the flow", "3", "Says it.")
    assert made.parameter_openapi_schema["required"] == ["n"]


def test_chooses_one_of_a_file_for_the_command_line(load, monkeypatch):
    monkeypatch.setenv("TEAM", "blue")

    daily, weekly = load(SEVERAL, name="the flow/daily"), load(SEVERAL, name="weekly")

    assert (daily.tags, daily.work_pool_name, daily.catch_up) == (["blue"], "default", None)
    assert (weekly.flow_name, weekly.work_pool_name, weekly.job_variables) == ("other", "cluster", {"a": 1})
    assert weekly.catch_up == {"policy": "latest"}


def test_needs_a_server_for_its_variables(load):
    with pytest.raises(MissingContext):
        load("deployments:\n- {name: d, entrypoint: 'flows.py:f', version: '{{ variables.v }}'}\n")


# what is changed in the file, and what is said of it
MISTAKES = [
    (("tags: [a]", "tags: a"), "d.yaml:4 tags: a list is needed"),
    (("tags: [a]", "tagz: [a]"), "d.yaml:4 tagz: this key is not known; those that are: build, catch_up"),
    (("parameters: {n: 3}", "parameters: 3"), "d.yaml:5 parameters: a mapping is needed"),
    (("  name: cluster", "  size: 3"), "d.yaml:7 work_pool.size: this key is not known"),
    (("cron: 0 6", "when: 0 6"), "d.yaml:9 schedules[0]: A schedule needs one of cron"),
    (("concurrency_limit: 2", "concurrency_limit: two"), "d.yaml:10 concurrency_limit: concurrency_limit is a number"),
    (("  name: cluster", "  name: cluster\nwork_pool_name: other"), "work_pool.name and work_pool_name are the same"),
    (
        ("name: daily", "name: daily\npaused: true\nis_schedule_active: true"),
        "paused and is_schedule_active are the same",
    ),
    (("name: daily", "name: daily\npull: []\npull_steps: [{a: {}}]"), "pull and pull_steps are the same"),
    (("name: daily", "name:"), "d.yaml:1 name: every deployment needs a name"),
    (("name: daily", "path: 3"), "d.yaml:1 path: the directory in which the code is"),
    (("flow_name: the flow\nentrypoint: flows.py:f", "entrypoint: no.py:f"), "d.yaml:2 entrypoint: "),
    (("name: daily", "name: daily\nname: x"), "d.yaml:1: the key 'name' is there twice"),
    (("name: daily", "name: ["), "d.yaml:3: expected"),
    (("name: daily", "name: !!python/object/apply:os.getcwd []"), "could not determine a constructor"),
]


@pytest.mark.parametrize(("change", "problem"), MISTAKES, ids=[problem for _, problem in MISTAKES])
def test_says_where_a_mistake_is(load, change, problem):
    assert change[0] in ONE

    with pytest.raises(DefinitionError) as caught:
        load(ONE.replace(*change))

    assert problem in str(caught.value)


def test_names_all_mistakes_at_once(load):
    with pytest.raises(DefinitionError) as caught:
        load(ONE.replace("tags: [a]", "tags: a").replace("limit: 2", "limit: two"))

    assert str(caught.value).count("d.yaml:") == 2


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (SEVERAL, None, "several deployments; say which with name=: daily, weekly"),
        (SEVERAL, "hourly", "no deployment 'hourly'; it has daily, weekly"),
        (ONE, "hourly", "is called the flow/daily, not hourly"),
        ("deployments: {}\n", None, "a list of deployments is needed"),
        ("- a\n", None, "a mapping with the key deployments is needed, or with the keys of one deployment"),
        ("", None, "a mapping with the key deployments is needed"),
    ],
)
def test_says_which_there_are(load, text, name, message):
    with pytest.raises(DefinitionError, match=message):
        load(text, name=name)


def test_says_when_there_is_no_file(tmp_path):
    with pytest.raises(DefinitionError, match=r"none\.yaml cannot be read: No such file"):
        Deployment.load_from_yaml(tmp_path / "none.yaml")


def test_refuses_what_is_no_text(tmp_path):
    (tmp_path / "d.yaml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(DefinitionError, match="is no text in UTF-8"):
        Deployment.load_from_yaml(tmp_path / "d.yaml")
