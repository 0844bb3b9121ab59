from uuid import uuid4

import pytest

from orchestrator.events.models import Event
from runs.models import Artifact, ArtifactCollection
from tests.factories import make_deployment, make_flow_run, make_task_run


def made(api, **columns):
    response = api.post("/artifacts/", columns)
    assert response.status_code == 201, response.content
    return response.json()


def latest(api, key):
    return api.get(f"/artifacts/{key}/latest").json()


def collection_events():
    return list(Event.objects.filter(event__startswith="prefect.artifact-collection.").order_by("sequence"))


def test_creates_and_reads_an_artifact(api):
    run_id = str(uuid4())

    artifact = made(api, key="a-1", type="table", data="[]", description="d", metadata_={"x": "y"}, flow_run_id=run_id)

    assert api.get(f"/artifacts/{artifact['id']}").json() == artifact
    assert artifact["metadata_"] == {"x": "y"}
    assert (artifact["flow_run_id"], artifact["task_run_id"]) == (run_id, None)


def test_knows_an_artifact_that_is_sent_again(api):
    artifact = made(api, id=str(uuid4()), key="a-1", data="[]")
    created = collection_events()

    again = made(api, id=artifact["id"], key="a-1", data="[]")

    assert again == artifact
    assert Artifact.objects.count() == 1
    assert collection_events() == created


def test_cuts_values_of_metadata_that_are_too_long(api):
    artifact = made(api, metadata_={"long": "x" * 501, "longest": "x" * 500})

    api.patch(f"/artifacts/{artifact['id']}", {"metadata_": {"long": "y" * 600}})

    assert artifact["metadata_"] == {"long": "x" * 500 + "...", "longest": "x" * 500}
    assert api.get(f"/artifacts/{artifact['id']}").json()["metadata_"] == {"long": "y" * 500 + "..."}


@pytest.mark.parametrize("key", ["UPPER", "a_b", "a b", "a/b", "ä"])
def test_refuses_keys_that_cannot_stand_in_an_address(api, key):
    response = api.post("/artifacts/", {"key": key})

    assert response.status_code == 422
    assert "lowercase letters, numbers, and dashes" in response.json()["exception_detail"][0]["msg"]


@pytest.mark.parametrize("body", [{"metadata_": {"a": 1}}, {"metadata": {}}, {"created": "2026-01-01T00:00:00Z"}])
def test_refuses_what_is_no_artifact(api, body):
    assert api.post("/artifacts/", body).status_code == 422


@pytest.mark.parametrize("data", [None, 0, False, "", [], {}, {"a": [None]}, 12.5, "text"])
def test_keeps_any_data_as_it_is(api, data):
    artifact = made(api, data=data)

    assert api.get(f"/artifacts/{artifact['id']}").json()["data"] == data


def test_says_what_it_does_not_find(api):
    missing = f"/artifacts/{uuid4()}"

    for response in (
        api.get(missing),
        api.patch(missing, {"data": 1}),
        api.delete(missing),
        api.get("/artifacts/nothing/latest"),
    ):
        assert (response.status_code, response.json()) == (404, {"detail": "Artifact not found."})


def test_shows_the_latest_of_a_key_under_the_id_of_its_collection(api):
    made(api, key="k", data="one")
    second = made(api, key="k", data="two", type="markdown")
    (collection,) = api.post("/artifacts/latest/filter", {"artifacts": {"key": {"any_": ["k"]}}}).json()

    assert (latest(api, "k")["data"], latest(api, "k")["type"]) == ("two", "markdown")
    assert collection["latest_id"] == second["id"]
    assert latest(api, "k")["id"] == collection["id"] != second["id"]


def test_changes_an_artifact_and_its_collection(api):
    first = made(api, key="k", data=1)
    second = made(api, key="k", data=2)

    assert api.patch(f"/artifacts/{first['id']}", {"data": 10}).status_code == 204
    assert latest(api, "k")["data"] == 2
    assert api.patch(f"/artifacts/{second['id']}", {"data": 20, "metadata_": {"a": "b"}}).status_code == 204

    assert (latest(api, "k")["data"], latest(api, "k")["metadata_"]) == (20, {"a": "b"})
    assert api.get(f"/artifacts/{first['id']}").json()["data"] == 10
    assert api.patch(f"/artifacts/{second['id']}", {"key": "other"}).status_code == 422


def test_falls_back_to_the_version_before_a_deleted_one(api):
    first, second, third = (made(api, key="k", data=number) for number in range(3))

    api.delete(f"/artifacts/{second['id']}")
    assert latest(api, "k")["data"] == 2
    api.delete(f"/artifacts/{third['id']}")
    assert latest(api, "k")["data"] == 0
    api.delete(f"/artifacts/{first['id']}")

    assert api.get("/artifacts/k/latest").status_code == 404
    assert not ArtifactCollection.objects.exists()


def test_tells_of_collections_and_not_of_artifacts_without_a_key(api):
    run_id, task_id = str(uuid4()), str(uuid4())
    made(api, data="unnamed")
    made(api, key="k", type="markdown", data="one", flow_run_id=run_id, task_run_id=task_id)
    second = made(api, key="k", data="two")
    api.delete(f"/artifacts/{second['id']}")
    api.delete(f"/artifacts/{Artifact.objects.get(key='k').pk}")

    events = collection_events()

    assert [event.event.rpartition(".")[2] for event in events] == ["created", "updated", "updated", "deleted"]
    assert events[0].resource["prefect.resource.name"] == "k"
    assert events[0].payload == {"key": "k", "type": "markdown", "data": "one", "description": None}
    assert [(one["prefect.resource.role"], one["prefect.resource.id"]) for one in events[0].related][1:] == [
        ("flow-run", f"prefect.flow-run.{run_id}"),
        ("task-run", f"prefect.task-run.{task_id}"),
    ]
    assert events[1].related == [
        {"prefect.resource.id": f"prefect.artifact.{second['id']}", "prefect.resource.role": "latest"}
    ]


