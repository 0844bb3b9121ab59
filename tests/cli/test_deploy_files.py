"""Files of deployments: what they may say, and how mistakes in them are told."""

from __future__ import annotations

import pytest

from orchestrator.cli.deploy_files import read_project
from orchestrator.cli.exits import Ended

# What people have: a file for Prefect's own command.
PREFECT_YAML = """
name: proj
prefect-version: 3.8.8
build: null
push: null
pull:
  - prefect.deployments.steps.set_working_directory:
      directory: /srv/flows
definitions:
  pool: &pool
    name: cluster
    work_queue_name: special
    job_variables: {env: {A: b}}
deployments:
  - name: yamldep
    version: '7'
    description: from yaml
    tags: [y1]
    entrypoint: flows.py:f
    parameters: {n: 3}
    work_pool:
      <<: *pool
    concurrency_limit:
      limit: 2
      collision_strategy: CANCEL_NEW
    schedules:
      - cron: '0 0 * * *'
        timezone: Europe/Paris
        slug: nightly
        parameters: {who: night}
      - interval: 3600
        anchor_date: 2026-01-01T00:00:00+00:00
        slug: hourly
        active: false
      - rrule: 'FREQ=WEEKLY;BYDAY=MO'
        slug: weekly
"""
PREFECT_FLOWS = """
from typing import Optional
from prefect import flow

@flow(name='dflow', version="2")
async def f(n: int, who: str = 'x', rest: Optional[list[int]] = None, *, deep=object()):
    '''Says it.'''
"""


@pytest.fixture
def read(tmp_path):
    (tmp_path / "flows.py").write_text(PREFECT_FLOWS)

    def read(text, variables=None):
        file = tmp_path / "prefect.yaml"
        file.write_text(text)
        return read_project(str(file), variables=(variables or {}).__getitem__)

    return read


def said(project):
    return [
        str(problem).partition("/prefect.yaml:")[2]
        for problem in [*project.problems, *(found for each in project.deployments for found in each.problems)]
    ]


def test_reads_a_file_for_prefect(read):
    project = read(PREFECT_YAML)

    (declared,) = project.deployments
    assert said(project) == []
    assert (project.name, declared.title) == ("proj", "dflow/yamldep")
    assert declared.body == {
        "name": "yamldep",
        "flow_name": "dflow",
        "version": "7",
        "description": "from yaml",
        "tags": ["y1"],
        "parameters": {"n": 3},
        "enforce_parameter_schema": True,
        "labels": {},
        "catch_up": {"policy": "planned"},
        "work_pool_name": "cluster",
        "work_queue_name": "special",
        "job_variables": {"env": {"A": "b"}},
        "concurrency_limit": 2,
        "concurrency_options": {"collision_strategy": "CANCEL_NEW"},
        "entrypoint": "flows.py:f",
        "path": None,
        "pull_steps": [{"prefect.deployments.steps.set_working_directory": {"directory": "/srv/flows"}}],
        "parameter_openapi_schema": {
            "title": "Parameters",
            "type": "object",
            "properties": {
                "n": {"position": 0, "title": "n", "type": "integer"},
                "who": {"position": 1, "title": "who", "type": "string", "default": "x"},
                "rest": {
                    "position": 2,
                    "title": "rest",
                    "anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}],
                    "default": None,
                },
                "deep": {"position": 3, "title": "deep"},
            },
            "required": ["n"],
        },
        "schedules": [
            {
                "active": True,
                "slug": "nightly",
                "parameters": {"who": "night"},
                "schedule": {"cron": "0 0 * * *", "timezone": "Europe/Paris"},
            },
            {
                "active": False,
                "slug": "hourly",
                "schedule": {"interval": 3600, "anchor_date": "2026-01-01T00:00:00+00:00"},
            },
            {"active": True, "slug": "weekly", "schedule": {"rrule": "FREQ=WEEKLY;BYDAY=MO"}},
        ],
    }


