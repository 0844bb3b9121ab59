from django.urls import path

from orchestrator.events import api

urlpatterns = [
    path("events", api.ReportEvents.as_view()),
    path("events/filter", api.FilterEvents.as_view()),
    path("events/filter/next", api.NextEvents.as_view(), name="events-next"),
    path("events/count-by/<str:countable>", api.CountEvents.as_view()),
]
