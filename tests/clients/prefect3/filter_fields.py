"""Prints the fields of the client's filters by name, as JSON."""

import json
from types import ModuleType

from prefect.client.schemas import filters
from prefect.events import filters as event_filters
from pydantic import BaseModel


def fields_in(module: ModuleType) -> dict[str, list[str]]:
    return {
        name: sorted(value.model_fields)
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module.__name__
    }


print(json.dumps(fields_in(filters) | fields_in(event_filters)))
