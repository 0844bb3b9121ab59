"""Why a run failed or does not begin."""

from datetime import timedelta

import pytest

from orchestrator.contract.times import now
from runs.pages.failures import excerpt_of, failure_of, reason_in_brief
from tests.factories import make_flow_run, make_logs, make_task_run

TRACEBACK = """Encountered exception during execution: KeyError('table')
Traceback (most recent call last):
  File "/opt/venv/lib/python3.11/site-packages/prefect/engine.py", line 880, in run_context
    yield self
  File "/home/ana/flows.py", line 45, in load
    return d["table"]
           ~^^^^^^^^^
  File "/opt/venv/lib/python3.11/site-packages/toolbox/maps.py", line 3, in __getitem__
    raise KeyError(key)
KeyError: 'table'
"""


def test_shows_the_last_frame_of_the_authors_own_code():
    excerpt = excerpt_of(TRACEBACK)

    assert excerpt.frame == 'File "/home/ana/flows.py", line 45, in load'
    assert excerpt.source == 'return d["table"]'
    assert excerpt.error == "KeyError: 'table'"
    assert excerpt.hidden_frames == 2


@pytest.mark.parametrize("message", ["", "all is well", "File is missing"])
def test_finds_no_traceback_where_there_is_none(message):
    assert excerpt_of(message) is None


@pytest.mark.django_db
def test_names_the_task_that_failed_first_and_the_line_that_tells_why():
    run = make_flow_run("FAILED", message="Flow run encountered an exception: KeyError: 'table'")
    first = make_task_run("FAILED", flow_run=run, started=now() - timedelta(seconds=9))
    make_task_run("FAILED", flow_run=run, started=now() - timedelta(seconds=5))
    (telling,) = make_logs(first, TRACEBACK, level=40)
    make_logs(run, "Finished in state Failed()", level=40)

    failure = failure_of(run)

    assert failure.headline == "KeyError: 'table'"
    assert failure.task == first
    assert failure.log_id == telling.id


@pytest.mark.parametrize("begin", ["Flow run encountered an exception: ", "Task run failed with ", ""])
def test_leaves_out_the_words_with_which_every_failure_begins(begin):
    assert reason_in_brief(f"{begin}KeyError: 'table'") == "KeyError: 'table'"


@pytest.mark.django_db
def test_says_nothing_of_a_run_that_did_not_fail():
    assert failure_of(make_flow_run("COMPLETED")) is None
