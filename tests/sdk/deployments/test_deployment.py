from __future__ import annotations

import asyncio
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator import Cron, DefinitionError, Deployment, DeploymentError, Interval, MissingContext, flow


@flow(name="nightly report", version="7", description="Counts.")
def report(day: date, rows: int = 10) -> None: ...


EVERYTHING = {
    "tags": ["a", "ü: #1", "a"],
    "parameters": {"day": date(2026, 1, 2), "rows": 3, "text": "yes", "nested": [{"x": None}, 1.5, "2026-01-01"]},
    "description": "Two lines,\nwith {{ $HOME }} and 'quotes'\n",
    "version": "1.0",
    "work_pool_name": "cluster",
    "work_queue_name": "fast",
    "job_variables": {"env": {"A": "1"}},
    "schedules": [
        Cron("0 6 * * *", timezone="Europe/Berlin", slug="morning", parameters={"rows": 1}),
        Interval(timedelta(minutes=15), anchor_date=datetime(2026, 1, 1, tzinfo=UTC), active=False),
    ],
    "paused": True,
    "catch_up": "latest",
    "concurrency_limit": {"limit": 2, "collision_strategy": "CANCEL_NEW"},
    "enforce_parameter_schema": False,
}


@pytest.fixture
def full() -> Deployment:
    return Deployment.build_from_flow(flow=report, name="daily", **EVERYTHING)


def test_takes_from_the_flow_what_it_says_of_itself():
    made = Deployment.build_from_flow(flow=report, name="daily")

    assert made.full_name == "nightly report/daily"
    assert (made.version, made.description, made.work_pool_name) == ("7", "Counts.", "default")
    assert made.entrypoint.endswith("test_deployment.py:report")
    assert made.parameter_openapi_schema["required"] == ["day"]


def test_comes_back_from_its_file_as_it_was(full, tmp_path):
    file = tmp_path / "daily.yaml"

    text = full.to_yaml(file)

    assert file.read_text() == text
    assert Deployment.load_from_yaml(file) == full
    assert Deployment.load_from_yaml(file).body() == full.body()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"entrypoint": "flows.py:f", "path": "/srv/flows"},
        {"pull_steps": [{"prefect.deployments.steps.set_working_directory": {"directory": "/x"}}]},
        {"labels": {"team": "x"}, "paused": False, "concurrency_limit": 3},
        {"rrule": "FREQ=WEEKLY;BYDAY=MO", "parameter_openapi_schema": {"type": "object", "properties": {}}},
        {"description": "trailing blank \nline\n\n", "tags": ["null", "1", "true", "- x"]},
    ],
)
def test_comes_back_as_it_was_when_made_by_fields(fields, tmp_path):
    made = Deployment(name="d", flow_name="f", **{"entrypoint": "f.py:f", **fields})

    made.to_yaml(tmp_path / "d.yaml")

    assert Deployment.load_from_yaml(tmp_path / "d.yaml") == made


def test_is_made_on_the_server(full, api):
    deployment_id = full.apply()

    made = api.deployments["daily"]
    assert deployment_id == made["id"]
    assert made["flow_id"] == api.flows["nightly report"]["id"]
    assert made["parameters"]["day"] == "2026-01-02"
    assert (made["work_pool_name"], made["work_queue_name"]) == ("cluster", "fast")
    assert made["concurrency_options"] == {"collision_strategy": "CANCEL_NEW"}
    assert made["labels"] == {"orchestrator.sdk": "python"}


def test_says_nothing_of_what_it_leaves_as_it_is(api):
    Deployment(name="d", flow_name="f", entrypoint="f.py:f").apply()

    unsaid = {"paused", "catch_up", "work_pool_name", "work_queue_name", "parameter_openapi_schema"}
    assert unsaid.isdisjoint(api.deployments["d"])


def test_builds_writes_and_applies_in_one_call(api, tmp_path):
    made = Deployment.build_from_flow(
        report, "daily", apply=True, output=tmp_path / "d.yaml", infra_overrides={"a": 1}, is_schedule_active=False
    )

    assert api.deployments["daily"]["job_variables"] == {"a": 1}
    assert api.deployments["daily"]["paused"] is True
    assert Deployment.load_from_yaml(tmp_path / "d.yaml") == made


