"""Which runs a task run waited for."""

from uuid import uuid4

from runs.services.graph import upstream_ids


def test_reads_the_upstream_runs_of_every_parameter_once():
    one, other = uuid4(), uuid4()
    inputs = {
        "x": [{"input_type": "task_run", "id": str(one)}],
        "y": [{"input_type": "parameter", "name": "y"}, {"input_type": "task_run", "id": str(one)}],
        "wait_for": [{"input_type": "flow_run", "id": str(other)}],
        "__parents__": [{"input_type": "task_run", "id": str(uuid4())}],  # what encloses a task is no dependency
        "broken": [{"input_type": "task_run", "id": "nonsense"}, {"input_type": "task_run"}, "text", None],
        "not_even_a_list": {"input_type": "task_run", "id": str(uuid4())},
    }

    assert upstream_ids(inputs) == [one, other]
    assert upstream_ids(inputs, kinds=("task_run",)) == [one]
