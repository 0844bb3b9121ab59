"""The parameters of a call: arguments bound to the signature of the author's function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.errors import ParameterBindError, ReservedParameter

if TYPE_CHECKING:
    from inspect import Signature

RESERVED = ("wait_for", "return_state")


class Binder:
    """Binds arguments to one function. The signature is read once, when it is first needed."""

    __slots__ = ("_function", "_kind", "_name", "_plain", "_signature")

    def __init__(self, function: Callable[..., Any], *, kind: str, name: str) -> None:
        self._function = function
        self._kind = kind
        self._name = name
        self._signature: Signature | None = None
        self._plain: tuple[str, ...] | None = _plain_parameters(function)
        code = getattr(function, "__code__", None)
        if code is not None:
            for reserved in RESERVED:
                if reserved in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
                    raise ReservedParameter(f"{kind} {name!r}: {reserved!r} cannot be a parameter; the call uses it")

    @property
    def signature(self) -> Signature:
        if self._signature is None:
            import inspect

            self._signature = inspect.signature(self._function)
        return self._signature

    def bind(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
        """Every parameter with its value, defaults included. Raises ParameterBindError."""
        if self._plain is not None and not keywords and len(arguments) == len(self._plain):
            return dict(zip(self._plain, arguments, strict=True))
        try:
            bound = self.signature.bind(*arguments, **keywords)
        except TypeError as error:
            raise ParameterBindError(
                f"{self._kind} {self._name!r}: {error}; its parameters are {self.signature}"
            ) from None
        bound.apply_defaults()
        return dict(bound.arguments)

    def call_arguments(self, parameters: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The positional and keyword arguments that give the function these parameters."""
        if self._plain is not None:
            return tuple(parameters[name] for name in self._plain), {}
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        for name, parameter in self.signature.parameters.items():
            if parameter.kind is parameter.VAR_POSITIONAL:
                positional.extend(parameters.get(name, ()))
            elif parameter.kind is parameter.VAR_KEYWORD:
                keywords.update(parameters.get(name, {}))
            elif parameter.kind is parameter.KEYWORD_ONLY:
                keywords[name] = parameters[name]
            else:
                positional.append(parameters[name])
        return tuple(positional), keywords


def _plain_parameters(function: Callable[..., Any]) -> tuple[str, ...] | None:
    """The parameter names of a function that has ordinary parameters only; None when it is anything else."""
    code = getattr(function, "__code__", None)
    if code is None or hasattr(function, "__wrapped__") or getattr(function, "__self__", None) is not None:
        return None
    takes_rest = code.co_flags & 0x0C  # *args or **kwargs
    if takes_rest or code.co_kwonlyargcount:
        return None
    return tuple(code.co_varnames[: code.co_argcount])