def test_has_nothing_to_upload_and_so_nothing_to_ignore():
    made = Deployment.build_from_flow(report, "daily", skip_upload=True, ignore_file=".prefectignore")

    assert made == Deployment.build_from_flow(report, "daily")


def test_does_not_pretend_to_upload():
    with pytest.raises(DefinitionError, match="code stays where it is"):
        Deployment.build_from_flow(report, "daily", skip_upload=False)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"triggers": [{"expect": ["x"]}]}, "flow.deploy(…, triggers=[…])"),
        ({"image": "me/img:1"}, "job_variables={'image': …}"),
        ({"global_concurrency_limit": "database"}, "give it to flow.deploy(…)"),
    ],
)
def test_says_who_takes_what_a_file_cannot_hold(option, said):
    with pytest.raises(DefinitionError, match=re.escape(said)):
        Deployment.build_from_flow(report, "daily", **option)
    with pytest.raises(DefinitionError, match=re.escape(said)):
        Deployment("daily", "report", "f.py:f", **option)


async def _by_plain_names(file):
    made = await Deployment.build_from_flow(report, "daily")
    made.to_yaml(file)
    return await (await Deployment.load_from_yaml(file)).apply()


async def _by_async_names(file):
    made = await Deployment.abuild_from_flow(report, "daily")
    made.to_yaml(file)
    return await (await Deployment.aload_from_yaml(file)).aapply()


@pytest.mark.parametrize("use", [_by_plain_names, _by_async_names])
def test_is_awaited_in_async_code(use, api, tmp_path):
    assert asyncio.run(use(tmp_path / "d.yaml")) == api.deployments["daily"]["id"]


def test_needs_a_server_to_be_applied():
    with pytest.raises(MissingContext, match="ORCHESTRATOR_API_URL"):
        Deployment(name="d", flow_name="f", entrypoint="f.py:f").apply()


def test_may_be_changed_before_it_is_applied(api):
    made = Deployment(name="d", flow_name="f", entrypoint="f.py:f")
    made.parameters["when"] = date(2026, 1, 1)

    made.apply()

    assert api.deployments["d"]["parameters"] == {"when": "2026-01-01"}


# what is given beside name and flow_name, and what is said of it
MISTAKES = [
    ({"parametres": {}}, "no field 'parametres'; did you mean 'parameters'"),
    ({"infrastructure": "x"}, "the work pool decides where runs execute"),
    ({"work_pool": {"name": "a", "size": 1}}, "work_pool= has no key 'size'"),
    ({"is_schedule_active": True, "paused": True}, "paused"),
    ({"work_pool": "default"}, "work_pool= is a mapping"),
    ({"work_pool": {"name": "a"}, "work_pool_name": "b"}, "say 'b' and 'a'"),
    ({"parameters": [1]}, "parameters= is a mapping"),
    ({"tags": "one"}, "tags is 'one'; a list"),
    ({"schedule": {"every": 3}}, "A schedule needs one of cron"),
    ({"concurrency_limit": "two"}, "concurrency_limit is a number"),
    ({"catch_up": [1]}, "catch_up is planned"),
    ({"name": ""}, "name= is a text"),
]


@pytest.mark.parametrize(("fields", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_refuses_what_it_does_not_understand(fields, message):
    with pytest.raises(DeploymentError, match=message):
        Deployment(**{"name": "d", "flow_name": "f", **fields})


def test_names_the_option_that_was_meant():
    with pytest.raises(DefinitionError, match="no option 'parametrs'; did you mean 'parameters'"):
        Deployment.build_from_flow(report, "daily", parametrs={})


def test_is_built_from_flows_only():
    with pytest.raises(DefinitionError, match="with @flow above it"):
        Deployment.build_from_flow(print, "daily")


def test_says_when_it_cannot_be_written(full, tmp_path):
    with pytest.raises(DefinitionError, match="cannot be written: No such file or directory"):
        full.to_yaml(tmp_path / "missing" / "d.yaml")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(), tags=st.lists(st.text(min_size=1)), parameters=st.dictionaries(st.text(), JSON, max_size=4))
def test_keeps_every_text_and_value(text, tags, parameters, tmp_path):
    made = Deployment("d", "f", "f.py:f", description=text, tags=tags, parameters=parameters, version=text)

    made.to_yaml(tmp_path / "d.yaml")

    assert Deployment.load_from_yaml(tmp_path / "d.yaml") == made
