from datetime import timedelta
from uuid import uuid4

import pytest

from deployments.models import DeploymentSchedule
from deployments.services import schedules
from orchestrator.contract.times import now
from orchestrator.events.models import Event
from runs.models import FlowRun
from tests.factories import make_deployment, make_flow, make_flow_run, make_work_pool

EVERY_DAY = {"schedule": {"interval": 86_400}, "slug": "day"}
EVERY_HOUR = {"schedule": {"cron": "0 * * * *", "timezone": "Europe/Berlin"}, "slug": "hour"}
EVERY_WEEK = {"schedule": {"rrule": "FREQ=WEEKLY"}, "slug": "week"}


@pytest.fixture
def flow(db):
    return make_flow("numbers")


@pytest.fixture
def deployment(api, flow):
    body = {"name": "nightly", "flow_id": flow.pk, "schedules": [EVERY_DAY, EVERY_HOUR]}
    return api.post("/deployments/", body).json()


def slugs(api, deployment):
    return {one["slug"]: one for one in api.get(f"/deployments/{deployment['id']}/schedules").json()}


def planned(flow, deployment, *, ahead=timedelta(hours=1), auto=True, **columns):
    """A run that a schedule, or somebody, planned `ahead` of now."""
    values = {"next_scheduled_start_time": now() + ahead, "auto_scheduled": auto, "deployment_id": deployment["id"]}
    return make_flow_run("SCHEDULED", flow=flow, **values | columns)


def test_are_told_by_the_deployment_newest_first(deployment):
    assert [one["slug"] for one in deployment["schedules"]] == ["hour", "day"]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"interval": "PT1H", "anchor_date": "2024-01-01T00:00:00-05:00"}, {"interval": 3600.0, "timezone": "UTC"}),
        ({"interval": 0.5, "anchor_date": "2024-01-01T00:00:00", "timezone": "Asia/Tokyo"}, {"timezone": "Asia/Tokyo"}),
        ({"cron": "@daily"}, {"cron": "@daily", "timezone": None, "day_or": True}),
        ({"rrule": "FREQ=DAILY"}, {"rrule": "DTSTART:20200101T000000\nFREQ=DAILY", "timezone": "UTC"}),
    ],
)
def test_are_stored_in_full(api, deployment, given, stored):
    response = api.post(f"/deployments/{deployment['id']}/schedules", [{"schedule": given}])

    made = response.json()[0]
    assert (response.status_code, made["active"], made["parameters"]) == (201, True, {})
    assert stored.items() <= made["schedule"].items()


def test_of_short_steps_begin_lately(api, deployment):
    """Else every look at the rule would count the minutes of years."""
    given = {"schedule": {"rrule": "FREQ=MINUTELY;INTERVAL=5"}}

    made = api.post(f"/deployments/{deployment['id']}/schedules", [given]).json()[0]

    assert made["schedule"]["rrule"].startswith(f"DTSTART:{now():%Y%m%dT%H}")


@pytest.mark.parametrize(
    "schedule",
    [
        {},
        {"interval": 0},
        {"interval": -60},
        {"interval": 60, "cron": "* * * * *"},
        {"interval": 60, "timezone": "Mars/Olympus"},
        {"cron": "bad"},
        {"cron": "R * * * *"},
        {"cron": "0 0 15W * *"},
        {"cron": "0 0 * * *", "timezone": "Mars/Olympus"},
        {"rrule": "FREQ=OFTEN"},
        {"rrule": "FREQ=DAILY;INTERVAL=0"},
        {"rrule": "DTSTART:bad\nRRULE:FREQ=DAILY"},
        {"rrule": "RDATE:" + ",".join(["20260101T000000"] * 500)},
        {"rrule": "FREQ=DAILY", "timezone": "Mars/Olympus"},
    ],
)
def test_are_refused_when_nobody_could_follow_them(api, deployment, schedule):
    response = api.post(f"/deployments/{deployment['id']}/schedules", [{"schedule": schedule}])

    assert response.status_code == 422
    assert response.json()["exception_message"] == "Invalid request received."


def test_are_bounded_in_number_however_they_come(api, deployment, monkeypatch):
    monkeypatch.setattr(schedules, "MOST_SCHEDULES", 3)
    hourly = {"schedule": {"interval": 3600}}
    room = 3 - DeploymentSchedule.objects.count()
    path = f"/deployments/{deployment['id']}/schedules"
    assert api.post(path, [hourly] * room).status_code == 201

    response = api.post(path, [hourly])

    assert response.status_code == 422
    assert response.json()["detail"] == "A deployment has at most 3 schedules."
    assert api.post(path, [hourly] * 501).status_code == 422
    assert DeploymentSchedule.objects.count() == 3


def test_have_names_of_their_own(api, deployment):
    response = api.post(f"/deployments/{deployment['id']}/schedules", [EVERY_DAY])

    assert response.status_code == 409
    assert len(slugs(api, deployment)) == 2


