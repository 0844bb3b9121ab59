"""What the pages remember for people."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class SavedViewQuerySet(models.QuerySet):
    def seen_by(self, user_id: int | None) -> SavedViewQuerySet:
        """Their own, those of everybody, and those that others share. None is somebody without an account."""
        seen = Q(owner=None) | Q(is_shared=True)
        return self.filter(seen if user_id is None else seen | Q(owner=user_id))

    def changed_by(self, user_id: int | None) -> SavedViewQuerySet:
        """Those that they may change: their own, and those of everybody."""
        own = Q(owner=None)
        return self.filter(own if user_id is None else own | Q(owner=user_id))


class SavedView(models.Model):
    """A list with its filter, order and columns, under a name. Without an owner it is everybody's."""

    list_kind = models.CharField(max_length=32, help_text="Which list, such as runs.")
    name = models.TextField()
    query = models.TextField(blank=True, help_text="What stands after the question mark of its address.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="saved_views"
    )
    is_shared = models.BooleanField(default=False, help_text="Others see it too.")
    is_pinned = models.BooleanField(default=True, help_text="It stands above its list.")
    is_default = models.BooleanField(default=False, help_text="Its owner's list opens with it.")
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["list_kind", "name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "list_kind", "name"], name="saved_view_name"),
            models.UniqueConstraint(
                fields=["owner", "list_kind"], name="saved_view_default", condition=Q(is_default=True)
            ),
            # A database takes two owners that are none for different ones.
            models.UniqueConstraint(
                fields=["list_kind", "name"], name="saved_view_name_of_all", condition=Q(owner__isnull=True)
            ),
            models.UniqueConstraint(
                fields=["list_kind"],
                name="saved_view_default_of_all",
                condition=Q(is_default=True, owner__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """The query of its list, with its own number, by which the list knows that it shows this view."""
        return f"{self.query}&view={self.pk}" if self.query else f"view={self.pk}"
