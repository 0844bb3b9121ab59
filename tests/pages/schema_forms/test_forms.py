"""What people do to a form without JavaScript, and what it says when something is wrong."""

import re
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from orchestrator.pages.schema_forms import build_form, changes, read_form, values_in_link
from tests.pages.schema_forms.posted import posted, shown

TABLE = {
    "type": "object",
    "title": "Table",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "rows": {"type": "integer", "minimum": 1, "default": 10}},
}
CAT = {"type": "object", "title": "Cat", "properties": {"lives": {"type": "integer"}}, "required": ["lives"]}
PASSWORD = {"type": "string", "format": "password", "writeOnly": True}


def schema(required=(), **properties):
    return {"type": "object", "properties": properties, "required": list(required)}


def read(form_schema, values=None, *, press=None, **changed):
    return read_form(form_schema, posted(shown(build_form(form_schema, values)), press=press, **changed))


def again(form_schema, answer):
    return shown(build_form(form_schema, answer=answer))


def test_a_row_is_added_and_another_removed_by_buttons():
    """FORM-2: add and remove rows with submit buttons."""
    wanted = schema(tables={"type": "array", "items": TABLE})

    added = read(wanted, {"tables": [{"name": "a"}, {"name": "b"}]}, press=("p.tables:add", "1"))
    removed = read(wanted, {"tables": [{"name": "a"}, {"name": "b"}]}, press=("p.tables:drop", "0"))

    assert (added.wants, added.values) == ("rows", {"tables": [{"name": "a"}, {"name": "b"}, {}]})
    assert (removed.wants, removed.values) == ("rows", {"tables": [{"name": "b"}]})
    assert re.search(r'name="p.tables.2.name"[^>]* autofocus', again(wanted, added))


def test_a_name_and_a_value_are_added_to_a_table():
    """FORM-2: names and values too."""
    wanted = schema(env={"type": "object", "additionalProperties": {"type": "string"}})

    answer = read(wanted, {"env": {"A": "1"}}, press=("p.env:add", "1"))
    html = again(wanted, answer)
    done = read_form(wanted, posted(html, **{"p__env__1:key": "B", "p__env__1": "2"}))

    assert done.values == {"env": {"A": "1", "B": "2"}}
    assert done.is_good


def test_a_table_says_that_a_name_is_there_twice():
    wanted = schema(env={"type": "object", "additionalProperties": {"type": "string"}})

    answer = read(wanted, {"env": {"A": "1", "B": "2"}}, **{"p__env__1:key": "A"})

    assert "The name A is there twice." in str(answer.errors)
    assert "The name A is there twice." in again(wanted, answer)


def test_the_name_of_a_new_row_is_what_is_typed_next():
    """FORM-2: also in what is folded otherwise."""
    wanted = schema(
        job={
            "type": "object",
            "default": {"env": {"A": "1"}},
            "properties": {"env": {"type": "object", "additionalProperties": {"type": "string"}}},
        }
    )

    html = again(wanted, read(wanted, {"job": {"env": {"A": "1"}}}, press=("p.job.env:add", "1")))

    assert re.search(r'id="p.job.env.1:key"[^>]* autofocus', html)
    assert html.count(" autofocus") == 1
    assert re.search(r'<details[^>]* open><summary id="p.job"', html)


@pytest.mark.parametrize(
    ("zone", "local", "value"),
    [
        ("Europe/Berlin", "2026-07-01T10:00", "2026-07-01T10:00:00+02:00"),  # though the page is read in winter
        ("Europe/Berlin", "2026-12-01T10:00:30", "2026-12-01T10:00:30+01:00"),
        ("+05:30", "2026-07-01T10:00", "2026-07-01T10:00:00+05:30"),
        ("", "2026-07-01T10:00", "2026-07-01T10:00:00Z"),
    ],
)
def test_a_moment_is_on_the_clock_of_its_zone_that_day(zone, local, value):
    """FORM-1: the offset is that of the day that is typed, not that of today."""
    wanted = schema(at={"type": "string", "format": "date-time"})

    assert read(wanted, **{"p__at": local, "p__at:zone": zone}).values == {"at": value}


@pytest.mark.parametrize(("local", "zone"), [("2026-07-01T10:00", "Europe/Nowhere"), ("soon", "Europe/Berlin")])
def test_what_is_no_moment_is_refused(local, zone):
    answer = read(schema(at={"type": "string", "format": "date-time"}), **{"p__at": local, "p__at:zone": zone})

    assert "is not a 'date-time'" in str(answer.errors)


