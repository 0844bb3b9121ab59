"""Pictures and definitions of built flows."""

from __future__ import annotations

import pytest

from orchestrator import DefinitionError, Flow, Parameter, case, task


@task
def rows(n):
    return [n]


@task
def save(row):
    return row


def built_flow():
    with Flow("drawn") as built:
        found = rows(Parameter("n", default=1))
        saved = save.map(found)
        with case(found[0] == 1, True):
            rows(5, upstream_tasks=[saved])
    return built


def test_draws_nodes_and_edges():
    graph = built_flow().visualize().graph

    assert [(node.id, node.mode, node.conditional) for node in graph.nodes if node.name in ("rows", "save")] == [
        ("rows", "submit", False),
        ("save", "map", False),
        ("rows-2", "submit", True),
    ]
    assert {(edge.source, edge.target, edge.kind, edge.parameters) for edge in graph.edges} >= {
        ("rows", "save", "result", ("row",)),
        ("save", "rows-2", "wait_for", ()),
        ("case(True)", "rows-2", "condition", ()),
    }


def test_writes_the_picture(tmp_path):
    built_flow().visualize(filename=tmp_path / "graph")
    built_flow().visualize(path=tmp_path / "other.svg")

    assert (tmp_path / "graph.svg").read_text() == (tmp_path / "other.svg").read_text()
    assert (tmp_path / "graph.svg").read_text().startswith("<svg")


def test_refuses_another_format():
    with pytest.raises(DefinitionError, match="'png'"):
        built_flow().visualize(format="png")


def test_tells_its_definition():
    told = built_flow().serialize()

    assert told["name"] == "drawn"
    assert told["parameters"]["properties"]["n"]["default"] == 1
    assert [each["name"] for each in told["tasks"]][:2] == ["rows", "save"]
    assert {"from": "rows", "to": "save", "kind": "result", "parameters": ["row"]} in told["dependencies"]
