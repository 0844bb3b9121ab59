"""Resources: set up before the tasks in their block, cleaned up after them."""

from __future__ import annotations

import pytest

from orchestrator import BuildError, Flow, Parameter, resource_manager, task

SEEN: list[str] = []


@pytest.fixture(autouse=True)
def nothing_seen():
    SEEN.clear()


@resource_manager
class Connection:
    def __init__(self, address, broken=False):
        self.address = address
        self.broken = broken

    def setup(self):
        if self.broken:
            raise ConnectionError("nobody is there")
        SEEN.append("setup")
        return f"connection to {self.address}"

    def cleanup(self, connection):
        SEEN.append(f"cleanup of {connection}")


@task
def query(connection, number=1):
    SEEN.append("query")
    return f"{connection}: {number // number}"


@task
def alone():
    SEEN.append("alone")


def test_is_there_for_the_tasks_in_its_block():
    with Flow("resource") as built, Connection(Parameter("address", default="here")) as connection:
        node = query(connection)
        alone()

    state = built.run(address="there")

    assert state.result[node].result == "connection to there: 1"
    assert SEEN[0] == "setup"
    assert SEEN[-1] == "cleanup of connection to there"
    assert sorted(SEEN[1:-1]) == ["alone", "query"]


def test_is_cleaned_up_after_a_failure():
    with Flow("failure") as built, Connection("here") as connection:
        query(connection, 0)

    state = built.run()

    assert state.is_failed()
    assert SEEN == ["setup", "query", "cleanup of connection to here"]


def test_is_not_cleaned_up_when_it_was_not_set_up():
    with Flow("not set up") as built, Connection("here", broken=True) as connection:
        node = query(connection)

    state = built.run()

    assert state.result[node].name == "TriggerFailed"
    assert state.result[built.get_tasks("Connection.cleanup")[0]].is_skipped()
    assert SEEN == []


def test_is_cleaned_up_after_a_failure_without_being_set_up():
    @resource_manager
    class Plain:
        def cleanup(self):
            SEEN.append("cleanup")

    with Flow("plain") as built, Plain():
        query("none", 0)

    assert built.run().is_failed()
    assert SEEN == ["query", "cleanup"]


def test_stands_inside_another():
    with Flow("nested") as built, Connection("outer") as outer, Connection("inner") as inner:
        query(inner)
        query(outer)

    built.run()

    assert SEEN[-2:] == ["cleanup of connection to inner", "cleanup of connection to outer"]


def test_does_not_decide_about_the_run():
    @resource_manager(name="odd", cleanup_task_kwargs={"max_retries": 1})
    class Odd:
        def cleanup(self):
            SEEN.append("cleanup")
            raise ValueError("cannot be cleaned up")

    with Flow("odd") as built, Odd() as nothing:
        node = alone()

    state = built.run()

    assert nothing is None
    assert state.is_successful()
    assert SEEN == ["alone", "cleanup", "cleanup"]
    assert built.reference_tasks() == {node}


def test_needs_a_block():
    with pytest.raises(BuildError, match="while the flow is built"):
        Connection("here")


def test_needs_a_way_to_clean_up():
    with pytest.raises(BuildError, match="`cleanup`"):
        resource_manager(object)
