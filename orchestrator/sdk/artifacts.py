"""Artifacts: what a run wants to show to people. A text, a table, a link, an image, how far it has got.

Those with a key are versions of one thing: the page of the key shows the latest.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID, uuid4

from orchestrator.contract.ids import uuid7
from orchestrator.sdk.api.run_client import client_of_run, ids_of_run, needed_client
from orchestrator.sdk.both_ways import Asynchronous, both_ways
from orchestrator.sdk.errors import ApiError, ArtifactError
from orchestrator.sdk.events import emit_event
from orchestrator.sdk.options.checks import checked_id
from orchestrator.sdk.values.json_values import encode, to_json

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

_KEY = re.compile(r"[a-z0-9-]*[a-z0-9][a-z0-9-]*")
_LONGEST_KEY = 255  # characters


class Artifact:
    """An artifact, as it is made or as the server has it; then `id`, `created` and `updated` are set.

    `key` None belongs to its run alone. A key has lower case letters, digits and dashes. `description` is Markdown.
    """

    default_type: ClassVar[str | None] = None

    def __init__(
        self,
        *,
        key: str | None = None,
        type: str | None = None,
        description: str | None = None,
        data: Any = None,
        metadata_: dict[str, str] | None = None,
        flow_run_id: UUID | str | None = None,
        task_run_id: UUID | str | None = None,
    ) -> None:
        self.key = _checked_key(key)
        self.type = type if type is not None else self.default_type
        self.description = description
        self.data = data
        self.metadata_ = metadata_
        self.flow_run_id = None if flow_run_id is None else checked_id(flow_run_id, "flow_run_id", error=ArtifactError)
        self.task_run_id = None if task_run_id is None else checked_id(task_run_id, "task_run_id", error=ArtifactError)
        self.id: UUID | None = None
        self.created: str | None = None
        self.updated: str | None = None

    def __repr__(self) -> str:
        return f"<Artifact {self.type or 'without type'} {self.key or self.id or ''}>"

    def format(self) -> Any:
        """The data as it is sent: a text as it is, anything else as JSON."""
        return self.data if self.data is None or isinstance(self.data, str) else encode(to_json(self.data)).decode()

    async def aformat(self) -> Any:
        """`format` as a coroutine function."""
        return self.format()

    @both_ways
    def create(self) -> Artifact:
        """Record it, for the run that calls, and return what was recorded.

        Without a server it is recorded nowhere, and the run goes on. Raises ApiError when the server refuses it.
        """
        return _create(self)

    acreate: ClassVar[Asynchronous[Artifact]] = create.aio

    @both_ways
    @classmethod
    def get(cls, key: str | None = None) -> Artifact | None:
        """The latest artifact with this key; None when there is none. Needs a server."""
        return _latest(key)

    aget: ClassVar[Asynchronous[Artifact | None]] = get.aio

    @both_ways
    @classmethod
    def get_or_create(cls, key: str | None = None, **fields: Any) -> tuple[Artifact, bool]:
        """The latest with this key, else a new one; and whether it is new. `fields` are those of the class."""
        known = _latest(key)
        return (known, False) if known is not None else (_create(cls(key=key, **fields)), True)

    aget_or_create: ClassVar[Asynchronous[tuple[Artifact, bool]]] = get_or_create.aio


class MarkdownArtifact(Artifact):
    """A text in Markdown."""

    default_type = "markdown"

    def __init__(self, *, markdown: str, **fields: Any) -> None:
        super().__init__(**fields)
        self.markdown = _text(markdown, "markdown")

    def format(self) -> str:
        return self.markdown


class LinkArtifact(Artifact):
    """A link; `link_text` None shows the address."""

    default_type = "markdown"

    def __init__(self, *, link: str, link_text: str | None = None, **fields: Any) -> None:
        super().__init__(**fields)
        self.link = _text(link, "link")
        self.link_text = link_text

    def format(self) -> str:
        return f"[{self.link_text or self.link}]({self.link})"


class TableArtifact(Artifact):
    """A table: a list of rows (dictionaries or lists), or a dictionary of columns. A data frame is taken too."""

    default_type = "table"

    def __init__(self, *, table: Any, **fields: Any) -> None:
        super().__init__(**fields)
        self.table = _table(table)

    def format(self) -> str:
        return encode(to_json(_without_nan(self.table))).decode()


class ImageArtifact(Artifact):
    """An image that browsers find at `image_url`."""

    default_type = "image"

    def __init__(self, *, image_url: str, **fields: Any) -> None:
        super().__init__(**fields)
        self.image_url = _text(image_url, "image_url")

    def format(self) -> str:
        return self.image_url


class ProgressArtifact(Artifact):
    """How far something is: `progress` in percent. Below 0 counts as 0, above 100 as 100."""

    default_type = "progress"

    def __init__(self, *, progress: float, **fields: Any) -> None:
        super().__init__(**fields)
        self.progress = _percent(progress)

    def format(self) -> float:
        return self.progress


@both_ways
def create_markdown_artifact(markdown: str, key: str | None = None, description: str | None = None) -> UUID:
    """Record a text in Markdown for the run that calls; returns the artifact's id. See Artifact for `key`."""
    return _id(_create(MarkdownArtifact(markdown=markdown, key=key, description=description)))


