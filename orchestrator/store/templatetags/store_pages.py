"""`{% load store_pages %}`: values of variables on one line."""

from __future__ import annotations

from django import template

from orchestrator.pages.schema_forms import show_short

register = template.Library()
register.filter("short", show_short)
