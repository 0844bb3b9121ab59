"""What a worker is told about the runs that it has."""

from orchestrator.contract.states import State, StateType
from runs.orchestration.transition import RunKind
from runs.services.claims import claim_run
from runs.services.transitions import propose_state
from tests.factories import make_flow_run, make_work_pool


def test_tells_which_runs_are_to_end(api):
    pool = make_work_pool("ours")
    run = make_flow_run(StateType.SCHEDULED, work_queue=pool.default_queue)
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w", process_id=7)
    propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=State(StateType.CANCELLING))

    held = api.post("/work_pools/ours/claims/held", {"worker_name": "w"})

    assert held.json() == [
        {"id": str(claim.pk), "flow_run_id": str(run.pk), "process_id": 7, "state_type": "CANCELLING"},
    ]


def test_tells_a_worker_nothing_of_others(api):
    pool = make_work_pool("ours")
    run = make_flow_run(StateType.SCHEDULED, work_queue=pool.default_queue)
    claim_run(flow_run_id=run.pk, worker_name="other")

    assert api.post("/work_pools/ours/claims/held", {"worker_name": "w"}).json() == []
