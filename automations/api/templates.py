"""Is this text a template?"""

from __future__ import annotations

from rest_framework.request import Request

from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, no_content, takes
from orchestrator.store.errors import BadTemplate
from orchestrator.store.services.templates import check_template


class TemplateCheck(ApiView):
    @takes(str)
    @answers(None, 204)
    def post(self, request: Request, body: str) -> JsonAnswer:
        """204 when it can be used; else 422, with the line and what is wrong there."""
        try:
            check_template(body)
        except BadTemplate as error:
            return JsonAnswer({"error": {"line": error.line, "message": str(error), "source": body}}, 422)
        return no_content()
