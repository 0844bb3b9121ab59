"""Flows out of repositories and archives, and what their deployments say about them."""

import json
import zipfile

import pytest

from orchestrator import Archive, DeploymentError, GitRepository, RemoteStorage, flow
from orchestrator.sdk.deployments.sources import LocalDirectory, source_of
from tests.worker.code.repositories import Repository

CODE = "from orchestrator import flow\n\n@flow\ndef greets(name: str = 'you'):\n    return name\n"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(tmp_path / "home"))


def test_reads_a_flow_out_of_a_repository(home, tmp_path):
    repository = Repository(tmp_path / "flows.git")
    repository.commit({"below/flows.py": CODE})

    found = flow.from_source(GitRepository(repository.url, branch="main"), entrypoint="below/flows.py:greets")

    deployment = found.to_deployment("prod", work_pool_name="default").body()
    assert found("me") == "me"
    assert deployment["entrypoint"] == "below/flows.py:greets"
    assert deployment["path"] is None
    assert deployment["parameter_openapi_schema"]["properties"]["name"]["default"] == "you"
    assert deployment["pull_steps"] == [
        {"prefect.deployments.steps.git_clone": {"repository": repository.url, "branch": "main"}}
    ]


def test_keeps_the_source_with_other_options(home, tmp_path):
    with zipfile.ZipFile(tmp_path / "flows.zip", "w") as archive:
        archive.writestr("flows.py", CODE)

    found = flow.from_source(str(tmp_path / "flows.zip"), entrypoint="flows.py:greets").with_options(retries=2)

    assert found.to_deployment("prod").body()["pull_steps"] == [
        {"orchestrator.steps.fetch_archive": {"url": str(tmp_path / "flows.zip")}}
    ]


def test_says_why_the_code_cannot_be_fetched(home, tmp_path):
    with pytest.raises(DeploymentError, match=r"could not be fetched\. The repository file:///no/such\.git"):
        flow.from_source("file:///no/such.git", entrypoint="flows.py:greets")


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ("https://host/x.git", GitRepository("https://host/x.git")),
        ("https://host/x", GitRepository("https://host/x")),
        ("git@host:x/y.git", GitRepository("git@host:x/y.git")),
        ("https://host/x.zip", Archive("https://host/x.zip")),
        ("s3://bucket/x.tar.gz", Archive("s3://bucket/x.tar.gz")),
        ("s3://bucket/x", RemoteStorage("s3://bucket/x")),
        ("/srv/flows", LocalDirectory("/srv/flows")),
    ],
)
def test_knows_what_a_text_means(given, source):
    assert source_of(given) == source


@pytest.mark.parametrize(
    "source",
    [
        GitRepository("https://host/x.git", credentials={"access_token": "ghp_real"}),
        GitRepository("https://host/x.git", credentials="ghp_real"),
        GitRepository("https://user:ghp_real@host/x.git"),
        Archive("https://host/x.zip", access_token="ghp_real"),
    ],
)
def test_stores_no_secret_in_the_open(source):
    with pytest.raises(DeploymentError) as caught:
        source.pull_steps()

    assert "ghp_real" not in str(caught.value)


def test_names_the_block_that_holds_a_secret():
    token = {"access_token": "{{ prefect.blocks.secret.token }}"}

    steps = GitRepository("https://host/x.git", tag="v1", credentials=token).pull_steps()

    assert json.loads(json.dumps(steps)) == [
        {
            "prefect.deployments.steps.git_clone": {
                "repository": "https://host/x.git",
                "branch": "v1",
                "credentials": token,
            }
        }
    ]


def test_takes_one_revision_only():
    with pytest.raises(DeploymentError, match="only one of them"):
        GitRepository("https://host/x.git", branch="main", tag="v1").pull_steps()
