"""Which contract this is."""

API_VERSION = "0.8.4"  # what `X-PREFECT-API-VERSION` carries and `GET /version` answers
OLDEST_API_VERSION = (0, 8, 0)  # a client older than this is refused
# What `GET /admin/version` answers: clients compare majors, and warn when it is lower than theirs.
PREFECT_VERSION = "3.8.8"
