"""What authors test their flows with.

    from orchestrator.testing import harness

    def test_adds_up():
        with harness() as h:
            assert my_flow(2) == 4
            h.assert_state(h.flow_run(), "Completed")

`my_flow.fn` and `my_task.fn` are the functions as they were written: calling them makes no run at all.
"""

from orchestrator.sdk.configuration.temporary_settings import temporary_settings
from orchestrator.sdk.recording.logs import disable_run_logger
from orchestrator.testing.harness import Harness, harness
from orchestrator.testing.recorded import RecordedLog, RecordedRun
from orchestrator.testing.utilities import prefect_test_harness

__all__ = [
    "Harness",
    "RecordedLog",
    "RecordedRun",
    "disable_run_logger",
    "harness",
    "prefect_test_harness",
    "temporary_settings",
]
