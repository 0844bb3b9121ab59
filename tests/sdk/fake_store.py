"""The server in memory, with what flows keep and share: artifacts, variables, concurrency limits."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from orchestrator.sdk.api.transport import Request, Response
from tests.sdk.fake_api import FakeApi

RETRY_AFTER_SECONDS = 0.01


class FakeStore(FakeApi):
    """`limits` are the slots of each limit; `lost_leases` are answered 410."""

    def __init__(self) -> None:
        super().__init__()
        self.artifacts: dict[str, dict[str, Any]] = {}
        self.variables: dict[str, dict[str, Any]] = {}
        self.limits: dict[str, int] = {}
        self.leases: dict[str, dict[str, Any]] = {}
        self.lost_leases: set[str] = set()
        self.renewals = 0
        self.denials = 0

    def handle(self, request: Request) -> Response:
        answer = super().handle(request)
        return Response(423, answer.body, {"retry-after": str(RETRY_AFTER_SECONDS)}) if answer.status == 423 else answer

    def bodies(self, path: str) -> list[Any]:
        """What was sent to this path."""
        return [json.loads(each.body or b"null") for each in self.requests if each.path == path]

    def events_named(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]

    def in_use(self, name: str) -> int:
        return sum(lease["slots"] for lease in self.leases.values() if name in lease["names"])

    def _routes(self) -> list[tuple[str, str, Any]]:
        limits = "/v2/concurrency_limits"
        return [
            ("POST", "/artifacts/", self._create_artifact),
            ("POST", "/artifacts/filter", self._filter_artifacts),
            ("PATCH", "/artifacts/([^/]+)", self._update_artifact),
            ("POST", "/variables/", self._create_variable),
            ("GET", "/variables/name/([^/]+)", self._read_variable),
            ("PATCH", "/variables/name/([^/]+)", self._update_variable),
            ("DELETE", "/variables/name/([^/]+)", self._delete_variable),
            ("POST", f"{limits}/increment-with-lease", self._take_slots),
            ("POST", f"{limits}/increment", self._let_through),
            ("POST", f"{limits}/leases/([^/]+)/renew", self._renew),
            ("POST", f"{limits}/decrement-with-lease", self._give_slots_back),
            *super()._routes(),
        ]

    def _create_artifact(self, body: Any) -> tuple[int, Any]:
        artifact = {"id": str(uuid4()), "key": None, "created": "2026-01-01T00:00:00Z", **body}
        self.artifacts[artifact["id"]] = artifact
        return 201, artifact

    def _filter_artifacts(self, body: Any) -> tuple[int, Any]:
        keys = body["artifacts"].get("key", {}).get("any_")
        found = [each for each in self.artifacts.values() if keys is None or each["key"] in keys]
        return 200, found[::-1][: body["limit"]]

    def _update_artifact(self, body: Any, artifact_id: str) -> tuple[int, Any]:
        if artifact_id not in self.artifacts:
            return 404, {"detail": "Artifact not found"}
        self.artifacts[artifact_id] |= body
        return 204, None

    def _create_variable(self, body: Any) -> tuple[int, Any]:
        if body["name"] in self.variables:
            return 409, {"detail": "there already"}
        self.variables[body["name"]] = {"id": str(uuid4()), **body}
        return 201, self.variables[body["name"]]

    def _read_variable(self, body: Any, name: str) -> tuple[int, Any]:
        found = self.variables.get(unquote(name))
        return (200, found) if found else (404, {"detail": "not found"})

    def _update_variable(self, body: Any, name: str) -> tuple[int, Any]:
        if name not in self.variables:
            return 404, {"detail": "not found"}
        self.variables[name] |= body
        return 204, None

    def _delete_variable(self, body: Any, name: str) -> tuple[int, Any]:
        return (204, None) if self.variables.pop(name, None) else (404, {"detail": "not found"})

    def _known_limits(self, names: list[str]) -> list[dict[str, Any]]:
        return [
            {"id": f"id-of-{name}", "name": name, "limit": self.limits[name]} for name in names if name in self.limits
        ]

    def _take_slots(self, body: Any) -> tuple[int, Any]:
        known = self._known_limits(body["names"])
        if any(body["slots"] > each["limit"] for each in known):
            return 422, {"detail": "more slots than the limit has"}
        if any(self.in_use(each["name"]) + body["slots"] > each["limit"] for each in known):
            self.denials += 1
            return 423, {"detail": "no slots are free"}
        lease_id = str(uuid4())
        if known:
            self.leases[lease_id] = body
        return 200, {"lease_id": lease_id, "limits": known}

    def _let_through(self, body: Any) -> tuple[int, Any]:
        known = self._known_limits(body["names"])
        if any(each["limit"] <= 0 for each in known):
            self.denials += 1
            return 423, {"detail": "no slots are free"}
        return 200, known

    def _renew(self, body: Any, lease_id: str) -> tuple[int, Any]:
        self.renewals += 1
        if lease_id not in self.leases or lease_id in self.lost_leases:
            return 410, {"detail": "the lease has ended"}
        return 204, None

    def _give_slots_back(self, body: Any) -> tuple[int, Any]:
        self.leases.pop(body["lease_id"], None)
        return 204, None
