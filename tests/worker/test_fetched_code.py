"""A real worker whose runs fetch their code."""

import pytest

from tests.waiting import eventually
from tests.worker.code.repositories import Repository

CODE = """
from orchestrator import flow
import helper, os

@flow(log_prints=True)
def main():
    import later
    print("helper is", helper.WORD, later.WORD, os.path.exists("flows.py"))
    open("made.txt", "w").close()
"""


@pytest.fixture
def repository(tmp_path):
    repository = Repository(tmp_path / "flows.git")
    repository.commit({"flows.py": CODE, "helper.py": "WORD = 'one'\n", "later.py": "WORD = 'first'\n"})
    return repository


@pytest.fixture
def run(worker, api):
    """Runs a deployment with these pull steps; gives what the run logged, when it has ended."""

    def run(*steps, entrypoint="flows.py:main", **job_variables):
        run_id = api.add_run(entrypoint=entrypoint, job_variables=job_variables)
        api.runs[run_id]["deployment"].update(pull_steps=list(steps), labels={"orchestrator.sdk": "python"})
        worker.wake(run_id)
        states = worker.released(run_id)
        return states, api.messages_of(run_id), api.states[run_id][-1].get("message")

    return run


def clone(repository, **inputs):
    return {"prefect.deployments.steps.git_clone": {"repository": repository.url, **inputs}}


def test_executes_code_of_a_repository_and_sees_what_follows(worker, run, repository):
    worker.start("--concurrency", "1")
    before = repository.git("rev-parse", "HEAD")

    first = run(clone(repository))
    repository.commit({"helper.py": "WORD = 'two'\n", "later.py": "WORD = 'second'\n"})
    second = run(clone(repository))
    pinned = run(clone(repository, commit_sha=before))

    assert first[0] == ["Running", "Completed"], first
    assert "helper is one first True" in first[1]
    assert "helper is two second True" in second[1]
    assert "helper is one first True" in pinned[1]


def test_executes_it_in_a_process_of_its_own_and_from_a_module(worker, run, repository):
    worker.start()

    isolated = run(clone(repository), isolation="process")
    module = run(clone(repository), entrypoint="flows.main")

    assert isolated[0] == module[0] == ["Running", "Completed"]


def test_crashes_a_run_whose_code_is_not_to_be_had(worker, run, repository):
    worker.start()

    states, _, message = run(clone(repository, branch="none"))
    unknown = run({"company.steps.special": {}})

    assert states == ["Crashed"]
    assert message == f"The repository {repository.url} has no branch or tag 'none'"
    assert "The pull step 'company.steps.special' is not known here" in unknown[2]


def test_leaves_no_directory_of_a_run_behind(worker, run, repository):
    worker.start()

    run(clone(repository))

    eventually(lambda: list((worker.home / "runs").iterdir()) == [])
    assert list((worker.home / "code" / "revisions").glob("git-*"))
