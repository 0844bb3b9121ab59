"""States as they are proposed to a server."""

from __future__ import annotations

from uuid import UUID

from orchestrator.sdk.outcomes.proposed import as_proposed
from orchestrator.sdk.outcomes.states import Completed

AN_ID = UUID("01a1fe45-0709-7616-acb2-3b3a9664c548")


def test_sends_all_but_what_the_server_gives_and_the_result():
    state = Completed(message="done", name="Fine", data=object(), state_details={"flow_run_id": AN_ID})

    assert as_proposed(state.with_(data={"key": AN_ID})) == {
        "type": "COMPLETED",
        "name": "Fine",
        "message": "done",
        "data": {"key": str(AN_ID)},
        "state_details": {"flow_run_id": str(AN_ID)},
    }
