"""Variables on their page: found, created, changed and deleted."""

import json
import re

import pytest

from orchestrator.events.models import Event
from orchestrator.store.models import Variable
from tests.pages.schema_forms.posted import posted

pytestmark = pytest.mark.django_db
MOST_QUERIES = 8


def make(name="region", value="eu", tags=()):
    return Variable.objects.create(name=name, value=value, tags=list(tags))


def text(answer):
    return answer.content.decode()


def test_it_lists_them_by_name(client):
    make("b", [1, 2])
    make("a", "<b>")

    page = text(client.get("/variables/"))

    assert page.index(">a</a>") < page.index(">b</a>")
    assert "[1, 2]" in page
    assert "&lt;b&gt;" in page


@pytest.mark.parametrize(("query", "shown"), [("q=reg", ["region"]), ("tag=eu", ["limit"]), ("q=zz", [])])
def test_it_filters_by_name_and_tag(client, query, shown):
    make("region")
    make("limit", 1, ["eu"])

    page = text(client.get(f"/variables/?{query}"))

    assert re.findall(r'class="name"><a [^>]*>([^<]*)<', page) == shown


def test_it_creates_a_text_and_says_so(client):
    answer = client.post("/variables/new", {"name": "n", "kind": "text", "value": "5", "tags": "a, b"}, follow=True)

    made = Variable.objects.get()
    assert (made.name, made.value, made.tags) == ("n", "5", ["a", "b"])
    assert "The variable n was created." in text(answer)
    assert Event.objects.filter(event="prefect.variable.created").exists()


def test_it_creates_what_json_says(client):
    client.post("/variables/new", {"name": "n", "kind": "json", "value": '{"a": [1.0, null]}'})

    assert repr(Variable.objects.get().value) == "{'a': [1.0, None]}"


def test_invalid_json_is_told_with_line_and_column(client):
    """CFG-3: invalid JSON shows line and column."""
    answer = client.post("/variables/new", {"name": "n", "kind": "json", "value": '{"a": 1,\n "b" 2}'})

    page = text(answer)
    assert answer.status_code == 422
    assert "line 2, column 6" in page
    assert "&quot;b&quot; 2" in page
    assert re.search(r'id="new-value"[^>]*aria-invalid="true"[^>]*autofocus', page)
    assert '<details class="card fold" id="new-variable" open>' in page
    assert not Variable.objects.exists()


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"name": "", "value": "x"}, "A variable needs a name."),
        ({"name": "Big Name", "value": "x"}, "must only contain lowercase letters"),
        ({"name": "taken", "value": "x"}, "There is a variable of this name already."),
        ({"name": "n", "value": "x" * 5001}, "must be less than 5000 characters"),
    ],
)
def test_it_says_what_cannot_be_a_variable(client, sent, message):
    make("taken")

    answer = client.post("/variables/new", {"kind": "text", "tags": "", **sent})

    assert answer.status_code == 422
    assert message in text(answer)


@pytest.mark.parametrize("value", ["a text", "two\nlines", "5", "", 5, 1.0, None, True, [], {"a": None}])
def test_one_is_edited_in_its_row_and_nothing_else_changes(client, value):
    one = make("n", value, ["a", "b"])
    row = re.search(r"<tr id=\"v-.*?</tr>", text(client.get(f"/variables/?edit={one.pk}")), re.DOTALL)[0]

    answer = client.post(f"/variables/variable/{one.pk}/edit", posted(row).dict())

    one.refresh_from_db()
    assert answer.status_code == 303
    assert (one.name, repr(one.value), one.tags) == ("n", repr(value), ["a", "b"])


def test_a_change_that_cannot_be_made_stays_in_the_row(client):
    """CFG-3: in place, too."""
    one = make("n")

    answer = client.post(f"/variables/variable/{one.pk}/edit", {"name": "n", "kind": "json", "value": "{", "tags": ""})

    row = re.search(r"<tr id=\"v-.*?</tr>", text(answer), re.DOTALL)[0]
    assert "line 1, column 2" in row


def test_its_own_page_teaches_how_to_read_it(client):
    page = text(client.get(f"/variables/variable/{make('region').pk}"))

    assert "Variable.get(&quot;region&quot;)" in page


def test_it_asks_before_it_deletes(client):
    one = make("n")

    asked = client.post(f"/variables/variable/{one.pk}/delete")
    assert Variable.objects.exists()
    client.post(f"/variables/variable/{one.pk}/delete", {"confirmed": "1"})

    assert "Delete the variable n?" in text(asked)
    assert not Variable.objects.exists()


def test_it_exports_what_matches(client):
    make("a", {"x": 1})
    make("b")

    answer = client.get("/variables/?q=a&export=json")

    assert [row["value"] for row in json.loads(b"".join(answer.streaming_content))] == [{"x": 1}]


def test_an_empty_list_says_how_to_begin(client):
    assert "orchestrator variable set region eu" in text(client.get("/variables/"))


def test_a_viewer_is_offered_nothing_and_may_do_nothing(client, django_user_model, settings):
    settings.API_AUTH = "required"
    one = make("n")
    client.force_login(django_user_model.objects.create_user("viewer"))

    page = text(client.get("/variables/"))

    assert "New variable" not in page
    assert "Edit" not in page
    assert client.post(f"/variables/variable/{one.pk}/delete", {"confirmed": "1"}).status_code == 403
    assert client.post("/variables/new", {"name": "x", "value": ""}).status_code == 403


def test_no_such_variable(client):
    assert client.get("/variables/variable/3b6c0e8a-1111-4222-8333-444455556666").status_code == 404


def test_it_asks_little(client, django_assert_max_num_queries):
    for number in range(30):
        make(f"n{number}", number, ["a"])

    with django_assert_max_num_queries(MOST_QUERIES):
        client.get("/variables/?q=n&tag=a")
