"""Images of deployments, with a `docker` that only notes what it is told."""

from __future__ import annotations

import io
import os

import pytest

from orchestrator import DeploymentError, DockerImage, deploy, flow


@flow(name="shipped")
def shipped(x: int = 1) -> None: ...


@pytest.fixture
def pools(api):
    """Work pools by name, with the variables that they know."""
    api.work_pools = {"docker": {"image": {"type": "string"}}, "beside": {"env": {"type": "object"}}}
    return api


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """A program of this name, which fails when the test says so; gives what it was called with."""
    place, calls = tmp_path / "bin", tmp_path / "calls"
    place.mkdir()
    program = place / "docker"
    program.write_text(f'#!/bin/sh\necho "$@" >> {calls}\necho working\nexit ${{DOCKER_FAILS:-0}}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return lambda: calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def without_docker(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def test_runs_in_an_image_that_is_there(pools, without_docker):
    shipped.deploy("d", work_pool_name="docker", image="me/img:1", push=False, build=False, ignore_warnings=True)

    assert pools.deployments["d"]["job_variables"] == {"image": "me/img:1"}
    assert pools.deployments["d"]["path"] == "."


def test_builds_and_pushes(pools, docker, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")

    shipped.deploy("d", work_pool_name="docker", image="host:5000/me/img:1")

    assert docker() == [
        f"build --tag host:5000/me/img:1 --file {tmp_path}/Dockerfile --pull {tmp_path}",
        "push host:5000/me/img:1",
    ]
    assert pools.deployments["d"]["job_variables"]["image"] == "host:5000/me/img:1"


def test_passes_on_how_to_build(pools, docker, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "My.dockerfile").write_text("FROM scratch\n")
    said = io.StringIO()
    image = DockerImage(
        "me/img",
        tag="2",
        dockerfile="My.dockerfile",
        stream_progress_to=said,
        context="sub",
        platform="linux/amd64",
        buildargs={"A": "b"},
        nocache=True,
        pull=False,
    )

    ids = deploy(shipped.to_deployment("d"), work_pool_name="docker", image=image, push=False)

    assert docker() == [
        f"build --tag me/img:2 --file {tmp_path}/sub/My.dockerfile --no-cache --platform linux/amd64 --build-arg A=b "
        f"{tmp_path}/sub"
    ]
    assert said.getvalue() == "working\n"
    assert ids == [pools.deployments["d"]["id"]]


def test_tags_by_the_time_when_nobody_says_a_tag():
    first, second = DockerImage("me/img"), DockerImage("me/img")

    assert first.reference.startswith("me/img:20")
    assert first.tag != second.tag


def test_says_what_docker_said_when_it_failed(pools, docker, tmp_path, monkeypatch):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    monkeypatch.setenv("DOCKER_FAILS", "3")

    with pytest.raises(DeploymentError, match=r"docker build of me/img:1 failed with exit code 3: working"):
        shipped.deploy("d", work_pool_name="docker", image="me/img:1")

    assert pools.deployments == {}


def test_says_what_to_do_without_docker(pools, without_docker, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")

    with pytest.raises(DeploymentError, match=r"no docker on this machine.*build=False, push=False"):
        shipped.deploy("d", work_pool_name="docker", image="me/img:1")


def test_says_what_to_do_without_a_dockerfile(pools, docker):
    with pytest.raises(DeploymentError, match=r"There is no .*Dockerfile to build me/img:1 from"):
        shipped.deploy("d", work_pool_name="docker", image="me/img:1")


@pytest.mark.parametrize(("pool", "said"), [("beside", "in no image"), ("nowhere", "There is no work pool 'nowhere'")])
def test_refuses_a_pool_whose_workers_know_no_images(pools, pool, said):
    with pytest.raises(DeploymentError, match=said):
        shipped.deploy("d", work_pool_name=pool, image="me/img:1", build=False)

    assert pools.deployments == {}


def test_refuses_two_images(pools):
    with pytest.raises(DeploymentError, match="are the same"):
        shipped.deploy("d", work_pool_name="docker", image="me/img:1", build=False, job_variables={"image": "me/img:2"})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "me/img:1", "tag": "2"}, "has a tag in its name"),
        ({"name": ""}, "is needed"),
        ({"name": "--privileged"}, "is needed"),
        ({"name": "me/img", "build_backend": "kaniko"}, "docker-py and buildx"),
        ({"name": "me/img", "plattform": "x"}, "no option 'plattform'"),
        ({"name": "me/img", "buildargs": ["A=b"]}, "a mapping is needed"),
    ],
)
def test_refuses_what_is_no_image(options, said):
    with pytest.raises(DeploymentError, match=said):
        DockerImage(**options)
