"""Every address about automations, below /api/."""

from django.urls import path

from automations.api.answers import automation_answers
from automations.api.automations import AutomationById, Automations, AutomationsOfOwner, AutomationsOfResource
from automations.api.errors import register
from automations.api.filters import AUTOMATIONS
from automations.api.shapes import Automation
from automations.api.templates import TemplateCheck
from orchestrator.rest.lists import count_view, filter_view

register()

urlpatterns = [
    path("automations", Automations.as_view()),
    path("automations/<id:id>", AutomationById.as_view()),
    path("automations/filter", filter_view(AUTOMATIONS, automation_answers, Automation)),
    path("automations/count", count_view(AUTOMATIONS)),
    path("automations/related-to/<str:resource_id>", AutomationsOfResource.as_view()),
    path("automations/owned-by/<str:resource_id>", AutomationsOfOwner.as_view()),
    path("automations/templates/validate", TemplateCheck.as_view()),  # where the web UI looks for it
    path("templates/validate", TemplateCheck.as_view()),
]
