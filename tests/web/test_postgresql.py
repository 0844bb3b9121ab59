"""How connections to PostgreSQL are set up."""

from __future__ import annotations

from datetime import UTC

import pytest
from django.db import DataError, connection

TIMESTAMPTZ = 1184  # PostgreSQL's number of the type

pytestmark = pytest.mark.django_db(transaction=True)


def test_compiles_no_statement():
    if connection.vendor != "postgresql":
        pytest.skip("of PostgreSQL alone")
    connection.close()

    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")

        assert cursor.fetchone() == ("off",)


@pytest.mark.parametrize(
    "moment",
    ["2026-11-22 20:06:59.123456+00", "2026-11-22 20:06:59.5+00", "2026-11-22 20:06:59+00", "0099-12-31 23:59:59+00"],
)
def test_reads_times_as_django_does(moment):
    if connection.vendor != "postgresql":
        pytest.skip("of PostgreSQL alone")
    from django.db.backends.postgresql.psycopg_any import register_tzloader

    query = f"SELECT '{moment}'::timestamptz, NULL::timestamptz"
    with connection.cursor() as ours, connection.cursor() as djangos:
        register_tzloader(UTC, djangos.cursor)
        ours.execute(query)
        djangos.execute(query)
        found, wanted = ours.fetchone(), djangos.fetchone()

        assert found == wanted
        assert found[0].tzinfo is UTC
        assert loader_of(ours) is not loader_of(djangos)


def test_says_which_times_it_cannot_read():
    if connection.vendor != "postgresql":
        pytest.skip("of PostgreSQL alone")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'infinity'::timestamptz")

        with pytest.raises(DataError, match="after year 10K"):
            cursor.fetchone()


def loader_of(cursor):
    from psycopg.pq import Format

    return cursor.cursor.adapters.get_loader(TIMESTAMPTZ, Format.TEXT)
