"""What somebody types about a deployment: read, checked field by field, and told again where it is not right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployments.errors import InvalidJobVariables, InvalidParameters, WorkPoolNotFound
from deployments.models import Deployment
from deployments.pages.json_fields import json_object
from deployments.services.concurrency import own_limit_name
from orchestrator.pages.schema_forms import with_kept, with_masks
from orchestrator.rest.value_schemas import BadSchema
from orchestrator.store.errors import HydrationFailed

COLLISIONS = {"ENQUEUE": "wait", "CANCEL_NEW": "are cancelled"}
CATCH_UP = {
    "planned": "run late, where they were planned",
    "all": "all run late",
    "latest": "the last of each schedule runs late",
    "max_age": "run late if they are not older than",
    "none": "are left out",
}
_TEXTS = ("version", "description", "tags", "pool", "queue", "parameters", "job_variables", "limit", "collision")
FIELDS = (*_TEXTS, "catch_up", "max_age", "enforce", "badge")
_FORBIDDEN_IN_NAMES = "/%&><"  # in addresses these mean something else


@dataclass(slots=True)
class DeploymentForm:
    """`values` as they were typed, by field; `errors` are sentences, by field."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)  # as `update_deployment` takes them

    @classmethod
    def of(cls, deployment: Deployment) -> DeploymentForm:
        queue, limit = deployment.work_queue, deployment.global_concurrency_limit
        is_own = limit is not None and limit.name == own_limit_name(deployment.pk)
        options = deployment.concurrency_options or {}
        return cls(
            {
                "version": deployment.version or "",
                "description": deployment.description or "",
                "tags": ", ".join(deployment.tags),
                "pool": queue.work_pool.name if queue else "",
                "queue": queue.name if queue else "",
                "parameters": _json_text(with_masks(deployment.parameter_openapi_schema, deployment.parameters)),
                "job_variables": _json_text(deployment.job_variables),
                "limit": str(limit.limit) if limit is not None and is_own else "",
                "collision": options.get("collision_strategy") or "ENQUEUE",
                "catch_up": deployment.catch_up_policy,
                "max_age": f"{deployment.catch_up_max_age_seconds or ''}".removesuffix(".0"),
                "enforce": "1" if deployment.enforce_parameter_schema else "",
                "badge": "1" if deployment.badge_is_public else "",
            }
        )

    @classmethod
    def typed(cls, posted: Mapping[str, str], deployment: Deployment) -> DeploymentForm:
        form = cls({name: posted.get(name, "").strip() for name in FIELDS})
        before = cls.of(deployment).values
        values = form.values
        form.changes = {
            "version": values["version"] or None,
            "description": "\n".join(values["description"].splitlines()) or None,
            "tags": list(dict.fromkeys(tag for part in values["tags"].split(",") if (tag := part.strip()))),
            "parameters": with_kept(
                deployment.parameter_openapi_schema, form._checked("parameters", json_object), deployment.parameters
            ),
            "job_variables": form._checked("job_variables", json_object),
            "enforce_parameter_schema": bool(values["enforce"]),
            "badge_is_public": bool(values["badge"]),
            "catch_up_policy": form._checked("catch_up", _one_of(CATCH_UP)),
            "catch_up_max_age_seconds": form._checked("max_age", _age) if values["catch_up"] == "max_age" else None,
        }
        if (values["pool"], values["queue"]) != (before["pool"], before["queue"]):
            form.changes |= {"work_pool_name": values["pool"] or None, "work_queue_name": values["queue"] or None}
        if values["limit"] != before["limit"]:
            form.changes["concurrency_limit"] = form._checked("limit", _limit)
        if values["collision"] != before["collision"]:
            strategy = form._checked("collision", _one_of(COLLISIONS))
            form.changes["concurrency_options"] = {
                **(deployment.concurrency_options or {}), "collision_strategy": strategy
            }  # fmt: skip
        return form

    def refuse(self, error: Exception) -> None:
        """Note what the services say at the field that it is about."""
        text = str(error)
        if isinstance(error, WorkPoolNotFound):
            self.errors["pool"] = text
        elif isinstance(error, InvalidJobVariables) or "job variables" in text:
            self.errors["job_variables"] = text
        elif isinstance(error, InvalidParameters | BadSchema | HydrationFailed):
            self.errors["parameters"] = text
        else:
            self.errors["version"] = text

    def _checked(self, name: str, check: Any) -> Any:
        try:
            return check(self.values[name])
        except ValueError as error:
            self.errors[name] = str(error)
            return None


def checked_name(name: str) -> str:
    """Raises ValueError with a sentence."""
    if not name:
        raise ValueError("A deployment needs a name.")
    if any(character in name for character in _FORBIDDEN_IN_NAMES):
        raise ValueError(f"A name has none of the characters {' '.join(_FORBIDDEN_IN_NAMES)}.")
    return name


def _json_text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) if value else ""


def _limit(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**31):
        raise ValueError("The limit is a whole number above 0; leave it empty for none.")
    return int(text)


def _age(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError("With this choice, say how many seconds late a run may begin.")
    return seconds


def _one_of(known: Mapping[str, str]) -> Any:
    def check(text: str) -> str:
        if text not in known:
            raise ValueError("Choose one of the list.")
        return text

    return check
