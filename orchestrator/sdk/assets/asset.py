"""An asset: something that tasks make, known by an address."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.sdk.context import current_task_run
from orchestrator.sdk.errors import AssetError, MissingContext
from orchestrator.sdk.options.checks import checked_words

MAX_KEY_LENGTH = 512
MAX_DESCRIPTION_LENGTH = 2500
_ADDRESS = re.compile(r"[a-z0-9]+://.+", re.ASCII)
_NOT_IN_KEYS = re.compile(r"[\s\0#?&%\"'<>\[\]{}|\\^`]")


@dataclass(frozen=True, kw_only=True)
class AssetProperties:
    """What people want to know about an asset. `owners` are names or addresses; `url` is where one can look at it.

    Raises AssetError for what is no text, and for a description of more than 2,500 characters.
    """

    name: str | None = None
    url: str | None = None
    description: str | None = None
    owners: list[str] | None = None

    def __post_init__(self) -> None:
        for name in ("name", "url", "description"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise AssetError(f"{name} of an asset is {value!r}; a text is needed")
        if self.description is not None and len(self.description) > MAX_DESCRIPTION_LENGTH:
            raise AssetError(
                f"description of an asset has {len(self.description)} characters; {MAX_DESCRIPTION_LENGTH} are the most"
            )
        if self.owners is not None:
            object.__setattr__(self, "owners", checked_words(self.owners, "owners", error=AssetError))


@dataclass(frozen=True, kw_only=True)
class Asset:
    """Something that tasks make. `key` is its address, such as `s3://bucket/orders.parquet` or `postgres://shop/orders`.

    Properties that are given take the place of those that the server knows. Raises AssetError for a key that is no
    address in at most 512 characters.
    """

    key: str
    properties: AssetProperties | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.key, str) or not _ADDRESS.fullmatch(self.key):
            raise AssetError(
                f"the key of an asset is {self.key!r}; an address is needed, such as s3://bucket/orders.csv"
            )
        bad = _NOT_IN_KEYS.search(self.key)
        if bad is not None:
            raise AssetError(f"the key of an asset is {self.key!r}; {bad[0]!r} cannot be in it")
        if len(self.key) > MAX_KEY_LENGTH:
            raise AssetError(f"the key of an asset has {len(self.key)} characters; {MAX_KEY_LENGTH} are the most")
        if isinstance(self.properties, Mapping):
            try:
                object.__setattr__(self, "properties", AssetProperties(**self.properties))
            except TypeError as error:
                raise AssetError(f"asset {self.key!r}: {error}") from None
        elif self.properties is not None and not isinstance(self.properties, AssetProperties):
            raise AssetError(f"asset {self.key!r}: properties is {self.properties!r}; AssetProperties(…) is needed")

    def __hash__(self) -> int:
        return hash(self.key)

    def add_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Say more about what the task that executes makes of it; see `add_asset_metadata`."""
        add_asset_metadata(self, metadata)

    def as_resource(self) -> dict[str, str]:
        """As events tell of it."""
        known = self.properties or AssetProperties()
        labels = {
            "prefect.resource.id": self.key,
            "prefect.resource.name": known.name,
            "prefect.asset.description": known.description,
            "prefect.asset.url": known.url,
            "prefect.asset.owners": json.dumps(known.owners) if known.owners is not None else None,
        }
        return {label: value for label, value in labels.items() if value is not None}


def add_asset_metadata(asset: str | Asset, metadata: Mapping[str, Any]) -> None:
    """Say more about an asset that the calling task makes: how many rows, which version, …. Later calls add to it.

    Raises MissingContext outside of a task, and AssetError for an asset that the task does not make, or for metadata
    that is no dictionary.
    """
    run = current_task_run.get()
    if run is None:
        raise MissingContext("add_asset_metadata() was called outside of a task run.")
    key = asset.key if isinstance(asset, Asset) else asset
    if key not in {each.key for each in run.task.assets}:
        raise AssetError(f"task {run.task.name!r} makes no asset {key!r}: name it in @materialize(…)")
    if not isinstance(metadata, Mapping):
        raise AssetError(f"the metadata of asset {key!r} is {metadata!r}; a dictionary is needed")
    run.asset_metadata = {**run.asset_metadata, key: {**run.asset_metadata.get(key, {}), **metadata}}


def as_assets(given: Iterable[str | Asset] | None, option: str) -> tuple[Asset, ...]:
    """Keys as assets; None is none. Raises AssetError for what is neither."""
    if given is None:
        return ()
    if isinstance(given, (str, Asset)) or not isinstance(given, Iterable):
        raise AssetError(f"{option} is {given!r}; a list of assets or of their keys is needed")
    return tuple(each if isinstance(each, Asset) else Asset(key=each) for each in given)
