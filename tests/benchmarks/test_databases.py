import psycopg
import pytest

from benchmarks.databases import POSTGRESQL, database, gather_statistics
from tests import services


@pytest.mark.skipif(not (services.has_postgres() and services.has_redis()), reason="PostgreSQL or Redis is missing")
@pytest.mark.parametrize("side", ["ours", "prefect"])
def test_tells_the_planner_what_is_in_the_tables(side):
    with database(POSTGRESQL) as place, psycopg.connect(place.urls[side], autocommit=True) as connection:
        connection.execute("CREATE TABLE made AS SELECT generate_series(1, 500)")
        gather_statistics(place, side)

        assert connection.execute("SELECT reltuples FROM pg_class WHERE relname = 'made'").fetchone() == (500,)
