"""RunInput: classes whose fields are what a run waits to be told. Needs pydantic."""

from __future__ import annotations

from copy import copy
from typing import Any, ClassVar

from orchestrator.sdk.api.run_client import needed_client
from orchestrator.sdk.both_ways import Asynchronous, BothWays, both_ways
from orchestrator.sdk.errors import InputRefused, MissingExtra
from orchestrator.sdk.run_input.inbox import Keyset, keyset
from orchestrator.sdk.run_input.kinds import InputMetadata, kind_of
from orchestrator.sdk.run_input.messages import Received, receive_input, send_input, sender_of
from orchestrator.sdk.run_input.questions import read_answer, store_question
from orchestrator.sdk.run_input.stored import FlowRunInput, current_run_id

try:
    from pydantic import BaseModel, ConfigDict, PrivateAttr, create_model
except ImportError as error:
    raise MissingExtra(
        "RunInput needs pydantic: pip install pydantic. Without it, a run can wait for str, int, bool and dataclasses."
    ) from error


class RunInput(BaseModel):
    """What a run waits to be told, as a class: `class Approval(RunInput): granted: bool; note: str = ""`.

    Give it to `pause_flow_run(wait_for_input=Approval)` or `suspend_flow_run`, which return an instance.
    Fields that are not declared are refused.
    """

    model_config = ConfigDict(extra="forbid", ignored_types=(BothWays,))

    _description: ClassVar[str | None] = None
    _metadata: InputMetadata | None = PrivateAttr(default=None)

    @property
    def metadata(self) -> InputMetadata:
        """Key, sender and receiver of an input that a run got. Raises InputRefused for one that was made here."""
        if self._metadata is None:
            raise InputRefused(f"This {type(self).__name__} was made here: it has no sender and no receiver")
        return self._metadata

    @classmethod
    def with_initial_data(cls, description: str | None = None, **data: Any) -> Any:
        """The same class with these values as defaults: who answers finds them filled in, and may leave them.

        `description` is shown to who answers.
        """
        fields: dict[str, Any] = {}
        for name, value in data.items():
            known = cls.model_fields.get(name)
            if known is None:
                fields[name] = (type(value), value)
                continue
            field = copy(known)
            field.default, field.default_factory = value, None
            fields[name] = (known.annotation, field)
        model: Any = create_model(cls.__name__, __base__=cls, **fields)
        if description is not None:
            model._description = description
        return model

    @classmethod
    def keyset_from_type(cls) -> Keyset:
        """The keys that `save` and `load` take, made of the name of the class."""
        return keyset(cls.__name__.lower())

    @both_ways
    @classmethod
    def save(cls, keyset: Keyset, flow_run_id: Any = None) -> None:
        """Ask a run's question: store what an answer must look like, and the description, under these keys.

        `pause_flow_run(wait_for_input=…)` does it by itself. `flow_run_id` None is the current run. Raises
        MissingContext outside of runs and without a server.
        """
        run_id = current_run_id(flow_run_id, f"{cls.__name__}.save()")
        store_question(needed_client(f"{cls.__name__}.save()"), run_id, keyset, kind_of(cls))

    asave: ClassVar[Asynchronous[None]] = save.aio

    @both_ways
    @classmethod
    def load(cls, keyset: Keyset, flow_run_id: Any = None) -> Any:
        """The answer to a run's question, as an instance. `flow_run_id` None is the current run.

        Raises InputRefused when it does not fit, or was not given and the fields have no defaults.
        """
        run_id = current_run_id(flow_run_id, f"{cls.__name__}.load()")
        return read_answer(needed_client(f"{cls.__name__}.load()"), run_id, keyset, kind_of(cls))

    aload: ClassVar[Asynchronous[Any]] = load.aio

    @classmethod
    def load_from_flow_run_input(cls, flow_run_input: FlowRunInput) -> Any:
        """An instance of what `filter_flow_run_input` found. Raises InputRefused when it does not fit."""
        metadata = InputMetadata(flow_run_input.key, str(flow_run_input.flow_run_id), flow_run_input.sender)
        return kind_of(cls).read(flow_run_input.decoded_value, metadata)

    @classmethod
    def receive(cls, **options: Any) -> Received:
        """Inputs of this class that are sent to the current run. Takes what `receive_input` takes."""
        return receive_input(cls, **options)

    @both_ways
    def send_to(self, flow_run_id: Any, sender: str | None = None, key_prefix: str | None = None) -> None:
        """Send it to a run that waits in `receive`. See `send_input`."""
        send_input.sync(self, flow_run_id, sender=sender, key_prefix=key_prefix)

    @both_ways
    def respond(self, run_input: Any, sender: str | None = None, key_prefix: str | None = None) -> None:
        """Send something to the run that sent this. Raises InputRefused when no run did."""
        send_input.sync(run_input, sender_of(self.metadata), sender=sender, key_prefix=key_prefix)