def test_an_empty_row_of_numbers_is_asked_for():
    wanted = schema(n={"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}, m=TABLE)

    answer = read(wanted, {"n": [[1]]}, press=("p.n:add", "1"))

    assert answer.values["n"] == [[1], []]


def test_another_branch_of_a_union_is_shown_by_a_button():
    wanted = schema(pet={"anyOf": [CAT, {"type": "string"}, {"type": "null"}], "default": None})

    answer = read(wanted, press=("p.pet:show", "1"), **{"p__pet:k": "0"})
    html = again(wanted, answer)
    done = read_form(wanted, posted(html, p__pet__lives="9"))

    assert answer.wants == "rows"
    assert 'name="p.pet.lives"' in html
    assert done.values == {"pet": {"lives": 9}}


def test_a_branch_that_is_not_shown_yet_is_not_taken_for_an_answer():
    wanted = schema(pet={"anyOf": [CAT, {"type": "string"}]})

    assert read(wanted, {"pet": "Tom"}, **{"p__pet:k": "0"}).wants == "rows"


@pytest.mark.parametrize(
    ("values", "changed", "name", "message"),
    [
        ({}, {"p__tables__0__rows": "0"}, "p.tables.0.rows", "0 is less than the minimum of 1"),
        ({}, {"p__tables__0__rows": "many"}, "p.tables.0.rows", "Not a whole number."),
        ({}, {"p__tables__0__name": ""}, "p.tables.0.name", "This is required."),
        ({"pet": {"lives": 1}}, {"p__pet__lives": "x"}, "p.pet.lives", "Not a whole number."),
        ({"pet": {"lives": 1}}, {"p__pet__lives": "1.5"}, "p.pet.lives", "1.5 is not of type"),
        ({"any": {}}, {"p__any:json": '{\n "a": tru\n}'}, "p.any", "line 2, column 7"),
        ({}, {"p__maybe": "-1"}, "p.maybe", "-1 is less than the minimum of 0"),
        ({"lines": [1]}, {"p__lines": "1\nx"}, "p.lines", "1: Not a number."),
        ({"note": None}, {"p__note": "typed"}, "p.note", "Untick “none”"),
    ],
)
def test_a_wrong_value_is_told_beside_its_field_which_has_the_focus(values, changed, name, message):
    """FORM-3: an invalid nested value focuses the field."""
    wanted = schema(
        tables={"type": "array", "items": TABLE},
        pet={"anyOf": [CAT, {"type": "null"}], "default": None},
        any={},
        maybe={"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}], "default": None},
        lines={"type": "array", "items": {"type": "number"}},
        note={"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
    )

    answer = read(wanted, {"tables": [{"name": "a", "rows": 2}], **values}, **changed)
    html = again(wanted, answer)

    control = re.search(rf'<(?:input|textarea)[^>]* id="{re.escape(name)}"[^>]*>', html)[0]
    assert "autofocus" in control
    assert 'aria-invalid="true"' in control
    assert f'aria-describedby="{name}:e"' in control
    assert message in re.search(rf'id="{re.escape(name)}:e".*?</p>', html)[0]
    assert f'href="#{name.replace("/", "%2F")}"' in html
    assert html.count(" autofocus") == 1
    assert next(iter(changed.values())) in unescape(html)


def test_what_is_required_may_not_be_left_empty():
    answer = read(schema(["region"], region={"type": "string"}))

    assert answer.errors == {("region",): ["This is required."]}


def test_text_that_is_no_json_stays_with_the_place_of_its_error():
    wanted = schema(a={"type": "integer"})
    tab = again(wanted, read(wanted, press=("p:switch", "json")))

    answer = read_form(wanted, posted(tab, **{"p:json": '{"a": 1,\n "b" 2}'}))
    html = again(wanted, answer)

    assert "line 2, column 6" in html
    assert "&quot;b&quot; 2" in html
    assert not answer.is_good


def test_a_wrong_value_in_the_json_is_named():
    wanted = schema(t=TABLE)
    tab = again(wanted, read(wanted, {"t": {"name": "x"}}, press=("p:switch", "json")))

    answer = read_form(wanted, posted(tab, **{"p:json": '{"t": {"name": 1}}'}))

    assert "t.name: 1 is not of type &#x27;string&#x27;" in again(wanted, answer)


def test_going_back_to_the_fields_takes_what_was_written():
    wanted = schema(a={"type": "integer"})
    tab = again(wanted, read(wanted, press=("p:switch", "json")))

    answer = read_form(wanted, posted(tab, press=("p:switch", "fields"), **{"p:json": '{"a": 7, "b": [1]}'}))

    assert answer.wants == "fields"
    assert read_form(wanted, posted(again(wanted, answer))).values == {"a": 7, "b": [1]}


def test_a_secret_is_never_shown_and_stays_when_its_field_is_empty():
    """CFG-2: secret values are never in the HTML."""
    wanted = schema(password=PASSWORD, deep={"type": "object", "properties": {"token": PASSWORD}})
    known = {"password": "hunter2", "deep": {"token": "sesame"}}
    html = shown(build_form(wanted, known))

    untouched = read_form(wanted, posted(html), kept=known)
    changed = read_form(wanted, posted(html, p__password="new one"), kept=known)

    assert "hunter2" not in html
    assert "sesame" not in html
    assert untouched.values == known
    assert changed.values == {**known, "password": "new one"}


def test_a_secret_is_not_shown_in_the_json_either():
    """CFG-2: neither as JSON, nor after it was typed."""
    wanted = schema(password=PASSWORD, n={"type": "integer"})
    known = {"password": "hunter2"}
    html = shown(build_form(wanted, known))
    tab = read_form(wanted, posted(html, press=("p:switch", "json")), kept=known)
    shown_tab = again(wanted, tab)
    typed = read_form(wanted, posted(html, p__password="sesame", p__n="x"), kept=known)

    assert "hunter2" not in shown_tab
    assert "********" in shown_tab
    assert read_form(wanted, posted(shown_tab), kept=known).values == known
    assert "sesame" not in again(wanted, typed)
    assert "type it once more" in again(wanted, typed)


def test_what_is_not_as_its_default_is_marked_and_listed():
    wanted = schema(n={"type": "integer", "default": 3}, region={"type": "string"}, password=PASSWORD)
    values = {"n": 4, "region": "eu", "password": "hunter2"}

    form = build_form(wanted, values)
    found = [(change.name, change.was, change.now) for change in changes(wanted, values, {"password": "old"})]

    assert [field.title for field in form.changed] == ["n"]
    assert found == [("n", "3", "4"), ("region", "", "eu"), ("password", "********", "********")]


def test_a_link_fills_fields_in():
    query = posted("", p__region="eu", p__n="5", p__db__port="1", p__tags='["a"]', p__zz="x")
    db = {"type": "object", "properties": {"port": {"type": "integer"}}}
    tags = {"type": "array", "items": {"type": "string"}}
    wanted = schema(region={"type": "string"}, n={"type": "integer"}, db=db, tags=tags)

    assert values_in_link(wanted, query) == {"region": "eu", "n": 5, "db": {"port": 1}, "tags": ["a"]}


def test_what_people_wrote_is_text():
    wanted = schema(a={"type": "string", "title": "<i>a</i>", "description": "<script>", "default": '"><b>'})

    html = shown(build_form(wanted, {"a": "</textarea>\n<script>"}))

    assert "<script>" not in html
    assert "<i>" not in html


@pytest.mark.parametrize("bad", [{"$ref": "#/definitions/None"}, {"$ref": 7}, {"type": "wat"}, {"anyOf": []}, True, 5])
def test_a_schema_that_is_none_still_makes_a_form(bad):
    wanted = {"type": "object", "properties": {"x": bad, "y": {"type": "string"}}}

    assert 'name="p.y"' in shown(build_form(wanted, {"x": [1]}))


def test_a_schema_that_holds_itself_ends():
    wanted = {
        "type": "object",
        "properties": {"a": {"$ref": "#/definitions/A"}},
        "definitions": {
            "A": {"type": "object", "properties": {name: {"$ref": "#/definitions/A"} for name in "abcdef"}}
        },
    }
    html = shown(build_form(wanted, {}))

    assert len(html) < 400_000
    assert read_form(wanted, posted(html)).values == {}


def test_a_moment_begins_in_the_zone_of_its_reader():
    wanted = schema(at={"type": "string", "format": "date-time"})

    with timezone.override(ZoneInfo("Asia/Kolkata")):
        html = shown(build_form(wanted))

    assert 'name="p.at:zone" value="Asia/Kolkata"' in html
    assert read_form(wanted, posted(html, p__at="2031-05-06T07:08")).values == {"at": "2031-05-06T07:08:00+05:30"}


def test_a_default_looks_as_its_field_does():
    tags = {"type": "array", "items": {"type": "string"}, "default": ["a", "b"]}

    [field] = build_form(schema(tags=tags)).fields

    assert field.default_text == field.text == "a\nb"
