"""What people do to limits: make, change, switch and delete them, and free slots whose holders do not need them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from pydantic import ValidationError

from deployments.models import Deployment
from orchestrator.pages.actions import action, confirm, done, reason_given, refused
from orchestrator.pages.addresses import address_of
from orchestrator.pages.page import no_such
from runs.api.concurrency_bodies import ConcurrencyLimitV2Create, ConcurrencyLimitV2Update
from runs.errors import ConcurrencyLimitExists, ConcurrencyLimitNotFound, LeaseNotHeld
from runs.models import ConcurrencyLease, ConcurrencyLimit, ConcurrencySlot
from runs.models.concurrency_limits import TAG_PREFIX
from runs.services.concurrency_holders import holders_of, runs_named
from runs.services.concurrency_limits import ByIdOrName, create_limit, delete_limit, get_limit, update_limit
from runs.services.concurrency_releases import free_all_slots, free_lease

WRONG = {
    "name": "a name is needed, without the characters / % & > <",
    "limit": "the number of slots is a whole number, 0 or more",
    "slot_decay_per_second": "the slots that become free each second are a number, 0 or more",
}
SHOWN_HOLDERS = 10


def of_limit(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """An action on the limit that the address names."""

    @wraps(view)
    def answer(request: HttpRequest, limit_id: str, **more: Any) -> HttpResponseBase:
        try:
            limit = get_limit(ByIdOrName(id=UUID(limit_id)))
            return view(request, limit, **more)
        except ConcurrencyLimitNotFound:
            return no_such(request, "concurrency limit", limit_id)

    return action(answer)


@action
def create(request: HttpRequest) -> HttpResponseBase:
    back = address_of("concurrency-limits")
    name = request.POST.get("name", "").strip()
    if request.POST.get("kind") == "tag":
        name = f"{TAG_PREFIX}{name}" if name else ""
    try:
        body = ConcurrencyLimitV2Create(**{"name": name, **_numbers(request)})
        made = create_limit(**body.model_dump())
    except ValidationError as error:
        return refused(request, f"No limit was made: {_wrong(error)}.", back)
    except ConcurrencyLimitExists as error:
        return refused(request, f"No limit was made. {error}", back)
    return done(request, f"{made.name} has {_slots(made.limit)}.", address_of("concurrency-limit", made.pk))


@of_limit
def edit(request: HttpRequest, limit: ConcurrencyLimit) -> HttpResponseBase:
    here = address_of("concurrency-limit", limit.pk)
    try:
        changes = ConcurrencyLimitV2Update(**_numbers(request)).given()
        changed = update_limit(which=ByIdOrName(id=limit.pk), changes=changes)
    except ValidationError as error:
        return refused(request, f"Nothing was changed: {_wrong(error)}.", here)
    return done(request, f"{changed.name} has {_slots(changed.limit)}.", here)


@of_limit
def activate(request: HttpRequest, limit: ConcurrencyLimit) -> HttpResponseBase:
    update_limit(which=ByIdOrName(id=limit.pk), changes={"active": True})
    return done(request, f"{limit.name} limits again.", address_of("concurrency-limit", limit.pk))


@of_limit
def deactivate(request: HttpRequest, limit: ConcurrencyLimit) -> HttpResponseBase:
    update_limit(which=ByIdOrName(id=limit.pk), changes={"active": False})
    return done(request, f"{limit.name} holds nobody up any more.", address_of("concurrency-limit", limit.pk))


@of_limit
def delete(request: HttpRequest, limit: ConcurrencyLimit) -> HttpResponseBase:
    holders = ConcurrencySlot.objects.filter(limit=limit).count()
    question = confirm(
        request,
        title=f"Delete the limit {limit.name}",
        sentence="Whoever holds slots of it goes on, and nobody is held up by it any more.",
        button="Delete the limit",
        back=address_of("concurrency-limit", limit.pk),
        rows=[
            ("Slots", limit.limit),
            ("Holders", holders),
            ("Deployments that share it", Deployment.objects.filter(global_concurrency_limit=limit).count()),
        ],
    )
    if question is not None:
        return question
    delete_limit(which=ByIdOrName(id=limit.pk))
    return done(request, f"{limit.name} is deleted.", address_of("concurrency-limits"))


@of_limit
def free(request: HttpRequest, limit: ConcurrencyLimit, lease_id: str) -> HttpResponseBase:
    here = address_of("concurrency-limit", limit.pk)
    slot = ConcurrencySlot.objects.filter(limit=limit, lease=lease_id).select_related("lease").first()
    if slot is None:
        return refused(request, "Its holder has given the slot back already.", here)
    others = ConcurrencySlot.objects.filter(lease=lease_id).exclude(limit=limit).select_related("limit")
    question = confirm(
        request,
        title=f"Free {_slots(slot.slots)} of {limit.name}",
        sentence="The holder is not stopped: if it still runs, more runs at once than the limit allows until it ends.",
        button="Free it",
        back=here,
        rows=[
            ("Holder", _holder_words(slot.lease)),
            ("Also frees", ", ".join(other.limit.name for other in others) or "nothing else"),
        ],
        reason=True,
    )
    if question is not None:
        return question
    try:
        freed = free_lease(
            limit_id=limit.pk, lease_id=UUID(lease_id), author=author_of(request), reason=reason_given(request)
        )
    except LeaseNotHeld:
        return refused(request, "Its holder has given the slot back already.", here)
    return done(request, f"{_slots(freed)} of {limit.name} {'is' if freed == 1 else 'are'} free.", here)


@of_limit
def free_all(request: HttpRequest, limit: ConcurrencyLimit) -> HttpResponseBase:
    here = address_of("concurrency-limit", limit.pk)
    holders = holders_of(limit, SHOWN_HOLDERS + 1)
    names = [holder.run.name if holder.run else str(holder.id or holder.lease_id) for holder in holders]
    shown = ", ".join(names[:SHOWN_HOLDERS]) + (" and more" if len(names) > SHOWN_HOLDERS else "")
    question = confirm(
        request,
        title=f"Free every slot of {limit.name}",
        sentence="Holders are not stopped: those that still run do so beside whoever takes the slots now.",
        button="Free all slots",
        back=here,
        rows=[("Holders", shown or "none by name")],
        reason=True,
    )
    if question is not None:
        return question
    freed = free_all_slots(limit_id=limit.pk, author=author_of(request), reason=reason_given(request))
    return done(request, f"{_slots(freed)} of {limit.name} {'is' if freed == 1 else 'are'} free.", here)


def _holder_words(lease: ConcurrencyLease) -> str:
    """`solar-crow, which is Running`; what its client said where that is no run of ours."""
    run = runs_named([lease.holder()]).get(lease.holder())
    if run is None:
        return str(lease)
    return f"{run.name}, which is {run.state_name}" if run.state_name else run.name


def author_of(request: HttpRequest) -> dict[str, str] | None:
    """Who is signed in, as it is kept with what they do; None on an open server."""
    if not request.user.is_authenticated:
        return None
    return {"id": str(request.user.pk), "type": "USER", "display_value": request.user.get_username()}


def _numbers(request: HttpRequest) -> dict[str, str]:
    """What was typed into the form's number fields. Empty ones are left out."""
    typed = {name: request.POST.get(name, "").strip() for name in ("limit", "slot_decay_per_second")}
    return {name: text for name, text in typed.items() if text}


def _wrong(error: ValidationError) -> str:
    return "; ".join(dict.fromkeys(WRONG.get(str(each["loc"][0]), each["msg"]) for each in error.errors()))


def _slots(count: int) -> str:
    return f"{count:,} {'slot' if count == 1 else 'slots'}"
