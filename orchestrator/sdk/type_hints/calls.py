"""The parameters of one function, made what its type hints say."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import GenericAlias
from typing import Annotated, Any

from orchestrator.sdk.errors import ParameterTypeError
from orchestrator.sdk.type_hints.fitting import fit
from orchestrator.sdk.type_hints.misfits import Misfit, Problem
from orchestrator.sdk.type_hints.models import is_field, value_of_field
from orchestrator.sdk.type_hints.reading import described, hints_of


class ParameterTypes:
    """The types of a function's parameters, read once."""

    def __init__(self, function: Callable[..., Any], *, name: str) -> None:
        """`name` is how messages call it: `flow 'load'`."""
        self._name = name
        self._hints = hints_of(function)
        self._parameters = inspect.signature(function).parameters
        for parameter in self._parameters.values():
            if is_field(parameter.default):
                self._hints[parameter.name] = Annotated[self._hints.get(parameter.name, Any), parameter.default]

    def fit(self, values: dict[str, Any]) -> dict[str, Any]:
        """Every parameter as its type; those without a hint as they are, and so are defaults that do not fit theirs.

        Raises ParameterTypeError with all that is wrong.
        """
        fitted: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, value in values.items():
            try:
                fitted[name] = self._fit_one(name, value)
            except Misfit as misfit:
                problems += [problem.inside(name) for problem in misfit.problems]
        if problems:
            raise ParameterTypeError(self._message(problems))
        return fitted

    def _fit_one(self, name: str, value: Any) -> Any:
        if name not in self._hints:
            return value
        hint, parameter = self._hints[name], self._parameters[name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            return fit(value, GenericAlias(tuple, (hint, ...)))
        if parameter.kind is parameter.VAR_KEYWORD:
            return fit(value, GenericAlias(dict, (str, hint)))
        if value is parameter.default and is_field(value):
            has_default, value = value_of_field(value)
            if not has_default:
                raise Misfit([Problem("", None, described(hint), "it is missing")])
        try:
            return fit(value, hint)
        except Misfit:
            if value is parameter.default:  # `name: str = None`: the author meant it
                return value
            raise

    def _message(self, problems: list[Problem]) -> str:
        parameters = {problem.place.partition("[")[0].partition(".")[0] for problem in problems}
        do = "parameter does" if len(parameters) == 1 else f"{len(parameters)} parameters do"
        return f"{self._name}: {do} not fit the type hints: {'; '.join(map(str, problems))}"
