"""The addresses of the pages about events."""

from django.urls import re_path

from orchestrator.events.pages import asset, asset_list, event, event_list

app_name = "events"

ID = r"(?P<event_id>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"

urlpatterns = [
    re_path(r"^events/?$", event_list.event_list, name="list"),
    re_path(rf"^(?:v2/)?events/event/(?P<day>\d{{4}}-\d{{2}}-\d{{2}})/{ID}/?$", event.event, name="event"),
    re_path(r"^assets/?$", asset_list.asset_list, name="assets"),
    re_path(r"^assets/forget/?$", asset.forget, name="forget-asset"),
    re_path(r"^assets/(?P<key>.+)$", asset.asset, name="asset"),
]