def test_filters_by_key_type_and_run(api):
    run_id = str(uuid4())
    table = made(api, key="daily-table", type="table", flow_run_id=run_id)
    text = made(api, key="daily-text", type="markdown")
    unnamed = made(api, type="markdown")
    untyped = made(api, data={"storage_key": "x"}, flow_run_id=run_id)

    def found(**asked):
        return {row["id"] for row in api.post("/artifacts/filter", {"artifacts": asked}).json()}

    assert found(key={"any_": ["daily-table"]}) == {table["id"]}
    assert found(key={"like_": "DAILY"}) == {table["id"], text["id"]}
    assert found(key={"exists_": False}) == {unnamed["id"], untyped["id"]}
    assert found(type={"any_": ["markdown"]}) == {text["id"], unnamed["id"]}
    assert found(type={"not_any_": ["table"]}) == {text["id"], unnamed["id"]}
    assert found(flow_run_id={"any_": [run_id]}) == {table["id"], untyped["id"]}
    assert found(id={"any_": []}) == set()
    assert found(operator="or_", type={"any_": ["table"]}, key={"like_": "text"}) == {table["id"], text["id"]}
    assert api.post("/artifacts/count", {"artifacts": {"type": {"any_": ["markdown"]}}}).json() == 2


@pytest.mark.parametrize("address", ["/artifacts", "/artifacts/latest"])
def test_joins_with_runs_flows_and_deployments(api, address):
    run = make_flow_run(deployment=make_deployment())
    task = make_task_run(flow_run=run)
    made(api, key="of-task", flow_run_id=str(run.pk), task_run_id=str(task.pk))
    made(api, key="of-run", flow_run_id=str(run.pk))
    made(api, key="elsewhere", flow_run_id=str(make_flow_run().pk))

    def found(**filters):
        rows = api.post(f"{address}/filter", filters | {"sort": "KEY_ASC"}).json()
        assert api.post(f"{address}/count", filters).json() == len(rows)
        return [row["key"] for row in rows]

    assert found(flow_runs={"name": {"any_": [run.name]}}) == ["of-run", "of-task"]
    assert found(task_runs={"id": {"any_": [str(task.pk)]}}) == ["of-task"]
    assert found(flows={"name": {"any_": [run.flow.name]}}) == ["of-run", "of-task"]
    assert found(deployments={"id": {"any_": [str(run.deployment_id)]}}) == ["of-run", "of-task"]
    assert found() == ["elsewhere", "of-run", "of-task"]


def test_sorts_and_pages(api):
    for key in ("b", "a", "c"):
        made(api, key=key)

    def keys(address="/artifacts/filter", **asked):
        return [row["key"] for row in api.post(address, asked).json()]

    assert keys() == ["c", "a", "b"]
    assert keys(sort="KEY_DESC") == ["c", "b", "a"]
    assert keys(sort="CREATED_DESC", limit=1, offset=1) == ["a"]
    assert keys("/artifacts/latest/filter", sort="UPDATED_DESC") == ["c", "a", "b"]
    assert api.post("/artifacts/filter", {"limit": 201}).status_code == 422
    assert api.post("/artifacts/filter", {"artifacts": {"latest_id": None}}).status_code == 422


def test_keeps_the_result_of_a_state_as_an_artifact(api):
    run = make_flow_run("RUNNING")
    described = {"storage_key": "s3://results/1", "prefect_version": "3.8.8"}

    api.post(f"/flow_runs/{run.pk}/set_state", {"state": {"type": "COMPLETED", "data": described}})

    (artifact,) = api.post("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [str(run.pk)]}}}).json()
    assert (artifact["data"], artifact["type"], artifact["key"]) == (described, None, None)


def test_names_the_artifact_of_a_result_as_its_data_says(api):
    task = make_task_run("RUNNING")
    described = {"artifact_key": "answer", "artifact_type": "result", "artifact_description": "d", "value": 42}

    api.post(f"/task_runs/{task.pk}/set_state", {"state": {"type": "COMPLETED", "data": described}})

    artifact = latest(api, "answer")
    assert (artifact["data"], artifact["type"], artifact["description"]) == ({"value": 42}, "result", "d")
    assert (artifact["flow_run_id"], artifact["task_run_id"]) == (str(task.flow_run_id), str(task.pk))


@pytest.mark.parametrize("data", [None, {"type": "unpersisted"}])
def test_makes_no_artifact_of_a_state_without_a_result(api, data):
    run = make_flow_run("RUNNING")

    api.post(f"/flow_runs/{run.pk}/set_state", {"state": {"type": "COMPLETED", "data": data}})

    assert not Artifact.objects.exists()


def test_lists_with_one_query(api, django_assert_num_queries):
    for number in range(5):
        made(api, key=f"k{number}", data={"a": 1})

    with django_assert_num_queries(1):
        assert len(api.post("/artifacts/filter", {}).json()) == 5
    with django_assert_num_queries(1):
        assert len(api.post("/artifacts/latest/filter", {}).json()) == 5
