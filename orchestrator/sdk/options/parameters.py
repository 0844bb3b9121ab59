"""The parameters of a call: arguments bound to the signature of the author's function."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.errors import ParameterBindError, ReservedParameter

if TYPE_CHECKING:
    from inspect import Signature

RESERVED = ("wait_for", "return_state")


class Binder:
    """Binds arguments to one function. The signature is read once, when it is first needed."""

    __slots__ = ("_function", "_kind", "_name", "_plain", "_signature", "_whole")

    def __init__(self, function: Callable[..., Any], *, kind: str, name: str) -> None:
        self._function = function
        self._kind = kind
        self._name = name
        self._signature: Signature | None = None
        self._whole: Binder | None = None  # of a method, that of the function it is in its class
        self._plain: tuple[str, ...] | None = _plain_parameters(function)
        code = getattr(function, "__code__", None)
        if code is not None:
            for reserved in RESERVED:
                if reserved in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
                    raise ReservedParameter(f"{kind} {name!r}: {reserved!r} cannot be a parameter; the call uses it")

    @property
    def signature(self) -> Signature:
        if self._signature is None:
            self._signature = self._read()
        return self._signature

    def without_first(self) -> Binder:
        """For the same function with its first parameter given: a method. Nothing is read anew, as methods are looked
        up with every call."""
        bound = copy(self)
        bound._whole = self
        bound._signature = None
        bound._plain = self._plain[1:] if self._plain else None
        return bound

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

    def _read(self) -> Signature:
        if self._whole is not None:
            return _without_first(self._whole.signature)
        import inspect

        return inspect.signature(self._function)


def _without_first(signature: Signature) -> Signature:
    parameters = list(signature.parameters.values())
    if parameters and parameters[0].kind in (parameters[0].POSITIONAL_ONLY, parameters[0].POSITIONAL_OR_KEYWORD):
        del parameters[0]
    return signature.replace(parameters=parameters)


def _plain_parameters(function: Callable[..., Any]) -> tuple[str, ...] | None:
    """The parameter names of a function that has ordinary parameters only; None when it is anything else."""
    code = getattr(function, "__code__", None)
    if code is None or hasattr(function, "__wrapped__") or getattr(function, "__self__", None) is not None:
        return None
    takes_rest = code.co_flags & 0x0C  # *args or **kwargs
    if takes_rest or code.co_kwonlyargcount:
        return None
    return tuple(code.co_varnames[: code.co_argcount])
