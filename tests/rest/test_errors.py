import pytest
from django.db import IntegrityError, OperationalError

from orchestrator.rest import handshake
from orchestrator.rest.errors import Conflict, NotFound, Refused, Unprocessable


def raising(error):
    def get(self, request):
        raise error

    return get


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (NotFound("Flow not found"), 404, {"detail": "Flow not found"}),
        (Conflict("taken"), 409, {"detail": "taken"}),
        (Unprocessable("no"), 422, {"detail": "no"}),
        (Refused("bad"), 400, {"detail": "bad"}),
        (Refused("gone", 410), 410, {"detail": "gone"}),
        # A unique value that is taken is the client's business, and so is a parent that is missing.
        (IntegrityError("UNIQUE failed"), 409, {"detail": "An object with these unique values already exists."}),
        (IntegrityError("FOREIGN KEY constraint failed"), 409, {"detail": "A referenced object does not exist."}),
        # Clients ask again after a 503, and give up after a 500.
        (OperationalError("database is locked"), 503, {"exception_message": "Service Unavailable"}),
        (RuntimeError("a bug"), 500, {"exception_message": "Internal Server Error"}),
    ],
)
def test_answers_each_error_in_the_shape_of_the_contract(api, monkeypatch, error, status, body):
    monkeypatch.setattr(handshake.Hello, "get", raising(error))

    response = api.get("/hello")

    assert (response.status_code, response.json()) == (status, body)


def test_says_when_to_ask_a_busy_server_again(api, monkeypatch):
    monkeypatch.setattr(handshake.Hello, "get", raising(OperationalError("database is locked")))

    response = api.get("/hello")

    assert float(response["Retry-After"]) > 0


def test_names_the_key_that_is_wrong_in_a_body(api):
    response = api.post("/flow_runs/filter", {"flow_runs": {"id": {"any_": ["not-a-uuid"]}}})

    answer = response.json()
    assert response.status_code == 422
    assert answer["exception_detail"][0]["loc"][:5] == ["body", "flow_runs", "id", "any_", 0]
    assert {"type", "msg"} <= set(answer["exception_detail"][0])
    assert answer["request_body"] == {"flow_runs": {"id": {"any_": ["not-a-uuid"]}}}


def test_refuses_keys_that_it_does_not_know(api):
    assert api.post("/flows", {"name": "a", "colour": "red"}).status_code == 422


def test_answers_unknown_addresses_in_json(api):
    response = api.get("/nothing/here")

    assert (response.status_code, response.json()) == (404, {"detail": "Not Found"})


def test_does_not_find_an_id_that_is_no_uuid(api):
    assert api.get("/flow_runs/not-a-uuid").status_code == 404


def test_answers_405_to_another_method(api):
    response = api.get("/flows/count")

    assert (response.status_code, response.json()) == (405, {"detail": "Method Not Allowed"})


@pytest.mark.parametrize("number", [-(2**63) - 1, -(2**31) - 1, 2**63])
def test_refuses_a_number_that_no_database_holds(api, number):
    response = api.post("/concurrency_limits/", {"tag": "a", "concurrency_limit": number})

    assert response.status_code in (201, 422)


def test_refuses_an_address_with_far_too_many_keys(api):
    response = api.get("/flow_run_states?" + "&".join(f"a{number}" for number in range(2_000)))

    assert response.status_code == 400
    assert isinstance(response.json()["detail"], str)


def test_answers_a_request_that_is_too_large_for_the_database_for_good(api):
    tags = [str(number) for number in range(3000)]

    response = api.post("/deployments/filter", {"deployments": {"tags": {"any_": tags}}})

    assert response.status_code in (200, 422)
