"""A list as a file."""

from __future__ import annotations

import csv
import json
from io import StringIO

import pytest

from orchestrator.contract.times import parse_time
from orchestrator.pages import export
from orchestrator.pages.export import export_as

MOMENT = parse_time("2026-11-20T21:12:58Z")
ROWS = [
    {"name": "golden, vole", "at": MOMENT, "seconds": -1.5},
    {"name": '=HYPERLINK("http://evil.example")', "at": None, "seconds": 2},
]
COLUMNS = {"Name": lambda row: row["name"], "At": lambda row: row["at"], "Seconds": lambda row: row["seconds"]}


def file_of(rf, kind: str, rows=ROWS) -> str:
    response = export_as(rf.get(f"/runs/?export={kind}"), rows, COLUMNS, "runs")
    assert response["Content-Disposition"] == f'attachment; filename="runs.{kind}"'
    return b"".join(response.streaming_content).decode()


def test_writes_csv_that_no_spreadsheet_executes(rf):
    rows = list(csv.reader(StringIO(file_of(rf, "csv"))))

    assert rows[0] == ["Name", "At", "Seconds"]
    assert rows[1] == ["golden, vole", "2026-11-20T21:12:58.000000Z", "-1.5"]
    assert rows[2][0].startswith("'=")


def test_writes_headings_that_no_spreadsheet_executes(rf):
    response = export_as(rf.get("/runs/?export=csv"), [], {"=1+1": str, "Name": str}, "runs")

    assert b"".join(response.streaming_content) == b"'=1+1,Name\r\n"


def test_writes_json_with_the_values_as_they_are(rf):
    assert json.loads(file_of(rf, "json")) == [
        {"Name": "golden, vole", "At": "2026-11-20T21:12:58.000000Z", "Seconds": -1.5},
        {"Name": ROWS[1]["name"], "At": None, "Seconds": 2},
    ]


def test_writes_an_empty_list(rf):
    assert json.loads(file_of(rf, "json", rows=[])) == []
    assert file_of(rf, "csv", rows=[]) == "Name,At,Seconds\r\n"


def test_ends_at_its_most_rows(rf, monkeypatch):
    monkeypatch.setattr(export, "MOST_ROWS", 3)

    assert len(json.loads(file_of(rf, "json", rows=ROWS * 5))) == 3


@pytest.mark.parametrize("query", ["", "?export=xls"])
def test_is_no_file_when_none_is_asked_for(rf, query):
    assert export_as(rf.get(f"/runs/{query}"), ROWS, COLUMNS, "runs") is None
