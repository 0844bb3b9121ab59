from datetime import timedelta
from uuid import uuid4

from orchestrator.contract.times import now
from tests.factories import make_deployment, make_flow, make_flow_run


def planned(flow, hours, state="SCHEDULED"):
    return make_flow_run(state, flow=flow, next_scheduled_start_time=now() + timedelta(hours=hours))


def test_counts_the_deployments_of_flows(api, django_assert_num_queries):
    flow, missing = make_flow(), str(uuid4())
    make_deployment(flow)
    make_deployment(flow)

    with django_assert_num_queries(1):
        counts = api.post("/ui/flows/count-deployments", {"flow_ids": [str(flow.pk), missing]}).json()

    assert counts == {str(flow.pk): 2, missing: 0}


def test_tells_the_next_run_of_each_flow(api, django_assert_num_queries):
    busy, idle, missing = make_flow(), make_flow(), str(uuid4())
    planned(busy, 2)
    soon = planned(busy, 1)
    planned(busy, 0.5, "RUNNING")
    make_flow_run("COMPLETED", flow=idle)

    with django_assert_num_queries(1):
        answer = api.post("/ui/flows/next-runs", {"flow_ids": [str(busy.pk), str(idle.pk), missing]}).json()

    assert (answer[str(idle.pk)], answer[missing]) == (None, None)
    assert {key: value for key, value in answer[str(busy.pk)].items() if key != "next_scheduled_start_time"} == {
        "id": str(soon.pk),
        "flow_id": str(busy.pk),
        "name": soon.name,
        "state_name": "Scheduled",
        "state_type": "SCHEDULED",
    }


def test_refuses_what_are_no_ids(api):
    assert api.post("/ui/flows/next-runs", {"flow_ids": ["x"]}).status_code == 422
    assert api.post("/ui/flows/count-deployments", {}).status_code == 422
