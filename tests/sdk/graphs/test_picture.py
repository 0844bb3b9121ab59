from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ElementTree

import pytest

from orchestrator import DefinitionError, flow, task
from orchestrator.sdk.graphs.model import Edge, Graph, Node
from orchestrator.sdk.graphs.svg import as_svg

SVG = "{http://www.w3.org/2000/svg}"


@task
def get(): ...


@task
def add(a): ...


@flow(name="a <flow> & more")
def pictured(x: int):
    raise AssertionError("pictures execute nothing")
    return add(get())


@flow(name="shown")
def shown(x: int = 1):
    if add(get()):
        return [add(each) for each in range(x)]
    return None


@flow
def plain(): ...


def texts(svg):
    return ["".join(each.itertext()) for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_shows_names_kinds_and_what_the_lines_mean():
    assert texts(shown.visualize().svg) == [
        "shown",
        *("get", "task"),
        *("add", "task"),
        *("add", "task ×n"),
        *("result", "decides whether or how often", "only in a branch", "×n", "any number of times"),
    ]


def test_shows_itself_in_a_notebook():
    picture = shown.visualize()

    assert picture._repr_svg_() == picture.svg
    assert ElementTree.fromstring(picture.svg).tag == f"{SVG}svg"


def test_is_readable_in_the_dark_and_needs_nothing_from_elsewhere():
    svg = shown.visualize().svg

    assert "prefers-color-scheme:dark" in svg
    assert svg.count("http") == 1  # the name of the language


def test_says_when_there_are_no_tasks():
    assert texts(plain.visualize().svg) == ["plain", "It calls no tasks."]


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "a\"b'&", "\x00\x1b[31m\ud800", "x" * 300, "日本語" * 20, ""]
)
def test_takes_every_name(name):
    graph = Graph(name, [Node("n", name, "task", "call", 1)], [Edge("n", "n", "result")])

    root = ElementTree.fromstring(as_svg(graph).encode("utf-8"))

    assert "script" not in {each.tag.removeprefix(SVG) for each in root.iter()}
    assert float(root.attrib["width"]) < 1500


def test_writes_a_file(tmp_path):
    picture = pictured.visualize(path=tmp_path / "flow.svg")

    assert (tmp_path / "flow.svg").read_text() == picture.svg


def test_takes_the_file_as_first_argument(tmp_path):
    shown.visualize(f"{tmp_path}/flow.svg")

    assert (tmp_path / "flow.svg").exists()


def test_takes_arguments_of_the_flow_and_does_not_need_them():
    assert shown.visualize(5).svg == shown.visualize(x=5).svg == shown.visualize().svg


async def _awaited():
    return await shown.visualize()


def test_is_awaited_in_async_notebooks():
    assert asyncio.run(_awaited()).svg == shown.visualize().svg


@pytest.mark.parametrize("arguments", [{"path": "flow.png"}, {"path": "missing/flow.svg"}])
def test_refuses_a_path_it_cannot_write(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(DefinitionError, match=r"ends in \.svg|cannot be written"):
        shown.visualize(**arguments)


def test_refuses_a_text_that_is_neither_a_picture_nor_an_argument():
    with pytest.raises(DefinitionError, match=r"ends in \.svg, not 'flow\.png'"):
        plain.visualize("flow.png")


def test_refuses_a_keyword_that_is_neither_its_own_nor_a_parameter():
    with pytest.raises(TypeError, match=r"visualize\(\) of flow 'shown' takes no 'pth'; did you mean 'path'\?"):
        shown.visualize(pth="flow.svg")


@flow
def opened(path="data.csv"):
    return path


def test_leaves_a_path_that_is_the_flows_parameter_alone():
    picture = opened.visualize(path="other.csv")

    assert picture.svg == opened.visualize().svg
