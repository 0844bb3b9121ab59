"""Viewers read, operators run things, admins do all; the admin site and the API agree."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import URLPattern, URLResolver, get_resolver

from orchestrator.accounts.keys import create_api_key
from orchestrator.accounts.models import User
from orchestrator.accounts.roles import Role, role_of
from orchestrator.rest.authentication import only_reads
from tests.api_client import ApiClient

pytestmark = pytest.mark.django_db

WRITES = [
    ("post", "/flows/", {"name": "etl"}),
    ("post", "/flow_runs/bulk_delete", {}),
    ("post", "/logs/", []),
    ("post", "/variables/", {"name": "a", "value": 1}),
    ("delete", "/flows/11111111-1111-4111-8111-111111111111", None),
    ("delete", "/v2/concurrency_limits/count", None),
    ("delete", "/work_pools/default/queues/filter", None),
    ("patch", "/work_pools/default/queues/count", {"priority": 1}),
]


def a_user(role: Role | None, **more: object) -> User:
    user = User.objects.create(username=role.group if role else "nobody", **more)
    if role:
        user.groups.add(Group.objects.get(name=role.group))
    return user


@pytest.fixture
def closed(settings):
    settings.API_AUTH = "required"


@pytest.fixture
def client_of(closed):
    """A program whose key stands for somebody in a role."""

    def make(role: Role | None) -> ApiClient:
        _, text = create_api_key(name="laptop", user=a_user(role))
        return ApiClient(authorization=f"Bearer {text}")

    return make


@pytest.mark.parametrize("role", list(Role))
def test_is_that_of_the_group(role):
    assert role_of(a_user(role)) is role


def test_is_admin_for_a_superuser():
    assert role_of(a_user(None, is_superuser=True)) is Role.ADMIN


def test_is_viewer_for_somebody_in_no_group():
    assert role_of(a_user(None)) is Role.VIEWER


def test_is_the_highest_of_several():
    user = a_user(Role.VIEWER)
    user.groups.add(Group.objects.get(name="operator"))

    assert role_of(user) is Role.OPERATOR


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
@pytest.mark.parametrize("role", [None, Role.VIEWER])
def test_keeps_viewers_from_writing(client_of, role, method, path, body):
    arguments = (path,) if body is None else (path, body)

    answer = getattr(client_of(role), method)(*arguments)

    assert answer.status_code == 403
    assert b"operator" in answer.content


def test_lets_viewers_ask_questions_that_are_posted(client_of):
    viewer = client_of(Role.VIEWER)

    assert viewer.post("/flow_runs/filter", {}).status_code == 200
    assert viewer.post("/flows/count", {}).status_code == 200
    assert viewer.get("/version").status_code == 200


def test_keeps_secrets_from_viewers(client_of):
    viewer = client_of(Role.VIEWER)

    assert viewer.post("/block_documents/filter", {"include_secrets": True}).status_code == 403
    assert viewer.post("/block_documents/filter", {"include_secrets": False}).status_code == 200


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMIN])
def test_lets_operators_write(client_of, role):
    assert client_of(role).post("/flows/", {"name": "etl"}).status_code == 201


def test_lets_a_program_write_whose_key_belongs_to_nobody(closed):
    _, text = create_api_key(name="worker")

    assert ApiClient(authorization=f"Bearer {text}").post("/flows/", {"name": "etl"}).status_code == 201


def test_asks_nobody_on_an_open_server(api):
    assert api.post("/flows/", {"name": "etl"}).status_code == 201


def test_takes_every_other_posted_address_for_one_that_writes(rf):
    read = {path for path in posted_addresses() if only_reads(rf.post(path))}

    assert {path.split("/")[-1].split("?")[0] for path in read} <= {
        "filter", "next", "count", "count-task-runs", "count-deployments", "counts", "paginate", "history", "lateness",
        "validate", "x",
    }  # fmt: skip
    assert not any("set_state" in path or "bulk" in path or "delete" in path for path in read)


def test_takes_no_posted_address_for_a_question_because_of_a_name_at_its_end():
    varying = [path for path in posted_addresses() if path.rstrip("/").endswith("/x")]

    assert varying == ["/api/events/count-by/x"]


def posted_addresses() -> list[str]:
    """The API's addresses that take POST, with `x` for what varies."""
    found = []

    def walk(patterns, before: str) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, before + str(pattern.pattern))
            elif isinstance(pattern, URLPattern):
                view = getattr(pattern.callback, "view_class", None)
                if view is not None and hasattr(view, "post"):
                    found.append("/" + before + "".join(_plain(str(pattern.pattern))))

    walk(get_resolver().url_patterns, "")
    return [path for path in found if path.startswith("/api/")]


def _plain(pattern: str) -> str:
    parts = ["x" if part.startswith("<") else part for part in pattern.split("/")]
    return "/".join(parts)


def test_gives_viewers_the_right_to_see_everything_and_nothing_else():
    rights = Group.objects.get(name="viewer").permissions.values_list("codename", flat=True)

    assert {"view_flowrun", "view_deployment", "view_user"} <= set(rights)
    assert all(right.startswith("view_") for right in rights)


def test_gives_operators_what_runs_but_neither_people_nor_secrets():
    rights = set(Group.objects.get(name="operator").permissions.values_list("codename", flat=True))

    assert {"change_deployment", "delete_flowrun", "add_variable"} <= rights
    assert not {"change_user", "add_apikey", "change_blockdocument", "change_periodictask"} & rights


def test_gives_admins_every_right():
    assert Group.objects.get(name="admin").permissions.count() == Permission.objects.count()
