"""`Deployment`: how a flow is to be run, as a value that can be written to a file, read back and applied."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.both_ways import both_ways
from orchestrator.sdk.deployments.deploying import catch_up_policy
from orchestrator.sdk.deployments.flow_deployment import DEFAULT_POOL, SDK_LABEL, apply_body, needed_server
from orchestrator.sdk.deployments.limits import concurrency_columns
from orchestrator.sdk.deployments.schedules import schedule_bodies
from orchestrator.sdk.deployments.spellings import REFUSED, SPELLINGS, schedules_given
from orchestrator.sdk.errors import DefinitionError
from orchestrator.sdk.options.checks import checked_words
from orchestrator.sdk.values.json_values import to_json
from orchestrator.sdk.values.nearest import instead_of

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client
    from orchestrator.sdk.flows.flow import Flow

PathLike = str | os.PathLike[str]

# What two deployments are compared by, in the order of a file.
FIELDS = (
    *("name", "flow_name", "entrypoint", "path", "version", "description", "tags", "parameters"),
    *("parameter_openapi_schema", "enforce_parameter_schema", "schedules", "paused", "catch_up"),
    *("concurrency_limit", "concurrency_options", "labels", "pull_steps"),
    *("work_pool_name", "work_queue_name", "job_variables"),
)


class Deployment:
    """How a flow is to be run. Nothing is sent before `apply()`.

    `flow_name` and `name` together name it on the server. Workers find the code under `entrypoint`,
    `relative/file.py:function`, in the directory `path`, or fetch it by `pull_steps`. `work_pool` is
    `{"name": …, "work_queue_name": …, "job_variables": {…}}`, or each by itself; without a pool no worker runs it.
    `parameters` are the runs' own unless they bring others; None for `parameter_openapi_schema` says nothing about
    them. `labels` None tells workers that the code is written for this SDK. `schedules`, `schedule`, `cron`,
    `interval` (seconds, a timedelta, or `PT1H`), `rrule`, `timezone`, `catch_up` and `concurrency_limit` are as in
    `flow.deploy`. `paused` None leaves a deployment that exists as it is.

    Everything given is turned into JSON values at once, so that what is written to a file is what is read back.
    Raises DefinitionError for fields that are not known, and DeploymentError for values that are not understood.
    """

    def __init__(
        self,
        name: str,
        flow_name: str,
        entrypoint: str | None = None,
        *,
        path: PathLike | None = None,
        version: str | None = None,
        description: str | None = None,
        tags: Iterable[str] | None = None,
        parameters: Mapping[str, Any] | None = None,
        parameter_openapi_schema: Mapping[str, Any] | None = None,
        enforce_parameter_schema: bool = True,
        schedules: Iterable[Any] | None = None,
        paused: bool | None = None,
        catch_up: str | float | Mapping[str, Any] | None = None,
        concurrency_limit: Any = None,
        labels: Mapping[str, Any] | None = None,
        work_pool: Mapping[str, Any] | None = None,
        work_pool_name: str | None = None,
        work_queue_name: str | None = None,
        job_variables: Mapping[str, Any] | None = None,
        pull_steps: list[dict[str, Any]] | None = None,
        **spelled_otherwise: Any,
    ) -> None:
        inner = _pool_of(work_pool)
        also = _otherwise(spelled_otherwise)
        job_variables = _one_of("job_variables", job_variables, "infra_overrides", also.get("infra_overrides"))
        self.name = _text("name", name)
        self.flow_name = _text("flow_name", flow_name)
        self.entrypoint = entrypoint
        self.path = None if path is None else os.fspath(path)
        self.version = None if version is None else str(version)
        self.description = description
        self.tags = list(dict.fromkeys(checked_words(tags, "tags", error=DefinitionError)))
        self.parameters: dict[str, Any] = _mapping("parameters", parameters)
        self.parameter_openapi_schema: dict[str, Any] | None = (
            None if parameter_openapi_schema is None else _mapping("parameter_openapi_schema", parameter_openapi_schema)
        )
        self.enforce_parameter_schema = bool(enforce_parameter_schema)
        self.schedules: list[dict[str, Any]] = schedule_bodies(**schedules_given(also, schedules))
        self.paused = _one_of("paused", paused, "is_schedule_active", also.get("paused"))
        self.catch_up: dict[str, Any] | None = to_json(catch_up_policy(catch_up))
        self.concurrency_limit, self.concurrency_options = concurrency_columns(concurrency_limit)
        self.labels: dict[str, Any] = _mapping("labels", {SDK_LABEL: "python"} if labels is None else labels)
        self.pull_steps: list[dict[str, Any]] | None = to_json(pull_steps) if pull_steps else None
        self.work_pool_name = _one_of("work_pool_name", work_pool_name, "work_pool.name", inner.get("name"))
        self.work_queue_name = _one_of(
            "work_queue_name", work_queue_name, "work_pool.work_queue_name", inner.get("work_queue_name")
        )
        self.job_variables: dict[str, Any] = _mapping(
            "job_variables",
            _one_of("job_variables", job_variables, "work_pool.job_variables", inner.get("job_variables")),
        )
        self._is_open = False

    def __repr__(self) -> str:
        return f"<Deployment {self.full_name!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Deployment):
            return NotImplemented
        return all(getattr(self, field) == getattr(other, field) for field in (*FIELDS, "is_open"))

    __hash__ = None  # type: ignore[assignment]  # its fields may be changed

    @property
    def full_name(self) -> str:
        """`flow name/deployment name`, as `run_deployment` takes it."""
        return f"{self.flow_name}/{self.name}"

    @property
    def is_open(self) -> bool:
        """Whether `{{ $NAME }}` and `{{ variables.name }}` in parameters and job variables are filled in by `apply`.

        So it is for what was read from a file with `deployments:`; else they are texts like others.
        """
        return self._is_open

    @property
    def work_pool(self) -> dict[str, Any]:
        """`{"name", "work_queue_name", "job_variables"}`; a name None is no pool."""
        return {
            "name": self.work_pool_name,
            "work_queue_name": self.work_queue_name,
            "job_variables": self.job_variables,
        }

    @both_ways
    @classmethod
    def build_from_flow(
        cls,
        flow: Flow[Any, Any],
        name: str,
        *,
        output: PathLike | None = None,
        apply: bool = False,
        infra_overrides: Mapping[str, Any] | None = None,
        skip_upload: bool = True,
        ignore_file: PathLike | None = None,
        **options: Any,
    ) -> Deployment:
        """The deployment of a flow, with what the flow says of itself: description, version, parameters, entrypoint.

        The other options are those of `flow.to_deployment`; the work pool is the one called default, unless
        `work_pool_name` is another, or None for a deployment that no worker runs. `output` also writes it to this
        file; `apply` also makes it on the server. `infra_overrides` is `job_variables`; `is_schedule_active` False
        pauses it. Code stays where it is, so there is nothing to upload, nor for `ignore_file` to keep from that.
        `triggers` are automations, which `flow.deploy` makes. Raises what `flow.to_deployment`, `to_yaml` and `apply`
        raise.
        """
        from orchestrator.sdk.flows.flow import Flow as OurFlow

        if not isinstance(flow, OurFlow):
            raise DefinitionError(f"build_from_flow needs a flow, a function with @flow above it: {flow!r}")
        for option, why in REFUSED.items():
            if options.pop(option, None) is not None:
                raise DefinitionError(f"{option}= says nothing here: {why}")
        if not skip_upload:
            raise DefinitionError("skip_upload=False says nothing here: code stays where it is, and workers fetch it")
        variables = _one_of("job_variables", options.pop("job_variables", None), "infra_overrides", infra_overrides)
        options.setdefault("work_pool_name", DEFAULT_POOL)
        pool = options.pop("work_pool", None)
        if pool is not None:
            found = _pool_of(pool)
            variables = _one_of("job_variables", variables, "work_pool.job_variables", found.pop("job_variables", None))
            options |= {{"name": "work_pool_name"}.get(key, key): value for key, value in found.items()}
        try:
            described = flow.to_deployment(_text("name", name), job_variables=variables, **options)
        except TypeError as error:
            raise _misspelt(error, options) from None
        deployment = cls.from_body({**described.body(), "flow_name": flow.name})
        if output is not None:
            deployment.to_yaml(output)
        if apply:
            deployment._apply()
        return deployment

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Deployment:
        """Of what the API takes, with the key `flow_name` beside it.

        With `is_open`, `{{ $NAME }}` and `{{ variables.name }}` in it are filled in when the deployment is made.
        """
        fields = {key: body[key] for key in FIELDS if key in body and key != "concurrency_options"}
        made = cls(**fields)
        made.concurrency_options = body.get("concurrency_options")
        made._is_open = bool(body.get("is_open"))
        return made

    def body(self) -> dict[str, Any]:
        """The deployment as the API takes it, without its flow."""
        told = {field: to_json(getattr(self, field)) for field in FIELDS if field != "flow_name"}
        # What is None here leaves a deployment that exists as it is.
        optional = ("work_pool_name", "work_queue_name", "paused", "catch_up", "parameter_openapi_schema")
        return {field: value for field, value in told.items() if value is not None or field not in optional}

    @both_ways
    def apply(self, *, client: Client | None = None) -> str:
        """Create the deployment, or bring the one of this name up to date; returns its id.

        Raises MissingContext without a server, and DeploymentError for what the server does not accept, or what a
        placeholder in it stands for and is not there.
        """
        return self._apply(client)

    def to_yaml(self, path: PathLike | None = None) -> str:
        """The deployment as YAML. With `path` it is also written there, all or nothing; what was there is replaced.

        Raises DefinitionError when the file cannot be written.
        """
        from orchestrator.sdk.deployments.files.writing import as_yaml, write

        text = as_yaml(self)
        if path is not None:
            write(os.fspath(path), text)
        return text

    @both_ways
    @classmethod
    def load_from_yaml(cls, path: PathLike, *, name: str | None = None) -> Deployment:
        """Read what `to_yaml` wrote, or one deployment of an `orchestrator.yaml`.

        `name`, the deployment's or `flow name/deployment name`, chooses among several. A file that does not tell the
        flow's name and schema has its code loaded. In a file with `deployments:`, `{{ $NAME }}` and
        `{{ variables.name }}` are filled in; in parameters and job variables not before `apply`, so that `to_yaml`
        writes no secret.

        Raises DefinitionError, which names the file, the line and the key of everything that is wrong.
        """
        from orchestrator.sdk.deployments.files.reading import read_body

        return cls.from_body(read_body(os.fspath(path), name=name))

    abuild_from_flow = build_from_flow.aio
    aapply = apply.aio
    aload_from_yaml = load_from_yaml.aio

    def _apply(self, client: Client | None = None) -> str:
        if not self._is_open:
            return apply_body(self.flow_name, self.body(), client=client)
        from orchestrator.sdk.deployments.files.placeholders import filled_body

        client = client or needed_server()
        return apply_body(self.flow_name, filled_body(self.body(), client), client=client)


def _otherwise(found: dict[str, Any]) -> dict[str, Any]:
    for field in found:
        if field in REFUSED and found[field] is not None:
            raise DefinitionError(f"{field}= says nothing here: {REFUSED[field]}")
        if field not in SPELLINGS and field not in REFUSED:
            raise DefinitionError(f"A deployment has no field {field!r}{instead_of(field, (*FIELDS, *SPELLINGS))}")
    if found.get("is_schedule_active") is not None:
        found["paused"] = not found["is_schedule_active"]
    return found


def _pool_of(given: Mapping[str, Any] | None) -> dict[str, Any]:
    if given is None:
        return {}
    known = ("name", "work_queue_name", "job_variables")
    if not isinstance(given, Mapping):
        raise DefinitionError(f"work_pool= is a mapping with {', '.join(known)}: {given!r}")
    for key in given:
        if key not in known:
            raise DefinitionError(f"work_pool= has no key {key!r}; it has {', '.join(known)}")
    return dict(given)


def _one_of(name: str, first: Any, other_name: str, other: Any) -> Any:
    """The one that was given. Raises DefinitionError when both were, and differ."""
    if first is not None and other is not None and first != other:
        raise DefinitionError(f"{name} and {other_name} are the same, and say {first!r} and {other!r}")
    return first if first is not None else other


def _mapping(field: str, given: Any) -> dict[str, Any]:
    if given is not None and not isinstance(given, Mapping):
        raise DefinitionError(f"{field}= is a mapping, such as {{'key': 'value'}}: {given!r}")
    made: dict[str, Any] = to_json(dict(given or {}))
    return made


def _text(field: str, given: Any) -> str:
    if not isinstance(given, str) or not given:
        raise DefinitionError(f"{field}= is a text of at least one character: {given!r}")
    return given


def _misspelt(error: TypeError, options: Mapping[str, Any]) -> Exception:
    """The error of a call with an option that nobody knows, in the words of this class; any other as it is."""
    from inspect import signature

    from orchestrator.sdk.deployments.deploying import to_deployment

    known = [each for each in signature(to_deployment).parameters if each != "flow"]
    unknown = [each for each in options if each not in known]
    if not unknown:
        return error
    return DefinitionError(f"build_from_flow has no option {unknown[0]!r}{instead_of(unknown[0], known)}")
