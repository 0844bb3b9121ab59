from orchestrator import flow, flow_run_logger, task, task_run_logger
from orchestrator.testing import harness


def test_lets_a_hook_log_for_its_flow_run():
    def tell(flow, flow_run, state):
        flow_run_logger(flow_run, flow).info("all is over")

    @flow(on_completion=[tell])
    def short():
        return 1

    with harness() as h:
        short()

        assert [log.flow_run_id for log in h.logs if log.message == "all is over"] == [h.flow_run().id]


def test_lets_a_hook_log_for_its_task_run():
    def tell(task, task_run, state):
        task_run_logger(task_run, task).warning("it is over")

    @task(on_completion=[tell])
    def small():
        return 1

    @flow
    def around():
        small()

    with harness() as h:
        around()

        told = [log for log in h.logs if log.message == "it is over"]
        assert [(log.task_run_id, log.flow_run_id) for log in told] == [(h.task_run().id, h.flow_run().id)]
