"""What the fields of a form are called in what is posted. A path of properties and rows is a name, and back."""

from __future__ import annotations

from urllib.parse import quote

# What stands behind the name of a field for something beside its value.
AS_JSON = ":json"  # its value as JSON, whatever its kind
GIVEN = ":g"  # the value was given, though it is the one that absence stands for
NULL = ":null"
BRANCH = ":k"  # the chosen branch of a union
SHOWN = ":s"  # and the one that the page had
SHOW = ":show"
OPEN = ":o"  # the properties of an object are fields of the page
ROWS = ":rows"  # how many there are
ADD = ":add"
DROP = ":drop"
KEY = ":key"
ZONE = ":zone"
MORE = ":more"  # properties that the schema does not name
STORED = ":stored"  # there is a secret, which the page does not know

TAB = ":tab"  # of the whole form: which of the two is open
SWITCH = ":switch"  # and which one is wanted

NONE = "none"  # the branch of a union that is null


def inner(name: str, part: str | int) -> str:
    """The name of a property or a row of the field with this name."""
    return f"{name}.{quote(str(part), safe='').replace('.', '%2E').replace('~', '%7E')}"
