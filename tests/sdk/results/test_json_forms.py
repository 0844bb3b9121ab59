from __future__ import annotations

import sys

import pytest

from orchestrator import JSONSerializer, ResultStorageError


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A package that can be imported, and says so when it is."""
    package = tmp_path / "shop_of_forms"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "orders.py").write_text(
        "from dataclasses import dataclass\nfrom pathlib import Path\n"
        f"Path({str(tmp_path / 'imported')!r}).touch()\n"
        "@dataclass\nclass Order:\n    number: int\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("shop_of_forms")]:
        del sys.modules[name]


ORDER = b'{"__class__":"shop_of_forms.orders.Order","data":{"number":7}}'


@pytest.mark.parametrize("loaded", [[], ["shop_of_forms"]])
def test_imports_nothing_that_the_value_names(shop, loaded):
    for name in loaded:
        __import__(name)

    with pytest.raises(ResultStorageError, match=r"shop_of_forms.orders.Order, whose module was not imported"):
        JSONSerializer().loads(ORDER)
    assert not (shop / "imported").exists()


def test_takes_the_class_of_a_module_that_was_imported(shop):
    import shop_of_forms.orders

    assert JSONSerializer().loads(ORDER) == shop_of_forms.orders.Order(7)


def test_imports_a_module_that_the_settings_name(shop, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_RESULTS_JSON_MODULES", "other, shop_of_forms.orders")

    assert JSONSerializer().loads(ORDER).number == 7


def test_leaves_an_object_that_looks_like_a_form_as_it_is():
    value = {"__class__": "com.example.Order", "data": 1}

    assert JSONSerializer().loads(JSONSerializer().dumps(value)) == value


def test_asks_no_module_for_names_that_it_makes_up():
    value = {"__class__": "orchestrator.ShellOperation", "data": {}}
    sys.modules["orchestrator"].__dict__.pop("ShellOperation", None)

    assert JSONSerializer().loads(JSONSerializer().dumps(value)) == value