@both_ways
def create_link_artifact(
    link: str, link_text: str | None = None, key: str | None = None, description: str | None = None
) -> UUID:
    """Record a link for the run that calls; returns the artifact's id. `link_text` None shows the address."""
    return _id(_create(LinkArtifact(link=link, link_text=link_text, key=key, description=description)))


@both_ways
def create_table_artifact(table: Any, key: str | None = None, description: str | None = None) -> UUID:
    """Record a table for the run that calls; returns the artifact's id.

    `table` is a list of rows, each a dictionary or a list, or a dictionary of columns, or a data frame. Numbers that
    are none (NaN) become empty cells.
    """
    return _id(_create(TableArtifact(table=table, key=key, description=description)))


@both_ways
def create_image_artifact(image_url: str, key: str | None = None, description: str | None = None) -> UUID:
    """Record an image for the run that calls; returns the artifact's id. Browsers fetch it from `image_url`."""
    return _id(_create(ImageArtifact(image_url=image_url, key=key, description=description)))


@both_ways
def create_progress_artifact(progress: float, key: str | None = None, description: str | None = None) -> UUID:
    """Record how far the run that calls is, in percent; returns the id for `update_progress_artifact`."""
    return _id(_create(ProgressArtifact(progress=progress, key=key, description=description)))


@both_ways
def update_progress_artifact(artifact_id: UUID | str, progress: float, description: str | None = None) -> UUID:
    """Move a progress artifact on, to `progress` percent; returns its id. `description` None leaves it as it is.

    Raises ArtifactError when the server has no such artifact. Without a server nothing happens.
    """
    found = checked_id(artifact_id, "artifact_id", error=ArtifactError)
    changes: dict[str, Any] = {"data": _percent(progress)}
    if description is not None:
        changes["description"] = description
    client = client_of_run()
    if client is None:
        return found
    try:
        client.send("PATCH", f"/artifacts/{found}", changes)
    except ApiError as error:
        if error.status == 404:
            raise ArtifactError(f"There is no artifact {found}") from None
        raise
    emit_event("prefect.artifact.updated", resource=_resource(found), payload=changes)
    return found


acreate_markdown_artifact = create_markdown_artifact.aio
acreate_link_artifact = create_link_artifact.aio
acreate_table_artifact = create_table_artifact.aio
acreate_image_artifact = create_image_artifact.aio
acreate_progress_artifact = create_progress_artifact.aio
aupdate_progress_artifact = update_progress_artifact.aio


