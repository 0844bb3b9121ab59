from uuid import uuid4

from runs.models import Flow
from tests.factories import make_flow, make_flow_run


def test_creates_a_flow_once(api):
    first = api.post("/flows/", {"name": "numbers", "tags": ["a"], "labels": {"team": "x"}})
    again = api.post("/flows/", {"name": "numbers", "tags": ["b"]})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert (first.json()["tags"], first.json()["labels"]) == (["a"], {"team": "x"})


def test_refuses_names_that_cannot_stand_in_an_address(api):
    assert api.post("/flows", {"name": "a/b"}).status_code == 422
    assert api.post("/flows", {"name": "  "}).status_code == 422


def test_reads_a_flow_by_id_and_by_name(api):
    flow = make_flow("two words")

    assert api.get(f"/flows/{flow.pk}").json()["name"] == "two words"
    assert api.get("/flows/name/two%20words").json()["id"] == str(flow.pk)


def test_says_what_it_does_not_find(api):
    missing = f"/flows/{uuid4()}"

    for response in (api.get(missing), api.patch(missing, {"tags": []}), api.delete(missing), api.get("/flows/name/x")):
        assert (response.status_code, response.json()) == (404, {"detail": "Flow not found"})


def test_changes_and_deletes_a_flow(api):
    flow = make_flow()

    changed = api.patch(f"/flows/{flow.pk}", {"tags": ["z"]})
    tags = api.get(f"/flows/{flow.pk}").json()["tags"]
    deleted = api.delete(f"/flows/{flow.pk}")

    assert (changed.status_code, changed.content, tags) == (204, b"", ["z"])
    assert deleted.status_code == 204
    assert not Flow.objects.exists()


def test_finds_flows_by_their_runs(api):
    run = make_flow_run("FAILED", flow=make_flow("broken"))
    make_flow("unused")

    answer = api.post("/flows/filter", {"flow_runs": {"state": {"type": {"any_": ["FAILED"]}}}}).json()

    assert [flow["id"] for flow in answer] == [str(run.flow_id)]


def test_reads_a_flow_with_one_query(api, django_assert_num_queries):
    flow = make_flow()

    with django_assert_num_queries(1):
        api.get(f"/flows/{flow.pk}")
