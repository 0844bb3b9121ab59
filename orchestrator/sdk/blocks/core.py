"""`Block`: the base of what flows are configured with. A subclass lists its fields; the server keeps the values.

class Database(Block):
    host: str
    password: SecretStr

Database(host="db", password="…").save("main")
Database.load("main").password.get_secret_value()
"""

from __future__ import annotations

import re
import sys
import unicodedata
import warnings
from abc import ABC
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

from orchestrator.sdk.api.run_client import client_of_run, needed_client
from orchestrator.sdk.blocks import documents, registry
from orchestrator.sdk.blocks.docstrings import first_text
from orchestrator.sdk.both_ways import Asynchronous, BothWays, both_ways
from orchestrator.sdk.errors import BlockError, BlockNotFound, BlockNotSaved
from orchestrator.sdk.events import emit_event
from orchestrator.sdk.options.loadable import Decorated

try:
    import pydantic
except ImportError:
    raise ImportError("Blocks need pydantic: pip install pydantic") from None

from orchestrator.sdk.blocks.contents import data_of
from orchestrator.sdk.blocks.schemas import as_block_schema, checksum_of, nested_blocks, references, secret_paths

UNVERSIONED = "non-versioned"
_REF_TEMPLATE = "#/definitions/{model}"
_MOST_NESTED = 50  # blocks inside blocks; deeper documents are left without their names


def _describe(schema: dict[str, Any], model: type[Block]) -> None:
    """What the API wants to know of a block beside its fields."""
    schema["block_type_slug"] = model.get_block_type_slug()
    schema["secret_fields"] = secret_paths(model)
    schema["block_schema_references"] = references(model, Block)
    schema.pop("description", None)
    description = model.get_description()
    if description:
        schema["description"] = description


