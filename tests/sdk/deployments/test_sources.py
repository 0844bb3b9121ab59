"""Flows out of repositories and archives, and what their deployments say about them."""

import json
import zipfile

import pytest

from orchestrator import (
    Archive,
    DeploymentError,
    GitRepository,
    LocalFileSystem,
    LocalStorage,
    RemoteStorage,
    Secret,
    flow,
)
from orchestrator.sdk.deployments.sources import source_of
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
        ("/srv/flows", LocalStorage("/srv/flows")),
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
        GitRepository("https://ghp_real@github.com/o/r.git"),
        GitRepository("https://host/x.git", credentials={"client_secret": "ghp_real"}),
        Archive("https://host/x.zip", access_token="ghp_real"),
        Archive("https://u:ghp_real@host/x.zip"),
        Archive("https://host/x.zip?token=ghp_real"),
        Archive("s3://b/x.zip", settings={"password": "ghp_real"}),
        Archive("s3://b/x.zip", settings={"client_kwargs": {"headers": [{"Authorization": "ghp_real"}]}}),
        RemoteStorage("s3://key:ghp_real@bucket/x"),
        RemoteStorage("zip://x::https://ghp_real@host/x.zip"),
        RemoteStorage("gs://b/x", token="ghp_real"),
        RemoteStorage("gs://b/x", token={"type": "service_account", "private_key": "ghp_real"}),
        RemoteStorage("abfs://c@a/x", client_secret="ghp_real"),
        RemoteStorage("abfs://c@a/x", settings={"account_key": "ghp_real"}),
        RemoteStorage("s3://b/x", client_kwargs={"aws_session_token": "ghp_real"}),
        RemoteStorage("s3://b/x", client_kwargs={"proxies": {"https": "http://u:ghp_real@proxy"}}),
    ],
)
def test_stores_no_secret_in_the_open(source):
    with pytest.raises(DeploymentError) as caught:
        source.pull_steps()

    assert "ghp_real" not in str(caught.value)
    assert "Secret.load(" in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        GitRepository("ssh://git@host/x.git"),
        GitRepository("git@host:x/y.git"),
        GitRepository("https://{{ prefect.blocks.secret.token }}@host/x.git"),
        GitRepository("https://{{ prefect.blocks.secret.token }}:x-oauth-basic@host/x.git"),
        GitRepository("https://host/x@v1.git", credentials={"username": "bot"}),
        Archive("github://owner:repository@v1/x.zip"),
        RemoteStorage("abfs://container@account.dfs.core.windows.net/x", client_id="me", use_ssl=True),
        RemoteStorage("sftp://me@host/x", key_filename="/home/me/.ssh/id"),
        RemoteStorage("gs://b/x", token="anon", token_url="https://host/token"),
        RemoteStorage("gs://b/x", token="/srv/account.json"),
        RemoteStorage("s3://b/x", key="AKIA", key_prefix="flows", aws_access_key_id="AKIA", secret=None),
    ],
)
def test_takes_what_is_no_secret(source):
    assert source.pull_steps()


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


class TestBlocks:
    """Only their names are stored."""

    @pytest.fixture
    def saved(self, monkeypatch):
        """A block as it is after `Secret.load("gh")`."""
        secret = Secret(value="ghp_real")
        secret._block_document_name = "gh"
        return secret

    def test_are_named_as_the_access_token_of_a_repository(self, saved):
        source = GitRepository(
            url="https://host/x.git",
            credentials={"username": "bot", "access_token": saved},
            name="code",
            branch="main",
            directories=["etl"],
            include_submodules=True,
            pull_interval=60,
        )

        steps = source.pull_steps()

        assert "ghp_real" not in json.dumps(steps)
        assert steps == [
            {
                "prefect.deployments.steps.git_clone": {
                    "repository": "https://host/x.git",
                    "branch": "main",
                    "directories": ["etl"],
                    "include_submodules": True,
                    "credentials": {"username": "bot", "access_token": "{{ prefect.blocks.secret.gh }}"},
                    "clone_directory_name": "code",
                }
            }
        ]

    def test_are_named_as_credentials_of_a_repository_and_an_archive(self, saved):
        (step,) = GitRepository("https://host/x.git", credentials=saved).pull_steps()
        (other,) = Archive("https://host/x.zip", access_token=saved).pull_steps()

        assert step["prefect.deployments.steps.git_clone"]["credentials"] == "{{ prefect.blocks.secret.gh }}"
        assert other["orchestrator.steps.fetch_archive"]["access_token"] == "{{ prefect.blocks.secret.gh }}"

    def test_are_named_in_the_settings_of_a_storage(self, saved):
        source = RemoteStorage("s3://bucket/flows", key="AKIA", secret=saved, client_kwargs={"a": [saved]})

        (step,) = source.pull_steps()

        assert step["prefect.deployments.steps.pull_from_remote_storage"] == {
            "url": "s3://bucket/flows",
            "key": "AKIA",
            "secret": "{{ prefect.blocks.secret.gh }}",
            "client_kwargs": {"a": ["{{ prefect.blocks.secret.gh }}"]},
        }

    def test_lead_to_the_code_themselves(self):
        place = LocalFileSystem(basepath="/srv/flows")
        place._block_document_name = "flows"

        (step,) = source_of(place).pull_steps()

        assert step == {
            "prefect.deployments.steps.pull_with_block": {
                "block_type_slug": "local-file-system",
                "block_document_name": "flows",
            }
        }

    @pytest.mark.parametrize(
        "source",
        [
            GitRepository("https://host/x.git", credentials={"access_token": Secret(value="ghp_real")}),
            RemoteStorage("s3://b/x", secret=Secret(value="ghp_real")),
            LocalFileSystem(basepath="/srv"),
        ],
    )
    def test_must_be_saved(self, source):
        with pytest.raises(DeploymentError, match="save it first") as caught:
            source_of(source).pull_steps()

        assert "ghp_real" not in str(caught.value)


def test_stores_no_secret_of_a_storage_in_the_open():
    with pytest.raises(DeploymentError, match=r"\['secret'\] would be stored") as caught:
        RemoteStorage("s3://bucket/x", key="AKIA", secret="s3cret").pull_steps()

    assert "s3cret" not in str(caught.value)
