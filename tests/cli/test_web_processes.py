"""How many web processes a server starts, and how they are told what they share."""

import os

import pytest

from orchestrator.cli.checks import CannotStart
from orchestrator.cli.web_processes import Sharing, how_many, web_programs

POSTGRESQL = {"DATABASE_URL": "postgres://db/orchestrator"}
REDIS = {"REDIS_URL": "redis://redis:6379/0"}


@pytest.mark.parametrize(
    ("wanted", "environment", "cores", "expected"),
    [
        (None, {}, 8, 1),  # SQLite and the embedded broker serve one
        (None, POSTGRESQL, 8, 1),  # live logs would stay with the process that received them
        (None, REDIS, 8, 1),
        (None, {**REDIS, "DATABASE_URL": "sqlite:////data/file.db"}, 8, 1),
        (None, POSTGRESQL | REDIS, 1, 1),
        (None, POSTGRESQL | REDIS, 3, 3),
        (None, POSTGRESQL | REDIS, 64, 4),  # each takes memory, and connections to the database
        (7, POSTGRESQL | REDIS, 2, 7),
        (1, POSTGRESQL | REDIS, 8, 1),
        (1, {}, 8, 1),
    ],
)
def test_are_as_many_as_the_cores_where_several_are_possible(monkeypatch, wanted, environment, cores, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))

    assert how_many(wanted, environment) == expected


@pytest.mark.parametrize(
    ("environment", "lacking"),
    [
        ({}, "set DATABASE_URL=postgres://… and REDIS_URL=redis://…, or"),
        (POSTGRESQL, "set REDIS_URL=redis://…, or"),
        (REDIS, "set DATABASE_URL=postgres://…, or"),
    ],
)
def test_are_refused_with_what_is_lacking(environment, lacking):
    with pytest.raises(CannotStart, match=f"^2 web processes need PostgreSQL and Redis: {lacking} start one with"):
        how_many(2, environment)


def test_have_names_and_numbers_and_share_what_they_inherit():
    programs = web_programs(Sharing(listener=5, loads=6, processes=2), {})

    assert [program.name for program in programs] == ["web-1", "web-2"]
    assert [list(program.command[-6:]) for program in programs] == [
        ["--fd", "5", "--loads-fd", "6", "--number", number] for number in ("0", "1")
    ]
    assert all(set(program.pass_fds) == {5, 6} and program.serves_others for program in programs)


def test_share_nothing_when_there_is_one():
    [program] = web_programs(Sharing(listener=5, loads=6, processes=1), {})

    assert (program.name, list(program.command[-2:]), list(program.pass_fds)) == ("web", ["--fd", "5"], [5])


def test_make_the_database_once():
    programs = web_programs(Sharing(listener=5, loads=6, processes=3), {}, makes_database=True)

    assert ["--migrate" in program.command for program in programs] == [True, False, False]
