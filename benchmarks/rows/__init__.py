"""The rows of the table, one file each, in the order in which they are shown."""

from benchmarks.row import Row
from benchmarks.rows import (
    celery,
    client,
    count,
    create,
    events,
    filter,
    idle,
    import_,
    logs,
    map,
    memory,
    page,
    runs,
    schedule,
    set_state,
    soak,
    start,
    startup,
    submit,
    task,
    ten_million,
)

_IN_ORDER = (
    start,
    runs,
    import_,
    task,
    submit,
    map,
    celery,
    client,
    set_state,
    create,
    logs,
    filter,
    count,
    events,
    page,
    ten_million,
    schedule,
    startup,
    idle,
    memory,
    soak,
)

ROWS: dict[str, Row] = {module.ROW.name: module.ROW for module in _IN_ORDER}
