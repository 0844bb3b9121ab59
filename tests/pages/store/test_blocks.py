"""Blocks on their pages: listed, chosen from the catalog, created, changed, and their secrets kept."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission

from orchestrator.events.models import Event
from orchestrator.store.models import BlockDocument
from orchestrator.store.services.block_contents import full_data
from tests.pages.schema_forms.posted import posted
from tests.store.making import holding, make_document, make_schema, make_type

pytestmark = pytest.mark.django_db
MOST_QUERIES = 8
SECRET = "s3same-0pen"

DATABASE = {
    "title": "Database",
    "block_type_slug": "my-database",
    "type": "object",
    "required": ["host"],
    "properties": {
        "host": {"type": "string", "title": "Host"},
        "port": {"type": "integer", "title": "Port", "default": 5432},
        "password": {"type": "string", "title": "Password", "writeOnly": True, "format": "password"},
        "token": {"type": "string", "title": "Token"},
    },
}


@pytest.fixture
def kind(api):
    return make_type(api, name="My Database", slug="my-database", description="Where <things> are.")


@pytest.fixture
def schema(api, kind):
    return make_schema(api, kind, secret=("password", "token"), fields=DATABASE, capabilities=["read-things"])


@pytest.fixture
def document(api, schema):
    data = {"host": "db", "password": SECRET, "token": f"{SECRET}-2"}
    return make_document(api, data, schema=schema, name="main")


def text(answer):
    return answer.content.decode()


def stored(document):
    return full_data(BlockDocument.objects.get(pk=document["id"]))


def form_of(page):
    return re.search(r'<form method="post" class="card form".*?</form>', page, re.DOTALL)[0]


def send(client, address, **changed):
    form = form_of(text(client.get(address)))
    return client.post(address, posted(form, **changed).urlencode(), "application/x-www-form-urlencoded")


def test_it_lists_them_with_their_type(client, document):
    page = text(client.get("/blocks/"))

    assert f'href="/blocks/block/{document["id"]}">main</a>' in page
    assert "My Database" in page
    assert "read-things" in page
    assert "<img" not in page


@pytest.mark.parametrize(
    ("query", "count"), [("q=mai", 1), ("q=zz", 0), ("type=my-database", 1), ("can=read-things", 1), ("can=x", 0)]
)
def test_it_filters_them(client, document, query, count):
    assert text(client.get(f"/blocks/?{query}")).count('<td class="name">') == count


def test_secrets_are_in_no_page(client, document):
    """CFG-2: secret values are never in the HTML."""
    address = f"/blocks/block/{document['id']}"
    pages = [address, f"{address}?fragment=contents", f"{address}/edit", "/blocks/", "/blocks/?export=json"]

    for page in pages:
        answer = client.get(page)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code == 200
        assert SECRET.encode() not in body
    assert "********" in text(client.get(address))


def test_the_catalog_has_every_type_and_a_letter_for_each(client, schema):
    page = text(client.get("/blocks/catalog/"))

    assert ">My Database</a>" in page
    assert "Where &lt;things&gt; are." in page
    assert ">MD</b>" in page
    assert "http" not in re.search(r"<main.*</main>", page, re.DOTALL)[0]


def test_the_catalog_is_searched(client, schema):
    page = text(client.get("/blocks/catalog/?q=my-data"))

    assert page.count("<li><b") == 1


def test_a_type_shows_its_fields_and_its_blocks(client, document):
    page = text(client.get("/blocks/catalog/my-database"))

    assert ">port</td>" in page
    assert ">main</a>" in page
    assert "/blocks/catalog/my-database/create" in page


def test_one_is_created_in_the_form_of_its_schema(client, schema):
    answer = send(client, "/blocks/catalog/my-database/create", name="mine", p__host="db1", p__password=SECRET)

    made = BlockDocument.objects.get(name="mine")
    assert answer["Location"] == f"/blocks/block/{made.pk}"
    assert full_data(made) == {"host": "db1", "password": SECRET}


@pytest.mark.parametrize(
    ("name", "message"), [("", "A block needs a name."), ("A B", "must only"), ("main", "already")]
)
def test_a_name_that_will_not_do_is_told(client, document, name, message):
    answer = send(client, "/blocks/catalog/my-database/create", name=name, p__host="x")

    assert answer.status_code == 422
    assert message in re.search(r'id="block-name-e">(.*?)</p>', text(answer))[1]


def test_what_is_missing_is_told_beside_its_field(client, schema):
    answer = send(client, "/blocks/catalog/my-database/create", name="mine", p__password=SECRET)

    assert re.search(r'id="p.host"[^>]*aria-invalid="true"[^>]*autofocus', text(answer))
    assert SECRET not in text(answer)
    assert not BlockDocument.objects.filter(name="mine").exists()


def test_an_empty_secret_stays_and_the_rest_changes(client, document):
    """CFG-2: an empty secret keeps the stored one."""
    answer = send(client, f"/blocks/block/{document['id']}/edit", p__host="db2")

    assert answer.status_code == 303
    assert stored(document) == {"host": "db2", "password": SECRET, "token": f"{SECRET}-2"}


def test_a_secret_is_exchanged(client, document):
    send(client, f"/blocks/block/{document['id']}/edit", p__password="new")

    assert stored(document) == {"host": "db", "password": "new", "token": f"{SECRET}-2"}


def test_secrets_survive_the_json(client, document):
    """CFG-2: and are not in it."""
    address = f"/blocks/block/{document['id']}/edit"
    form = form_of(text(client.get(address)))
    tab = client.post(
        address, posted(form, press=("p:switch", "json")).urlencode(), "application/x-www-form-urlencoded"
    )

    answer = client.post(address, posted(form_of(text(tab))).urlencode(), "application/x-www-form-urlencoded")

    assert SECRET not in text(tab)
    assert answer.status_code == 303
    assert stored(document)["password"] == SECRET


def test_a_block_that_holds_another_offers_those_of_its_type(api, client, kind, schema, document):
    outer = make_type(api, name="App", slug="app")
    fields = {
        "title": "App",
        "type": "object",
        "properties": {"database": {"$ref": "#/definitions/Database"}},
        "definitions": {"Database": {**DATABASE, "secret_fields": ["password"]}},
        "block_schema_references": {
            "database": {"block_type_slug": "my-database", "block_schema_checksum": schema["checksum"]}
        },
    }
    made = make_document(
        api, {"database": holding(document)}, schema=make_schema(api, outer, fields=fields), name="app"
    )
    page = text(client.get(f"/blocks/block/{made['id']}"))

    answer = send(client, f"/blocks/block/{made['id']}/edit")

    assert f'href="/blocks/block/{document["id"]}">main</a>' in page
    assert answer.status_code == 303
    assert BlockDocument.objects.get(pk=made["id"]).references.get().document_id.hex == document["id"].replace("-", "")
    assert ">app</a>" in text(client.get(f"/blocks/block/{document['id']}"))


def test_it_asks_before_it_deletes(client, document):
    asked = client.post(f"/blocks/block/{document['id']}/delete")
    assert BlockDocument.objects.filter(pk=document["id"]).exists()
    client.post(f"/blocks/block/{document['id']}/delete", {"confirmed": "1"})

    assert "Delete the block main?" in text(asked)
    assert not BlockDocument.objects.filter(pk=document["id"]).exists()


def test_secrets_are_shown_to_an_administrator_and_that_is_written_down(admin_client, admin_user, document):
    """CFG-2: reveal needs permission and writes an audit entry."""
    page = text(admin_client.post(f"/blocks/block/{document['id']}/reveal"))

    entry = LogEntry.objects.get()
    assert SECRET in page
    assert (entry.user, entry.object_id, entry.change_message) == (admin_user, document["id"], "Looked at the secrets.")
    assert Event.objects.get(event="orchestrator.block-document.revealed").payload == {"by": admin_user.username}
    again = text(admin_client.get(f"/blocks/block/{document['id']}"))
    assert SECRET not in again
    assert f'href="/admin/store/blockdocument/{document["id"]}/change/"' in again
    assert f'href="/events/?resource=prefect.block-document.{document["id"]}"' in again


def test_on_an_open_server_an_event_tells_that_somebody_looked(client, document):
    page = text(client.post(f"/blocks/block/{document['id']}/reveal"))

    assert SECRET in page
    assert Event.objects.get(event="orchestrator.block-document.revealed").payload == {"by": None}


def test_what_no_key_opens_any_more_is_told(client, document):
    BlockDocument.objects.update(encrypted_data="lost")

    page = text(client.get(f"/blocks/block/{document['id']}"))
    revealed = client.post(f"/blocks/block/{document['id']}/reveal")

    assert "cannot be decrypted" in page
    assert revealed.status_code == 200
    assert "cannot be decrypted" in text(revealed)


def test_secrets_are_not_shown_to_anybody_else(client, document, django_user_model, settings):
    """CFG-2: an operator may not see them."""
    settings.API_AUTH = "required"
    operator = django_user_model.objects.create_user("operator")
    operator.user_permissions.set(Permission.objects.filter(content_type__app_label__in=["runs", "deployments"]))
    client.force_login(operator)

    answer = client.post(f"/blocks/block/{document['id']}/reveal")

    assert answer.status_code == 403
    assert SECRET not in text(answer)
    assert not LogEntry.objects.exists()


def test_an_empty_list_leads_to_the_catalog(client):
    assert 'href="/blocks/catalog/">Choose a type' in text(client.get("/blocks/"))


@pytest.mark.parametrize(
    "path", ["/blocks/block/{}", "/blocks/block/{}/edit", "/blocks/catalog/none", "/blocks/catalog/none/create"]
)
def test_no_such_block(client, path):
    assert client.get(path.format("3b6c0e8a-1111-4222-8333-444455556666")).status_code == 404


def test_it_asks_little(api, client, schema, django_assert_max_num_queries):
    for number in range(20):
        make_document(api, {"host": "x"}, schema=schema, name=f"n{number}")

    with django_assert_max_num_queries(MOST_QUERIES):
        client.get("/blocks/?q=n")
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get("/blocks/catalog/")
