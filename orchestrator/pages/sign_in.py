"""Signing in and out, for servers whose pages are not open to everybody."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path

from orchestrator.pages.addresses import address_of
from orchestrator.pages.page import with_page_headers


class SignIn(LoginView):
    template_name = "sign_in.html"

    def get_default_redirect_url(self) -> str:
        return address_of("overview")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return with_page_headers(super().dispatch(request, *args, **kwargs))


class SignOut(LogoutView):
    next_page = "sign-in"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return with_page_headers(super().dispatch(request, *args, **kwargs))


urlpatterns = [
    path("sign-in", SignIn.as_view(), name="sign-in"),
    path("sign-out", SignOut.as_view(), name="sign-out"),
]