def test_change_one_by_one_and_plan_the_future_anew(api, flow, deployment):
    path = f"/deployments/{deployment['id']}/schedules"
    day = slugs(api, deployment)["day"]
    future = planned(flow, deployment)
    due = planned(flow, deployment, ahead=-timedelta(minutes=1))

    response = api.patch(f"{path}/{day['id']}", {"active": False, "parameters": {"n": 1}})

    assert response.status_code == 204
    changed = slugs(api, deployment)["day"]
    assert (changed["active"], changed["parameters"], changed["schedule"]) == (False, {"n": 1}, day["schedule"])
    assert not FlowRun.objects.filter(pk=future.pk).exists()
    assert FlowRun.objects.filter(pk=due.pk).exists()


def test_take_their_runs_along(api, flow, deployment):
    day = slugs(api, deployment)["day"]
    planned(flow, deployment)
    planned(flow, deployment, ahead=-timedelta(minutes=1))
    by_hand = planned(flow, deployment, auto=False)

    response = api.delete(f"/deployments/{deployment['id']}/schedules/{day['id']}")

    assert response.status_code == 204
    assert list(FlowRun.objects.all()) == [by_hand]
    assert set(slugs(api, deployment)) == {"hour"}


def test_are_not_found_elsewhere(api, deployment):
    path = f"/deployments/{deployment['id']}/schedules/{uuid4()}"
    elsewhere = f"/deployments/{uuid4()}/schedules"

    for response in (api.patch(path, {"active": False}), api.delete(path)):
        assert (response.status_code, response.json()) == (404, {"detail": "Schedule not found."})
    for response in (api.get(elsewhere), api.post(elsewhere, [EVERY_DAY]), api.delete(f"{elsewhere}/{uuid4()}")):
        assert (response.status_code, response.json()) == (404, {"detail": "Deployment not found."})


class TestOfADeployment:
    def test_are_replaced_when_it_is_applied_again(self, api, flow, deployment):
        again = api.post("/deployments/", {"name": "nightly", "flow_id": flow.pk, "schedules": [EVERY_WEEK]})

        assert [one["slug"] for one in again.json()["schedules"]] == ["week"]

    def test_are_gone_when_it_is_applied_without_any(self, api, flow, deployment):
        assert api.post("/deployments/", {"name": "nightly", "flow_id": flow.pk}).json()["schedules"] == []

    def test_change_by_their_slugs_and_the_others_stay(self, api, deployment):
        before = slugs(api, deployment)

        response = api.patch(
            f"/deployments/{deployment['id']}", {"schedules": [{"slug": "day", "active": False}, EVERY_WEEK]}
        )

        after = slugs(api, deployment)
        assert response.status_code == 204
        assert set(after) == {"day", "hour", "week"}
        assert (after["day"]["id"], after["day"]["active"]) == (before["day"]["id"], False)

    def test_can_change_their_names_with_each_other(self, api, deployment):
        before = slugs(api, deployment)
        swapped = [{"slug": "day", "replaces": "hour"}, {"slug": "hour", "replaces": "day"}]

        assert api.patch(f"/deployments/{deployment['id']}", {"schedules": swapped}).status_code == 204

        after = slugs(api, deployment)
        assert (after["day"]["id"], after["hour"]["id"]) == (before["hour"]["id"], before["day"]["id"])

    @pytest.mark.parametrize(
        "schedules",
        [
            [{"schedule": {"interval": 60}}],  # which one is it?
            [{"slug": "new"}],  # when?
            [{"slug": "new", "replaces": "gone"}],
            [{"slug": "day", "replaces": "hour"}],  # there is a `day` already
            [{"slug": "a", "replaces": "day"}, {"slug": "b", "replaces": "day"}],
        ],
    )
    def test_are_refused_when_they_cannot_be_told_apart(self, api, deployment, schedules):
        response = api.patch(f"/deployments/{deployment['id']}", {"schedules": schedules, "description": "changed"})

        assert response.status_code == 422
        assert isinstance(response.json()["detail"], str)
        assert set(slugs(api, deployment)) == {"day", "hour"}
        assert api.get(f"/deployments/{deployment['id']}").json()["description"] is None

    def test_are_all_replaced_when_one_has_no_slug(self, api, deployment):
        path = f"/deployments/{deployment['id']}"
        api.post(f"{path}/schedules", [{"schedule": {"interval": 60}}])

        api.patch(path, {"schedules": [EVERY_WEEK, {"active": True}]})

        assert set(slugs(api, deployment)) == {"week"}

    @pytest.mark.parametrize("change", [{"description": "new"}, {"tags": ["a"]}, {"schedules": []}])
    def test_stay_when_others_things_change_and_plan_anew(self, api, flow, deployment, change):
        planned(flow, deployment)
        kept = [
            planned(flow, deployment, ahead=-timedelta(minutes=1)),
            planned(flow, deployment, auto=False),
            planned(flow, deployment, state_name="AwaitingConcurrencySlot"),
            planned(flow, deployment, run_count=1),
        ]

        api.patch(f"/deployments/{deployment['id']}", change)

        assert set(slugs(api, deployment)) == {"day", "hour"}
        assert set(FlowRun.objects.all()) == set(kept)

    def test_plan_nothing_while_it_is_paused(self, api, flow, deployment):
        planned(flow, deployment)
        planned(flow, deployment, ahead=-timedelta(minutes=1))
        by_hand = planned(flow, deployment, auto=False)

        assert api.post(f"/deployments/{deployment['id']}/pause_deployment").status_code == 200

        assert list(FlowRun.objects.all()) == [by_hand]
        assert api.get(f"/deployments/{deployment['id']}").json()["paused"] is True


