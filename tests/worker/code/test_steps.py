"""Pull steps, done in a directory of the test's own, with a server that the test plays."""

import os

import pytest

from orchestrator.sdk.errors import ApiError
from orchestrator.worker.code.errors import CodeUnavailable
from orchestrator.worker.code.steps import PullSteps
from orchestrator.worker.code.templates import Values

BLOCKS = "/block_types/slug/{}/block_documents/name/{}?include_secrets=true"


class Server:
    """Answers what the test puts into it."""

    def __init__(self, **answers):
        self.answers = answers

    def ask(self, method, path, body=None):
        if path not in self.answers:
            raise ApiError("not there", status=404)
        return self.answers[path]


@pytest.fixture
def server(repository, private_server):
    return Server(
        **{
            BLOCKS.format("secret", "token"): {"data": {"value": "s3cret-token"}},
            BLOCKS.format("github-credentials", "ours"): {"data": {"token": "s3cret-token"}},
            BLOCKS.format("local-file-system", "here"): {"data": {"basepath": str(repository.place.parent)}},
            BLOCKS.format("local-file-system", "empty"): {"data": {"basepath": None}},
            BLOCKS.format("remote-file-system", "there"): {
                "data": {"basepath": f"file://{repository.place.parent}", "settings": {"auto_mkdir": False}}
            },
            BLOCKS.format("github-repository", "flows"): {
                "data": {
                    "repository_url": f"{private_server.url}/flows.git",
                    "reference": "main",
                    "credentials": {"token": "s3cret-token"},
                }
            },
            "/variables/name/branch": {"value": "main"},
            "/variables/name/places": {"value": {"first": ["below"]}},
        }
    )


@pytest.fixture
def do(server, cache, fetching, tmp_path, monkeypatch):
    """Does steps in an empty directory; gives the one they lead to."""
    place = tmp_path / "run"
    place.mkdir()
    monkeypatch.chdir(place)

    def do(*steps):
        return PullSteps(cache=cache, fetching=fetching, values=Values(server)).run(steps)

    return do


def step(name, **inputs):
    return {f"prefect.deployments.steps.{name}": inputs}


def test_clones_into_the_working_directory_and_enters_a_place_below(do, repository, tmp_path):
    directory = do(
        step("git_clone", id="clone", repository=repository.url, branch="{{ prefect.variables.branch }}"),
        step("set_working_directory", directory="{{ clone.directory }}/below"),
    )

    assert directory == tmp_path / "run" / "flows-main" / "below"
    assert os.getcwd() == str(directory)


@pytest.mark.parametrize(
    "inputs",
    [
        {"access_token": "{{ prefect.blocks.secret.token }}"},
        {"credentials": "{{ prefect.blocks.github-credentials.ours }}"},
        {"credentials": {"username": "x-access-token", "access_token": "{{ prefect.blocks.secret.token }}"}},
    ],
)
def test_clones_with_what_blocks_hold(do, private_server, inputs):
    directory = do(step("git_clone", repository=f"{private_server.url}/flows.git", **inputs))

    assert (directory / "flows.py").exists()


@pytest.mark.parametrize(
    ("slug", "name", "file"),
    [
        ("local-file-system", "here", "flows.git/flows.py"),
        ("remote-file-system", "there", "flows.git/flows.py"),
        ("github-repository", "flows", "below/more.py"),
    ],
)
def test_gets_the_code_that_a_block_leads_to(do, tmp_path, slug, name, file):
    directory = do(step("pull_with_block", block_type_slug=slug, block_document_name=name))

    assert directory.parent == tmp_path / "run"
    assert (directory / file).is_file()


@pytest.mark.parametrize(
    ("slug", "name", "says"),
    [
        ("slack-webhook", "x", "leads to no code here; known are local-file-system"),
        ("local-file-system", "gone", "There is no block 'gone'"),
        ("local-file-system", "empty", "has no basepath"),
    ],
)
def test_says_why_a_block_leads_to_no_code(do, slug, name, says):
    with pytest.raises(CodeUnavailable, match=says):
        do(step("pull_with_block", block_type_slug=slug, block_document_name=name))


def test_runs_commands_and_hands_on_what_they_say(do, capfd, monkeypatch):
    monkeypatch.setenv("WHO", "everybody")

    do(
        step("run_shell_script", id="first", script="echo one $WHO\necho 'two words'", expand_env_vars=True),
        step("run_shell_script", script="echo {{ first.stdout }} | tr a-z A-Z", shell=True, env={"A": 1}),
    )

    assert capfd.readouterr().out.splitlines()[:2] == ["one everybody", "two words"]


def test_says_how_a_command_failed(do):
    with pytest.raises(CodeUnavailable, match="run_shell_script' failed with exit code 3: why it did"):
        do(step("run_shell_script", script="echo why it did >&2; exit 3", shell=True))


def test_installs_requirements(do, tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "requirements.txt").write_text("# nothing to install\n")

    do(step("pip_install_requirements", directory=str(package), stream_output=False))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"company.steps.special": {}}, "The pull step 'company.steps.special' is not known here; known are"),
        ({"prefect.deployments.steps.push_to_s3": {}}, "is not known here"),
        ({"a": {}, "b": {}}, "one key"),
        (step("git_clone"), "missing 1 required positional argument: 'repository'"),
        (step("git_clone", repository="file:///x", colour="red"), "unexpected keyword argument 'colour'"),
        (step("set_working_directory", directory="/no/such/place"), "No such file or directory: /no/such/place"),
        (step("set_working_directory", directory="{{ nothing.there }}"), "nothing that an earlier pull step gave"),
        (step("git_clone", repository="{{ prefect.variables.none }}"), "There is no variable 'none'"),
        (step("git_clone", repository="{{ prefect.blocks.secret.none }}"), "no block 'none' of the type 'secret'"),
        (step("git_clone", repository="https://x.org/{{ prefect.blocks.secret.token }}\n"), "control characters"),
    ],
)
def test_says_what_is_wrong_with_a_step(do, given, says):
    with pytest.raises(CodeUnavailable) as caught:
        do(given)

    assert says in str(caught.value)


def test_does_nothing_when_one_step_is_not_known(do, tmp_path):
    with pytest.raises(CodeUnavailable, match="not known here"):
        do(step("run_shell_script", script=f"touch {tmp_path}/done"), {"unknown.step": {}})

    assert not (tmp_path / "done").exists()


def test_tells_no_secret_of_a_block(do):
    with pytest.raises(CodeUnavailable) as caught:
        do(step("set_working_directory", directory="/no/{{ prefect.blocks.secret.token }}"))

    assert str(caught.value).endswith("/no/***")


def test_keeps_the_type_of_a_value_that_stands_alone(server):
    values = Values(server, environ={"HERE": "yes"})

    filled = values.fill(
        {
            "list": "{{ prefect.variables.places.first }}",
            "one": "{{ prefect.variables.places.first[0] }}",
            "text": "a {{ $HERE }} b",
            "left out": "{{ $NOT_SET }}",
            "block": "{{ prefect.blocks.github-credentials.ours.token }}",
        }
    )

    assert filled == {"list": ["below"], "one": "below", "text": "a yes b", "block": "s3cret-token"}
