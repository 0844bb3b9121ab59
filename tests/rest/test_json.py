from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import orjson
import pytest

from orchestrator.rest.json import JsonAnswer, dump, load_json


def test_writes_times_with_microseconds_and_z():
    whole_second = datetime(2026, 11, 20, 21, 11, 42, tzinfo=UTC)

    text = dump([whole_second])

    assert text == b'["2026-11-20T21:11:42.000000Z"]'


def test_writes_times_of_other_zones_as_utc():
    in_paris = datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=1)))

    assert dump(in_paris) == b'"2026-01-01T00:00:00.000000Z"'


def test_writes_uuids_and_sets():
    uuid = UUID("c862d0e5-22a7-40c4-a50b-d76826913428")

    assert orjson.loads(dump({"id": uuid, "keys": {"b", "a"}})) == {"id": str(uuid), "keys": ["a", "b"]}


def test_refuses_what_has_no_json_form():
    with pytest.raises(TypeError):
        dump(object())


def test_answers_nothing_as_null_unless_there_is_to_be_no_body():
    null, nothing = JsonAnswer(None, 202), JsonAnswer(status=204, headers={"Retry-After": "1"})

    assert (null.status_code, null.content, null["Content-Type"]) == (202, b"null", "application/json")
    assert (nothing.status_code, nothing.content, dict(nothing.headers)) == (204, b"", {"Retry-After": "1"})


def test_takes_a_body_without_a_content_type(api):
    response = api._client.generic("POST", "/api/flows/count", b"{}", content_type="")

    assert (response.status_code, response.json()) == (200, 0)


def test_ignores_accept(api):
    response = api.get("/version", accept="text/html")

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


def test_answers_422_when_the_body_is_no_json(api):
    response = api.post("/flows/filter", "{nonsense")

    assert response.status_code == 422
    assert response.json()["exception_message"] == "Invalid request received."
    assert response.json()["exception_detail"][0]["type"] == "json_invalid"


@pytest.mark.parametrize(("depth", "is_taken"), [(200, True), (250, False), (900, False)])
def test_refuses_what_it_could_not_write_again(depth, is_taken):
    text = "[" * depth + "]" * depth

    if is_taken:
        assert load_json(text)
    else:
        with pytest.raises(orjson.JSONDecodeError, match="too deeply"):
            load_json(text.encode())


def test_takes_a_long_list_that_is_not_deep():
    assert len(load_json(dump([{"a": [1]}] * 1000))) == 1000


def test_takes_no_character_that_postgresql_cannot_store():
    assert load_json(b'{"a\\u0000": ["\\u0000", {"b": "c\\u0000"}]}') == {"a\ufffd": ["\ufffd", {"b": "c\ufffd"}]}


HUGE = 123456789012345678901234567890


def test_keeps_integers_beyond_64_bits():
    assert load_json(f'{{"n": {HUGE}}}') == {"n": HUGE}
    assert dump({"n": HUGE, "id": UUID(int=1)}) == f'{{"n":{HUGE},"id":"{UUID(int=1)}"}}'.encode()


def test_brings_a_huge_parameter_back_as_it_came(api):
    flow = api.post("/flows/", {"name": "huge"}).json()

    made = api._client.generic(
        "POST",
        "/api/flow_runs/",
        f'{{"flow_id": "{flow["id"]}", "parameters": {{"n": {HUGE}}}}}',
        content_type="application/json",
    )

    assert made.status_code == 201, made.content
    assert api.get(f"/flow_runs/{made.json()['id']}").json()["parameters"] == {"n": HUGE}


@pytest.mark.parametrize(
    "text",
    [
        '{"n": 1234567890123456789012, "x": NaN}',
        '{"n": 1234567890123456789012',
        "9" * 5000,
        '{"n": 1234567890123456789012, "x": "\\ud800"}',
        b'{"n": 1234567890123456789012, "x": "\xed\xa0\x80"}',
        "9" * 400,
    ],
)
def test_refuses_what_is_no_json_also_beside_long_numbers(text):
    with pytest.raises(orjson.JSONDecodeError):
        load_json(text)
