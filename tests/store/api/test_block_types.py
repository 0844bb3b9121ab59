"""Block types, as clients register and describe them."""

from __future__ import annotations

import uuid

import pytest

from orchestrator.events.models import Event
from tests.store.making import make_document, make_schema, make_type


def test_are_registered_and_read(api):
    made = make_type(api, logo_url="https://example.org/logo.png")

    assert made["is_protected"] is False
    assert api.get(f"/block_types/{made['id']}").json() == made
    assert api.get(f"/block_types/slug/{made['slug']}").json() == made


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "Prefect Thing", "slug": "thing"}, 403),
        ({"name": "a/b", "slug": "thing"}, 422),
        ({"name": "Thing", "slug": "Not A Slug"}, 422),
        ({"name": "Thing"}, 422),
        ({"name": "Thing", "slug": "thing", "is_protected": True}, 422),
        ({"name": "Secret", "slug": "secret"}, 409),
    ],
)
def test_are_refused_when_they_do_not_fit(api, body, status):
    assert api.post("/block_types/", body).status_code == status


def test_escape_markup_of_new_texts(api):
    assert make_type(api, description="<b>bold</b>")["description"] == "&lt;b&gt;bold&lt;/b&gt;"


def test_are_described_anew_and_make_an_event_only_for_news(api):
    made = make_type(api, description="old")

    statuses = [api.patch(f"/block_types/{made['id']}", {"description": text}).status_code for text in ("new", "new")]

    assert statuses == [204, 204]
    assert api.get(f"/block_types/{made['id']}").json()["description"] == "new"
    events = Event.objects.filter(resource_id=f"prefect.block-type.{made['id']}").order_by("sequence")
    assert [event.event for event in events] == ["prefect.block-type.created", "prefect.block-type.updated"]
    assert api.patch(f"/block_types/{made['id']}", {"name": "x"}).status_code == 422


def test_go_with_all_that_is_of_them(api):
    document = make_document(api, {})

    assert api.delete(f"/block_types/{document['block_type_id']}").status_code == 204

    for path in (f"/block_types/{document['block_type_id']}", f"/block_documents/{document['id']}"):
        assert api.get(path).status_code == 404


def test_stay_when_they_belong_to_the_system(api):
    secret = api.get("/block_types/slug/secret").json()

    assert api.delete(f"/block_types/{secret['id']}").status_code == 403
    assert api.get("/block_types/slug/secret").status_code == 200


def test_are_found_by_name_slug_and_ability(api):
    def slugs(**body):
        return [one["slug"] for one in api.post("/block_types/filter", body).json()]

    assert slugs(block_types={"slug": {"any_": ["secret", "webhook"]}}) == ["secret", "webhook"]
    assert slugs(block_types={"name": {"like_": "SLACK"}}) == ["slack-credentials", "slack-webhook"]
    assert "slack-webhook" in slugs(block_schemas={"block_capabilities": {"all_": ["notify"]}})
    assert "secret" not in slugs(block_schemas={"block_capabilities": {"all_": ["notify"]}})
    assert len(slugs(limit=3)) == 3


def test_answer_404_for_what_nobody_registered(api):
    for path in (f"/block_types/{uuid.uuid4()}", "/block_types/slug/none", "/block_types/slug/none/block_documents"):
        assert api.get(path).json() == {"detail": "Block type not found"}
    assert api.delete(f"/block_types/{uuid.uuid4()}").status_code == 404


def test_of_the_system_can_be_installed_again(api):
    response = api.post("/block_types/install_system_block_types")

    assert (response.status_code, response.json()) == (200, None)


def test_list_their_named_documents(api):
    schema = make_schema(api, make_type(api), secret=("key",))
    named = make_document(api, {"key": "hush"}, schema=schema, name="a")
    make_document(api, {}, schema=schema, name=None, is_anonymous=True)
    path = f"/block_types/slug/{named['block_type']['slug']}/block_documents"

    masked, shown = api.get(path).json(), api.get(f"{path}?include_secrets=true").json()

    assert [one["data"] for one in (*masked, *shown)] == [{"key": "********"}, {"key": "hush"}]
    assert api.get(f"{path}/name/a?include_secrets=true").json() == shown[0]
    assert api.get(f"{path}/name/b").json() == {"detail": "Block document not found"}
