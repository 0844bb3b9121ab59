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
from abc import ABC
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

from orchestrator.contract.block_checksums import checksum_of
from orchestrator.sdk.api.run_client import needed_client
from orchestrator.sdk.blocks import documents, registry, saving
from orchestrator.sdk.blocks.docstrings import first_text
from orchestrator.sdk.both_ways import Asynchronous, BothWays, both_ways
from orchestrator.sdk.errors import BlockError, BlockNotSaved
from orchestrator.sdk.options.loadable import Decorated

try:
    import pydantic
except ImportError:
    raise ImportError("Blocks need pydantic: pip install pydantic") from None

from orchestrator.sdk.blocks.schemas import as_block_schema, nested_blocks, references, secret_paths

UNVERSIONED = "non-versioned"
_REF_TEMPLATE = "#/definitions/{model}"


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

    def _check_before_saving(self) -> None:
        """Raise BlockError for what must not be kept; for subclasses."""

    # What the class says about itself.

    @classmethod
    def get_block_type_name(cls) -> str:
        """What the class says, else its own name."""
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
        """What the class says, else the first paragraph of its docstring; None when there is neither."""
        return cls._description if cls._description is not None else first_text(cls.__doc__)

    @classmethod
    def get_code_example(cls) -> str | None:
        """What the class says; None when it says nothing."""
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
        """The checksum under which Prefect's clients know the schema; None for a class that they do not have."""
        return cls.__dict__.get("_published_checksum")

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
        return saving.save(self, documents.checked_name(name), base=Block, overwrite=overwrite)

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
            return saving.load(cls, name, base=Block, validate=validate)

        aload = load.aio

    @both_ways
    @classmethod
    def load_from_ref(cls, ref: str | UUID | dict[str, Any], validate: bool = True) -> Any:
        """The block of this id, or of `{"block_document_id": …}`, or of `{"block_document_slug": "<type>/<name>"}`.

        Raises as `load` does. Async: `aload_from_ref`.
        """
        return saving.load_referred(cls, ref, base=Block, validate=validate)

    aload_from_ref: ClassVar[Asynchronous[Any]] = load_from_ref.aio

    @both_ways
    @classmethod
    def delete(cls, name: str) -> None:
        """Delete the block of this name; of `Block` itself, `<type>/<name>`. Raises BlockNotFound. Async: `adelete`."""
        documents.delete(needed_client("Deleting a block"), *saving.slug_and_name(cls, name, base=Block))

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


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _version_of(module: str) -> str:
    """Numbers and dots of a package's `__version__`."""
    version = getattr(sys.modules.get(module.partition(".")[0]), "__version__", None)
    found = re.match(r"v?((?:\d+!)?\d+(?:\.\d+)*)", version.strip()) if isinstance(version, str) else None
    return found.group(1) if found else UNVERSIONED


def _optional_text(value: Any) -> str | None:
    return None if value is None else str(value)
