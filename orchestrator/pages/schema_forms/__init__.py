"""Forms made from JSON schemas: of parameters, job variables, blocks, and of what a paused run asks.

`build_form` makes what `forms/form.html` shows, `read_form` reads what was posted back into JSON, `errors_of` says what
is wrong with it in the words of the API. Nothing here knows whose schema it is.
"""

from orchestrator.pages.schema_forms.build import BlockChoices, build_form
from orchestrator.pages.schema_forms.checks import Errors, errors_of, errors_of_unread
from orchestrator.pages.schema_forms.diff import Change, changes
from orchestrator.pages.schema_forms.fields import Field, Form
from orchestrator.pages.schema_forms.links import values_in_link
from orchestrator.pages.schema_forms.read import Answer, read_form
from orchestrator.pages.schema_forms.secrets import (
    MASK,
    may_tell_secret,
    with_kept,
    with_masks,
    without_secret_defaults,
)
from orchestrator.pages.schema_forms.values import Unread, read_json, show_json, show_short, without_nul

__all__ = [
    "MASK",
    "Answer",
    "BlockChoices",
    "Change",
    "Errors",
    "Field",
    "Form",
    "Unread",
    "build_form",
    "changes",
    "errors_of",
    "errors_of_unread",
    "may_tell_secret",
    "read_form",
    "read_json",
    "show_json",
    "show_short",
    "values_in_link",
    "with_kept",
    "with_masks",
    "without_nul",
    "without_secret_defaults",
]
