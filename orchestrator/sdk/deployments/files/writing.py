"""A deployment as a YAML file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.sdk.errors import DefinitionError
from orchestrator.sdk.values.json_values import to_json
from orchestrator.sdk.values.whole_files import write_whole

if TYPE_CHECKING:
    from orchestrator.sdk.deployments.deployment import Deployment

_COMMAND = "orchestrator deploy --all --file <this file>"


def as_yaml(deployment: Deployment) -> str:
    """The text of the file. Its keys are those of an entry of `orchestrator.yaml`."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True  # an anchor for two equal lists would only puzzle the reader

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        lines = value.split("\n")
        style = None
        if not all(line.isprintable() for line in lines):
            style = '"'  # the one form in which every character can be written
        elif len(lines) > 1 and not value.startswith((" ", "\n")) and all(line == line.rstrip() for line in lines):
            style = "|"
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    content: Any = entry(deployment)
    if deployment.is_open:
        content = {"deployments": [content]}  # the form of a file in which placeholders are filled in
    said = yaml.dump(content, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)
    return f"# The deployment {_in_a_comment(deployment.full_name)}. To make it: {_COMMAND}\n{said}"


def _in_a_comment(title: str) -> str:
    """In one line whatever a reader of YAML takes for a line's end: what follows one would be no comment any more."""
    return "".join(each if each.isprintable() else " " for each in title)


def entry(deployment: Deployment) -> dict[str, Any]:
    """The deployment under the keys of a file."""
    limit: Any = deployment.concurrency_limit
    if deployment.concurrency_options:
        limit = {"limit": limit, **deployment.concurrency_options}
    said: dict[str, Any] = {
        "name": deployment.name,
        "flow_name": deployment.flow_name,
        "entrypoint": deployment.entrypoint,
        "path": deployment.path,
        "version": deployment.version,
        "description": deployment.description,
        "tags": deployment.tags,
        "parameters": deployment.parameters,
        "work_pool": deployment.work_pool,
        "schedules": [_schedule(each) for each in deployment.schedules],
        "paused": deployment.paused,
        "catch_up": deployment.catch_up,
        "concurrency_limit": limit,
        "labels": deployment.labels,
        "pull": deployment.pull_steps,
        "enforce_parameter_schema": deployment.enforce_parameter_schema,
        "parameter_openapi_schema": deployment.parameter_openapi_schema,
    }
    left_out = ("version", "description", "paused", "catch_up", "concurrency_limit", "pull")
    return {key: to_json(value) for key, value in said.items() if value is not None or key not in left_out}


def write(path: str, text: str) -> None:
    """All or nothing. Raises DefinitionError when the file cannot be written."""
    try:
        write_whole(path, text.encode(), mode=None)
    except OSError as error:
        raise DefinitionError(f"{path} cannot be written: {error.strerror or error}") from None


def _schedule(body: dict[str, Any]) -> dict[str, Any]:
    """Flat, the way people write it."""
    beside = {key: value for key, value in body.items() if key != "schedule"}
    return {**body["schedule"], **beside}