def test_takes_a_single_pull_step_and_limits_that_say_nothing(read):
    single = PREFECT_YAML.replace(
        "  - prefect.deployments.steps.set_working_directory:\n      directory: /srv/flows",
        "  prefect.deployments.steps.set_working_directory: {directory: /srv/flows}",
    )

    (declared,) = read(
        single.replace("      limit: 2\n      collision_strategy: CANCEL_NEW", "      limit:")
    ).deployments

    assert declared.problems == []
    assert declared.body["pull_steps"] == [
        {"prefect.deployments.steps.set_working_directory": {"directory": "/srv/flows"}}
    ]
    assert declared.body["concurrency_limit"] is None


# what is changed in the file, and what is said of it
MISTAKES = [
    (("build: null", "build: [{a: {}}]"), "4 build: images are not built here"),
    (("tags: [y1]", "tags: y1"), "18 deployments[0].tags: a list is needed"),
    (("tags: [y1]", "tags: [y1]\n    tagz: []"), "19 deployments[0].tagz: this key is not known"),
    (("flows.py:f", "flows.py:g"), "19 deployments[0].entrypoint: flows.py has no flow 'g'"),
    (("flows.py:f", "none.py:f"), "19 deployments[0].entrypoint: none.py cannot be read"),
    (("name: yamldep", "name:"), "15 deployments[0].name: every deployment needs a name"),
    (("limit: 2", "limit: two"), "23 deployments[0].concurrency_limit: concurrency_limit is a number"),
    (("interval: 3600", "interval: 0"), "31 deployments[0].schedules[1]: An interval must be longer than nothing"),
    (("interval: 3600", "every: 3600"), "31 deployments[0].schedules[1]: A schedule needs one of cron"),
    (("parameters: {n: 3}", "triggers: [{}]"), "20 deployments[0].triggers: triggers are automations"),
    (("parameters: {n: 3}", "sla: [{}]"), "20 deployments[0].sla: service levels are not watched here"),
    (("parameters: {n: 3}", "pull: git_clone"), "20 deployments[0].pull: a list of steps is needed"),
    (("parameters: {n: 3}", "catch_up: [1]"), "20 deployments[0].catch_up: catch_up is planned"),
    (("version: '7'", "version: '{{ build.tag }}'"), "16 deployments[0].version: {{ build.tag }} is not known"),
    (("version: '7'", "version: '{{ variables.v }}'"), "16 deployments[0].version: there is no variable 'v'"),
    (("      <<: *pool", "      name: a\n      size: 3"), "23 deployments[0].work_pool.size: this key is not known"),
]


@pytest.mark.parametrize(("change", "problem"), MISTAKES, ids=[problem for _, problem in MISTAKES])
def test_says_where_a_mistake_is(read, change, problem):
    old, new = change
    assert old in PREFECT_YAML

    found = said(read(PREFECT_YAML.replace(old, new)))

    assert len(found) == 1
    assert found[0].startswith(problem)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("deployments: [", "prefect.yaml:1"),
        ("- a\n- b\n", "a mapping with the key deployments is needed"),
        ("name: a\nname: b\n", "the key 'name' is there twice"),
        ("a: !!python/object/apply:os.system [ls]\n", "could not determine a constructor"),
        ("a: &a [*a]\n", "unconstructable recursive"),
    ],
)
def test_refuses_what_is_no_file_of_deployments(read, text, message):
    with pytest.raises(Ended, match=message):
        read(text)


def test_gives_a_variable_its_own_type(read):
    project = read(PREFECT_YAML.replace("{n: 3}", "{n: '{{ variables.n }}'}"), variables={"n": 12})

    assert project.deployments[0].body["parameters"] == {"n": 12}


def test_leaves_blocks_in_job_variables_to_the_worker(read):
    project = read(PREFECT_YAML.replace("{A: b}", "{A: '{{ prefect.blocks.secret.token }}'}"))

    assert said(project) == []
    assert project.deployments[0].body["job_variables"] == {"env": {"A": "{{ prefect.blocks.secret.token }}"}}


def test_refuses_two_of_one_name(read):
    entry = PREFECT_YAML[PREFECT_YAML.index("  - name: yamldep") :]

    assert "dflow/yamldep is there twice" in said(read(PREFECT_YAML + entry))[0]