class TestRunsThatArePlanned:
    def plan(self, api, deployment, **body):
        response = api.post(f"/deployments/{deployment['id']}/schedule", body)
        assert (response.status_code, response.json()) == (200, None)
        return list(FlowRun.objects.order_by("next_scheduled_start_time"))

    @pytest.fixture
    def daily(self, api, flow):
        make_work_pool("cluster")
        body = {
            "name": "daily",
            "flow_id": flow.pk,
            "work_pool_name": "cluster",
            "version": "v1",
            "parameters": {"n": 1, "m": 1},
            "tags": ["a"],
            "labels": {"team": "data"},
            "job_variables": {"x": 1},
            "schedules": [{**EVERY_DAY, "parameters": {"n": 2}}],
        }
        return api.post("/deployments/", body).json()

    def test_are_made_as_the_deployment_and_the_schedule_say(self, api, flow, daily):
        runs = self.plan(api, daily)

        answer = api.get(f"/flow_runs/{runs[0].pk}").json()
        assert len(runs) == 3
        assert (answer["parameters"], answer["tags"]) == ({"n": 2, "m": 1}, ["auto-scheduled", "a"])
        assert (answer["deployment_version"], answer["job_variables"]) == ("v1", {})
        assert (answer["work_pool_name"], answer["work_queue_name"]) == ("cluster", "default")
        assert answer["auto_scheduled"] is True
        assert answer["labels"] == {
            "team": "data",
            "prefect.flow.id": str(flow.pk),
            "prefect.deployment.id": daily["id"],
        }
        schedule = daily["schedules"][0]
        assert answer["created_by"] == {"id": schedule["id"], "type": "SCHEDULE", "display_value": "day"}
        assert answer["state_type"] == "SCHEDULED"
        assert answer["state"]["state_details"]["scheduled_time"] == answer["next_scheduled_start_time"]
        assert answer["expected_start_time"] == answer["next_scheduled_start_time"]
        assert answer["idempotency_key"].startswith(f"scheduled {daily['id']} {schedule['id']} ")
        states = api.get(f"/flow_run_states/?flow_run_id={runs[0].pk}").json()
        assert [state["id"] for state in states] == [answer["state_id"]]

    def test_are_planned_once_and_found_by_their_tags(self, api, daily):
        first = self.plan(api, daily)

        assert self.plan(api, daily) == first
        tagged = {"flow_runs": {"tags": {"all_": ["auto-scheduled", "a"]}}}
        assert api.post("/flow_runs/count", tagged).json() == 3

    def test_emit_no_event(self, api, daily):
        self.plan(api, daily)

        assert not Event.objects.filter(event__startswith="prefect.flow-run").exists()

    @pytest.mark.parametrize(
        ("body", "count"),
        [
            ({}, 3),  # daily: three runs reach further than an hour
            ({"min_runs": 5}, 5),
            ({"min_runs": 5, "max_runs": 2}, 2),
            ({"min_time": 6 * 86_400}, 6),  # from one day after the anchor on
            ({"start_time": "2020-01-01T00:00:00Z", "end_time": "2020-01-05T00:00:00Z", "min_runs": 50}, 4),
        ],
    )
    def test_are_as_many_as_asked_for(self, api, daily, body, count):
        assert abs(len(self.plan(api, daily, **body)) - count) <= ("min_time" in body)

    def test_of_a_schedule_that_is_switched_off_are_not_made(self, api, daily):
        DeploymentSchedule.objects.update(active=False)

        assert self.plan(api, daily) == []

    def test_cost_as_many_queries_however_many_they_are(self, api, daily, django_assert_max_num_queries):
        with django_assert_max_num_queries(16):
            self.plan(api, daily, min_runs=100)


def test_plans_nothing_for_a_deployment_that_does_not_exist(api):
    assert api.post(f"/deployments/{uuid4()}/schedule", {}).status_code == 200


def test_leaves_what_others_planned_when_a_deployment_goes(api, flow):
    deployment = make_deployment(flow)
    other = make_flow_run("SCHEDULED", flow=flow, deployment=make_deployment(flow), auto_scheduled=True)
    make_flow_run("SCHEDULED", flow=flow, deployment=deployment, auto_scheduled=True)

    api.delete(f"/deployments/{deployment.pk}")

    assert list(FlowRun.objects.all()) == [other]
