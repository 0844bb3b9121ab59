"""What a worker is told about the runs that it has."""

from orchestrator.contract.states import State, StateType
from runs.orchestration.transition import RunKind
from runs.services.claims import claim_run
from runs.services.transitions import propose_state
from tests.factories import make_deployment, make_flow_run, make_work_pool


def test_tells_which_runs_are_to_end(api):
    pool = make_work_pool("ours")
    run = make_flow_run(StateType.SCHEDULED, work_queue=pool.default_queue)
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w", process_id=7)
    propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=State(StateType.CANCELLING))

    held = api.post("/work_pools/ours/claims/held", {"worker_name": "w"})

    assert held.json() == [
        {"id": str(claim.pk), "flow_run_id": str(run.pk), "process_id": 7, "state_type": "CANCELLING"},
    ]


def test_tells_about_a_claim_what_its_worker_was_told(api):
    variables = {"properties": {"cancel_grace_seconds": {"type": "number", "default": 5}}}
    pool = make_work_pool("ours", base_job_template={"variables": variables})
    deployment = make_deployment(pool=pool)
    run = make_flow_run(StateType.SCHEDULED, flow=deployment.flow, deployment=deployment, work_queue=pool.default_queue)
    taken = api.post("/work_pools/ours/claims", {"flow_run_id": run.pk, "worker_name": "w"}).json()

    told = api.get(f"/claims/{taken['id']}").json()

    assert told.keys() == taken.keys()
    assert {**told, "flow_run": None} == {**taken, "flow_run": None}
    assert told["flow_run"]["id"] == str(run.pk)
    assert told["deployment"]["job_variables"]["cancel_grace_seconds"] == 5


def test_tells_nothing_about_a_claim_that_ended(api):
    pool = make_work_pool("ours")
    run = make_flow_run(StateType.SCHEDULED, work_queue=pool.default_queue)
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w")
    api.post(f"/claims/{claim.pk}/release", {"reason": "given back"})

    for gone in (claim.pk, run.pk):
        assert api.get(f"/claims/{gone}").status_code == 410


def test_tells_a_worker_nothing_of_others(api):
    pool = make_work_pool("ours")
    run = make_flow_run(StateType.SCHEDULED, work_queue=pool.default_queue)
    claim_run(flow_run_id=run.pk, worker_name="other")

    assert api.post("/work_pools/ours/claims/held", {"worker_name": "w"}).json() == []