def _create(artifact: Artifact) -> Artifact:
    flow_run_id, task_run_id = ids_of_run()
    sent = {
        "key": artifact.key,
        "type": artifact.type,
        "description": artifact.description,
        "data": artifact.format(),
        "metadata_": artifact.metadata_,
        "flow_run_id": _text_of(artifact.flow_run_id) or flow_run_id,
        "task_run_id": _text_of(artifact.task_run_id) or task_run_id,
    }
    client = client_of_run()
    if client is None:
        return _known({**sent, "id": str(uuid4())})
    made = _known(_recorded(client, {name: value for name, value in sent.items() if value is not None}))
    emit_event(
        "prefect.artifact.created",
        resource=_resource(_id(made), key=made.key),
        payload={"key": made.key, "type": made.type, "description": made.description},
    )
    return made


def _recorded(client: Client, sent: dict[str, Any]) -> dict[str, Any]:
    """As the server has it. With an id, what is sent again because an answer was lost makes no second one."""
    try:
        body = {**sent, "id": str(uuid7())} if client.takes_ids_of_artifacts else sent
        made: dict[str, Any] = client.ask("POST", "/artifacts/", body)
    except ApiError as error:
        if body is sent or not error.is_about_unknown("id"):
            raise
        client.takes_ids_of_artifacts = False  # another server of the contract
        return _recorded(client, sent)
    return made


def _latest(key: str | None) -> Artifact | None:
    client = needed_client("Artifact.get()")
    wanted = {"key": {"any_": [_checked_key(key)]}} if key is not None else {}
    found = client.ask("POST", "/artifacts/filter", {"artifacts": wanted, "limit": 1, "sort": "UPDATED_DESC"})
    return _known(found[0]) if found else None


def _known(answer: Mapping[str, Any]) -> Artifact:
    fields = ("key", "type", "description", "data", "metadata_", "flow_run_id", "task_run_id")
    known = Artifact(**{name: answer.get(name) for name in fields})
    known.id = UUID(answer["id"])
    known.created, known.updated = answer.get("created"), answer.get("updated")
    return known


def _resource(artifact_id: UUID, *, key: str | None = None) -> dict[str, str]:
    name = {"prefect.resource.name": key} if key else {}
    return {"prefect.resource.id": f"prefect.artifact.{artifact_id}", **name}


def _checked_key(key: Any) -> str | None:
    if key is None:
        return None
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ArtifactError(
            f"{key!r} is no key of an artifact: lower case letters, digits and dashes are allowed, "
            "with at least one letter or digit"
        )
    if len(key) > _LONGEST_KEY:
        raise ArtifactError(f"The key of an artifact has {len(key)} characters; {_LONGEST_KEY} are the most")
    return key


def _table(table: Any) -> Any:
    to_dict = getattr(table, "to_dict", None)
    if callable(to_dict) and not isinstance(table, Mapping):
        table = to_dict(orient="records")
    if isinstance(table, Mapping):
        return dict(table)
    if not isinstance(table, Iterable) or isinstance(table, (str, bytes)):
        raise ArtifactError(f"table is {type(table).__name__}; a list of rows or a dictionary of columns is needed")
    rows = list(table)
    for number, row in enumerate(rows):
        if not isinstance(row, (Mapping, list, tuple)):
            raise ArtifactError(f"table: row {number} is {row!r}; a row is a dictionary or a list")
    return rows


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _percent(progress: Any) -> float:
    if not isinstance(progress, (int, float)) or isinstance(progress, bool) or math.isnan(progress):
        raise ArtifactError(f"progress is {progress!r}; a number from 0 to 100 is needed")
    return max(0.0, min(float(progress), 100.0))


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ArtifactError(f"{name} is {value!r}; a text is needed")
    return value


def _id(artifact: Artifact) -> UUID:
    if artifact.id is None:
        raise ArtifactError(f"{artifact!r} was not recorded yet")
    return artifact.id


def _text_of(value: UUID | None) -> str | None:
    return None if value is None else str(value)
