"""How connections to PostgreSQL are set up."""

from __future__ import annotations

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db(transaction=True)


def test_compiles_no_statement():
    if connection.vendor != "postgresql":
        pytest.skip("of PostgreSQL alone")
    connection.close()

    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")

        assert cursor.fetchone() == ("off",)
