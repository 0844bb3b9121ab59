"""What people are told when something does not work."""

import pytest

from orchestrator.cli.errors import in_plain_words
from orchestrator.cli.exits import FAILED, NOT_ALLOWED, NOT_FOUND, UNREACHABLE
from orchestrator.sdk.errors import ApiError, ServerUnreachable, SettingError


def api_error(status, body):
    return ApiError(f"GET /x: the server answered {status}", status=status, body=body)


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ServerUnreachable("no answer"), UNREACHABLE, "orchestrator server start"),
        (api_error(401, {"detail": "no key"}), NOT_ALLOWED, "config set API_KEY"),
        (api_error(403, {"detail": "reserved"}), NOT_ALLOWED, "Not allowed: reserved"),
        (api_error(404, {"detail": "Flow not found"}), NOT_FOUND, "Not found: Flow not found"),
        (api_error(404, {"detail": "Not Found"}), NOT_FOUND, "GET /x"),
        (api_error(409, {"detail": "taken"}), FAILED, "refused: taken"),
        (api_error(500, {"exception_message": "Internal"}), FAILED, "its log says more"),
        (api_error(405, {"detail": "Method"}), FAILED, "405"),
        (api_error(502, "<html>"), FAILED, "GET /x"),
        (SettingError("X is 'y'"), FAILED, "X is 'y'"),
    ],
)
def test_says_what_it_was_and_what_helps(error, code, words):
    told = in_plain_words(error)

    assert words in told.message
    assert told.exit_code == code


def test_names_the_fields_that_are_wrong():
    troubles = [
        {"loc": ["body", "limit"], "msg": "Value error, too large", "type": "value_error"},
        {"loc": ["body", "name"], "msg": "Field required", "type": "missing"},
    ]

    told = in_plain_words(api_error(422, {"exception_detail": troubles})).message

    assert told.endswith("limit: too large; name: Field required")


def test_tells_of_the_form_that_was_meant_where_there_are_several():
    troubles = [
        {"loc": ["body", "schedule", "IntervalSchedule", "interval"], "msg": "Field required", "type": "missing"},
        {"loc": ["body", "schedule", "IntervalSchedule", "cron"], "msg": "Extra", "type": "extra_forbidden"},
        {"loc": ["body", "schedule", "f[v, CronSchedule]", "cron"], "msg": "bad cron", "type": "value_error"},
        {"loc": ["body", "slug"], "msg": "too long", "type": "string_too_long"},
    ]

    told = in_plain_words(api_error(422, {"exception_detail": troubles})).message

    assert told.endswith("refused: schedule.cron: bad cron; slug: too long")
