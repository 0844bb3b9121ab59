"""Images that deployments run in: named, or built and pushed with the `docker` program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import quote

from orchestrator.sdk.errors import ApiError, DeploymentError

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

_KEPT_LINES = 5  # of what docker said when it failed
_BACKENDS = ("docker-py", "buildx")
# Options of a build, and how the program spells them.
_FLAGS = {"nocache": "--no-cache", "pull": "--pull"}
_VALUES = {"platform": "--platform", "target": "--target", "network_mode": "--network"}
_PAIRS = {"buildargs": "--build-arg", "labels": "--label"}


class DockerImage:
    """An image to build and push: its name with the registry, such as `registry.example/team/flows`, and a tag.

    `dockerfile` "auto" is the file `Dockerfile` in the directory that is built. `tag` None is the one in the name, or
    the time now. Options of the build: `context` (the directory, default the current one), `platform`, `target`,
    `buildargs`, `labels`, `nocache`, `pull` (default True: look for a newer base image), `network_mode`. What docker
    says goes to `stream_progress_to`; None keeps it quiet. Raises DeploymentError for two tags, or an option that there
    is not.
    """

    def __init__(
        self,
        name: str,
        tag: str | None = None,
        dockerfile: str | os.PathLike[str] = "auto",
        stream_progress_to: TextIO | None = sys.stdout,
        build_backend: str = "docker-py",
        **build_kwargs: Any,
    ) -> None:
        if build_backend not in _BACKENDS:
            raise DeploymentError(f"build_backend is {build_backend!r}; there are {' and '.join(_BACKENDS)}")
        known = {"context", *_FLAGS, *_VALUES, *_PAIRS}
        if unknown := sorted(set(build_kwargs) - known):
            raise DeploymentError(f"A build has no option {unknown[0]!r}; it has {', '.join(sorted(known))}")
        for option in _PAIRS:
            if not isinstance(build_kwargs.get(option) or {}, Mapping):
                raise DeploymentError(f"{option} is {build_kwargs[option]!r}; a mapping is needed")
        self.name, found = _parts(name)
        if tag and found:
            raise DeploymentError(f"The image {name!r} has a tag in its name, and tag={tag!r} is another")
        self.tag = tag or found or datetime.now(UTC).strftime("%Y-%m-%dt%H-%M-%S-%f")
        self.dockerfile = os.fspath(dockerfile)
        self.stream_progress_to = stream_progress_to
        self.build_kwargs = build_kwargs

    def __repr__(self) -> str:
        return f"<DockerImage {self.reference}>"

    @property
    def reference(self) -> str:
        """`name:tag`."""
        return f"{self.name}:{self.tag}"

    def build(self) -> None:
        """Raises DeploymentError: no docker, no Dockerfile, or a build that failed, with its last words."""
        context = os.path.abspath(self.build_kwargs.get("context") or os.getcwd())
        self._run("build", [*self._build_options(context), context])

    def push(self) -> None:
        """Raises DeploymentError, with docker's last words."""
        self._run("push", [self.reference])

    def _build_options(self, context: str) -> list[str]:
        file = os.path.join(context, "Dockerfile" if self.dockerfile == "auto" else self.dockerfile)
        if not os.path.isfile(file):
            raise DeploymentError(
                f"There is no {file} to build {self.reference} from. It needs the flow's libraries and code, and "
                "orchestrator. If the image is there already, say build=False, push=False"
            )
        options = ["--tag", self.reference, "--file", file]
        given = {"pull": True, **self.build_kwargs}
        options += [flag for option, flag in _FLAGS.items() if given.get(option)]
        for option, flag in _VALUES.items():
            options += [flag, str(given[option])] if given.get(option) else []
        for option, flag in _PAIRS.items():
            for key, value in (given.get(option) or {}).items():
                options += [flag, f"{key}={value}"]
        return options

    def _run(self, verb: str, arguments: list[str]) -> None:
        program = shutil.which("docker")
        if program is None:
            raise DeploymentError(
                f"There is no docker on this machine to {verb} {self.reference} with. Build and push the image where "
                "there is, and deploy with build=False, push=False"
            )
        said: list[str] = []
        with subprocess.Popen(
            [program, verb, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            for line in process.stdout or ():
                text = line.decode("utf-8", "backslashreplace")
                said = [*said[1 - _KEPT_LINES :], text]
                if self.stream_progress_to is not None:
                    self.stream_progress_to.write(text)
                    self.stream_progress_to.flush()
        if process.returncode != 0:
            raise DeploymentError(
                f"docker {verb} of {self.reference} failed with exit code {process.returncode}: {''.join(said).strip()}"
            )


def ready_image(image: str | DockerImage | None, *, build: bool, push: bool) -> str | None:
    """The reference of the image, built and pushed as told; pushed only if it was built. Raises DeploymentError."""
    if image is None:
        return None
    if isinstance(image, str):
        if not build:
            _parts(image)
            return image  # as it was written: a digest, or no tag at all
        image = DockerImage(image)
    if not isinstance(image, DockerImage):
        raise DeploymentError(f"image is a text such as 'registry.example/flows:1', or a DockerImage: {image!r}")
    if build:
        image.build()
    if build and push:
        image.push()
    return image.reference


def refuse_pool_without_images(pool_name: str, *, client: Client) -> None:
    """Raises DeploymentError when there is no such pool, or when its workers would pass the image over."""
    try:
        pool = client.ask("GET", f"/work_pools/{quote(pool_name, safe='')}")
    except ApiError as error:
        if error.status != 404:
            raise
        raise DeploymentError(f"There is no work pool {pool_name!r}; make it first") from error
    properties = ((pool.get("base_job_template") or {}).get("variables") or {}).get("properties") or {}
    if "image" in properties or "block" in properties:
        return
    raise DeploymentError(
        f"Work pool {pool_name!r} is of type {pool.get('type')!r}, whose workers run flows beside them, in no image. "
        "Leave image= out and give the code by flow.from_source(…), or use a pool whose job template has a variable "
        "image"
    )


def _parts(name: Any) -> tuple[str, str | None]:
    """Name and tag. A colon before a slash is that of a registry's port."""
    if not isinstance(name, str) or not name or any(each.isspace() for each in name) or name.startswith("-"):
        raise DeploymentError(f"image is {name!r}; a name such as 'registry.example/team/flows:1' is needed")
    before, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        return name, None
    return before, tag