class Block(pydantic.BaseModel, ABC):
    """The base of all blocks. Fields are declared as in pydantic; `SecretStr` and `SecretDict` are kept encrypted.

    A class may say about itself `_block_type_name`, `_block_type_slug`, `_description`, `_logo_url`,
    `_documentation_url`, `_code_example`, `_block_schema_capabilities` and `_block_schema_version`. A method
    `block_initialization` is called once the fields are set.
    """

    model_config = pydantic.ConfigDict(
        extra="allow",
        json_schema_extra=_describe,
        hide_input_in_errors=True,  # it may be secret
        ignored_types=(BothWays, Decorated),
    )

    _block_type_name: ClassVar[str | None] = None
    _block_type_slug: ClassVar[str | None] = None
    _description: ClassVar[str | None] = None
    _logo_url: ClassVar[Any] = None
    _documentation_url: ClassVar[Any] = None
    _code_example: ClassVar[str | None] = None
    _block_schema_capabilities: ClassVar[list[str] | None] = None
    _block_schema_version: ClassVar[str | None] = None
    # Of a class that the other clients have too, whose schema differs from ours in its sentences only: their checksum.
    _published_checksum: ClassVar[str | None] = None
    _block_type_id: ClassVar[Any] = None
    _block_schema_id: ClassVar[Any] = None

    _block_document_id: UUID | None = pydantic.PrivateAttr(None)
    _block_document_name: str | None = pydantic.PrivateAttr(None)
    _is_anonymous: bool | None = pydantic.PrivateAttr(None)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """A `block_type_slug` among the data gives an instance of the subclass with that type."""
        slug = kwargs.get("block_type_slug")
        if slug and slug != cls.get_block_type_slug():
            known = registry.class_of(slug)
            if issubclass(known, cls):
                return super().__new__(known)
        return super().__new__(cls)

    def __init__(self, **data: Any) -> None:
        super().__init__(**data)
        self.block_initialization()

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        if cls._is_concrete():
            registry.remember(cls)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _refuse_another_type(cls, values: Any) -> Any:
        # Tells the members of a union of blocks apart.
        if not isinstance(values, dict) or not values.get("block_type_slug"):
            return values
        slug = values["block_type_slug"]
        if slug != cls.get_block_type_slug():
            raise ValueError(f"this is a block of type {slug!r}; {cls.get_block_type_slug()!r} is needed")
        return {key: value for key, value in values.items() if key != "block_type_slug"}

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        fields = type(self).model_fields
        return ((key, value) for key, value in super().__repr_args__() if key is None or key in fields)

    def __str__(self) -> str:
        return repr(self)

    def block_initialization(self) -> None:
        """Called once the fields are set; for subclasses."""

    # What the class says about itself.

    @classmethod
    def get_block_type_name(cls) -> str:
        return cls._block_type_name or cls.__name__

    @classmethod
    def get_block_type_slug(cls) -> str:
        """The name as it stands in addresses: lower case letters, digits and dashes."""
        return _slug(cls._block_type_slug or cls.get_block_type_name())

    @classmethod
    def get_block_capabilities(cls) -> frozenset[str]:
        """Its own and those of all its bases."""
        return frozenset(
            capability for base in cls.__mro__ for capability in getattr(base, "_block_schema_capabilities", None) or ()
        )

    @classmethod
    def get_block_schema_version(cls) -> str:
        """What the class says, else the version of the package that defines it, else `non-versioned`."""
        return cls._block_schema_version or _version_of(cls.__module__)

    @classmethod
    def get_description(cls) -> str | None:
        return cls._description if cls._description is not None else first_text(cls.__doc__)

    @classmethod
    def get_code_example(cls) -> str | None:
        return cls._code_example

    @classmethod
    def type_facts(cls) -> dict[str, str | None]:
        """What is told about the type; None where the class says nothing."""
        return {
            "logo_url": _optional_text(cls._logo_url),
            "documentation_url": _optional_text(cls._documentation_url),
            "description": cls.get_description(),
            "code_example": cls.get_code_example(),
        }

    @classmethod
    def nested_block_classes(cls) -> list[type[Block]]:
        """The blocks that its fields name."""
        return [nested for field in cls.model_fields.values() for nested in nested_blocks(field.annotation, Block)]

    @classmethod
    def model_json_schema(  # type: ignore[override]
        cls, by_alias: bool = True, ref_template: str = _REF_TEMPLATE, **options: Any
    ) -> dict[str, Any]:
        """The fields as the API keeps them: JSON schema, the type, where secrets and other blocks are."""
        schema = super().model_json_schema(by_alias=by_alias, ref_template=ref_template, **options)
        return as_block_schema(schema, cls, Block, by_alias=by_alias)

    @classmethod
    def checksum(cls) -> str:
        """By this the server knows whether it has the schema. The same in every client."""
        return checksum_of(cls.model_json_schema())

    @classmethod
    def published_checksum(cls) -> str | None:
        return cls.__dict__.get("_published_checksum")

    @staticmethod
    def is_block_class(block: Any) -> bool:
        return isinstance(block, type) and issubclass(block, Block)

    # On the server.

    @both_ways
    @classmethod
    def register_type_and_schema(cls) -> None:
        """Make the type known to the server, so that blocks of it can be made on its pages. Raises BlockError for a
        class that is the base of others, MissingContext without a server. Async: `aregister_type_and_schema`."""
        cls._register(needed_client("Registering a block"))

    aregister_type_and_schema: ClassVar[Asynchronous[None]] = register_type_and_schema.aio

    @both_ways
    def save(self, name: str | None = None, overwrite: bool = False) -> UUID:
        """Keep the values on the server under `<type>/<name>`; returns the document's id.

        `name` None takes that under which it was loaded or saved. Blocks inside it that were saved are kept as
        references, others as values. Raises BlockExists when there is one and `overwrite` was not given, BlockError
        for a bad name, MissingContext without a server. Async: `asave`.
        """
        name = name if name is not None else self._block_document_name
        if name is None:
            raise BlockError(f"A name is needed to save a {type(self).__name__}: .save('main')")
        return self._save(documents.checked_name(name), overwrite=overwrite)

    asave: ClassVar[Asynchronous[UUID]] = save.aio

    if TYPE_CHECKING:  # type checkers learn that the class is what comes back

        @classmethod
        def load(cls, name: str, validate: bool = True) -> Self: ...

        @classmethod
        async def aload(cls, name: str, validate: bool = True) -> Self: ...

    else:

        @both_ways
        @classmethod
        def load(cls, name, validate=True):
            """The block of this name; of `Block` itself, `<type>/<name>`.

            `validate=False` loads what does not fit the class any more: fields that it lacks are None, with a warning.
            Raises BlockNotFound, UnknownBlockType when its class was not imported, BlockError when the values do not
            fit, MissingContext without a server. Async: `aload`.
            """
            return cls._load(name, validate=validate)

        aload = load.aio

    @both_ways
    @classmethod
    def load_from_ref(cls, ref: str | UUID | dict[str, Any], validate: bool = True) -> Any:
        """The block of this id, or of `{"block_document_id": …}`, or of `{"block_document_slug": "<type>/<name>"}`.

        Raises as `load` does. Async: `aload_from_ref`.
        """
        client = needed_client("Loading a block")
        wanted = ref.get("block_document_id") if isinstance(ref, dict) else ref
        if isinstance(ref, dict) and wanted is None and isinstance(ref.get("block_document_slug"), str):
            document = documents.find(client, *_split(ref["block_document_slug"]))
        else:
            document = documents.find_by_id(client, _uuid(wanted))
        if document is None:
            raise BlockNotFound(f"There is no block {ref!r}")
        return cls._from_document(document, validate=validate)

    aload_from_ref: ClassVar[Asynchronous[Any]] = load_from_ref.aio

    @both_ways
    @classmethod
    def delete(cls, name: str) -> None:
        """Delete the block of this name; of `Block` itself, `<type>/<name>`. Raises BlockNotFound. Async: `adelete`."""
        documents.delete(needed_client("Deleting a block"), *cls._slug_and_name(name))

    adelete: ClassVar[Asynchronous[None]] = delete.aio

    def get_block_placeholder(self) -> str:
        """How templates of deployments refer to it. Raises BlockNotSaved."""
        if not self._block_document_name:
            raise BlockNotSaved(f"{type(self).__name__} was not saved; save it before it is referred to")
        return f"prefect.blocks.{self.get_block_type_slug()}.{self._block_document_name}"

    @classmethod
    def _is_concrete(cls) -> bool:
        return cls is not Block and ABC not in cls.__bases__

    @classmethod
    def _register(cls, client: Any) -> None:
        if not cls._is_concrete():
            raise BlockError(f"{cls.__name__} is the base of blocks, not a block; register a subclass of it")
        cls._block_type_id, cls._block_schema_id = documents.register(cls, client)

    def _save(self, name: str, *, overwrite: bool) -> UUID:
        client = needed_client("Saving a block")
        kind = type(self)
        kind._register(client)
        try:
            data = data_of(self, Block)
        except (TypeError, ValueError) as error:
            raise BlockError(f"Block {kind.get_block_type_slug()}/{name} cannot be written as JSON: {error}") from error
        document = {
            "name": name,
            "data": data,
            "block_schema_id": kind._block_schema_id,
            "block_type_id": kind._block_type_id,
            "is_anonymous": False,
        }
        kept = documents.save(client, document=document, slug=kind.get_block_type_slug(), overwrite=overwrite)
        self._block_document_id = UUID(kept["id"])
        self._block_document_name = name
        self._is_anonymous = False
        return self._block_document_id

    @classmethod
    def _load(cls, name: Any, *, validate: bool) -> Self:
        client = needed_client("Loading a block")
        slug, name = cls._slug_and_name(name)
        document = documents.find(client, slug, name)
        if document is None:
            raise BlockNotFound(f"There is no block {slug}/{name}")
        return cls._from_document(document, validate=validate)

    @classmethod
    def _slug_and_name(cls, name: Any) -> tuple[str, str]:
        if cls is Block:
            return _split(name)
        slug = cls.get_block_type_slug()
        if not isinstance(name, str) or not name.strip("/"):
            raise BlockError(f"{name!r} is no name of a block")
        return slug, name.removeprefix(f"{slug}/")

    @classmethod
    def _from_document(cls, document: dict[str, Any], *, validate: bool) -> Self:
        known: Any = cls
        if not cls._is_concrete():
            known = registry.class_of(_slug_of(document))
            if not issubclass(known, cls):
                raise BlockError(f"{_name_of(document)} is a {known.__name__}, not a {cls.__name__}")
        data = {key: value for key, value in document["data"].items() if key != "block_type_slug"}
        try:
            block = known.model_validate(data)
        except pydantic.ValidationError as error:
            if validate:
                raise BlockError(
                    f"{_name_of(document)} does not fit {known.__name__}: {_problems(error)}. "
                    "validate=False loads it nevertheless"
                ) from None
            missing = {str(each["loc"][0]): None for each in error.errors() if each["loc"]}
            warnings.warn(
                f"{_name_of(document)} does not fit {known.__name__}; it is loaded without {', '.join(missing)}. "
                "Set these and save it with overwrite=True",
                stacklevel=4,
            )
            block = known.model_construct(**{**data, **missing})
        block._belongs_to(document, depth=0)
        known._block_schema_id, known._block_type_id = document.get("block_schema_id"), document.get("block_type_id")
        block._tell_loaded()
        loaded: Self = block
        return loaded

    def _belongs_to(self, document: dict[str, Any], *, depth: int) -> None:
        """Remember which document this is, and which those inside it are."""
        self._block_document_id = UUID(str(document["id"])) if document.get("id") else None
        self._block_document_name = document.get("name")
        self._is_anonymous = document.get("is_anonymous")
        if depth >= _MOST_NESTED:
            return
        for field, reference in (document.get("block_document_references") or {}).items():
            nested = getattr(self, field, None)
            inner = reference.get("block_document") if isinstance(reference, dict) else None
            if isinstance(nested, Block) and inner:
                nested._belongs_to(inner, depth=depth + 1)

    def _tell_loaded(self) -> None:
        if not self._block_document_id or not self._block_document_name or client_of_run() is None:
            return
        slug = self.get_block_type_slug()
        emit_event(
            f"prefect.block.{slug}.loaded",
            resource={
                "prefect.resource.id": f"prefect.block-document.{self._block_document_id}",
                "prefect.resource.name": self._block_document_name,
            },
            related=[{"prefect.resource.id": f"prefect.block-type.{slug}", "prefect.resource.role": "block-type"}],
        )


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _version_of(module: str) -> str:
    """Numbers and dots of a package's `__version__`."""
    version = getattr(sys.modules.get(module.partition(".")[0]), "__version__", None)
    found = re.match(r"v?((?:\d+!)?\d+(?:\.\d+)*)", version.strip()) if isinstance(version, str) else None
    return found.group(1) if found else UNVERSIONED


def _split(name: Any) -> tuple[str, str]:
    slug, slash, rest = name.partition("/") if isinstance(name, str) else ("", "", "")
    if not (slug and slash and rest):
        raise BlockError(f"{name!r} is no name of a block with its type; it looks like 'secret/token'")
    return slug, rest


def _slug_of(document: dict[str, Any]) -> str:
    kind = document.get("block_type") or (document.get("block_schema") or {}).get("block_type") or {}
    slug = kind.get("slug")
    if not isinstance(slug, str):
        raise BlockError(f"Block {document.get('name')!r} does not say which type it has")
    return slug


def _name_of(document: dict[str, Any]) -> str:
    return f"Block {_slug_of(document)}/{document.get('name') or document.get('id')}"


def _problems(error: pydantic.ValidationError) -> str:
    # Without the values: they may be secret.
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}" for each in error.errors())


def _optional_text(value: Any) -> str | None:
    return None if value is None else str(value)


def _uuid(value: Any) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        raise BlockError(f"{value!r} refers to no block; an id is needed, or a dictionary with one") from None
