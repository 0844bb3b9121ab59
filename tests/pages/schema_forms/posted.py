"""What a browser without JavaScript would post of a page's form, if nobody touched it."""

from __future__ import annotations

from html.parser import HTMLParser

from django.http import QueryDict
from django.template.loader import render_to_string

from orchestrator.pages.schema_forms import Form


def shown(form: Form) -> str:
    return f"<form>{render_to_string('forms/form.html', {'form': form})}</form>"


def posted(html: str, *, press: tuple[str, str] | None = None, **changes: str | None) -> QueryDict:
    """The fields of the page's forms. `press` is the button; `changes` are by name, with `__` for a dot; None: gone."""
    query = QueryDict(mutable=True)
    for name, value in _controls(html):
        query.appendlist(name, value)
    for name, value in changes.items():
        set_field(query, name.replace("__", "."), value)
    if press is not None:
        query[press[0]] = press[1]
    return query


def set_field(query: QueryDict, name: str, value: str | None) -> None:
    if value is None:
        query.pop(name, None)
    else:
        query[name] = value


def _controls(html: str) -> list[tuple[str, str]]:
    parser = _Controls()
    parser.feed(html)
    return parser.found


class _Controls(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._area: tuple[str, list[str]] | None = None
        self._select: tuple[str, list[tuple[str, bool]]] | None = None

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "input" and name and given.get("type") not in ("submit", "button"):
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self.found.append((name, given.get("value", "on" if given.get("type") == "checkbox" else "")))
        elif tag == "textarea" and name:
            self._area = (name, [])
        elif tag == "select" and name:
            self._select = (name, [])
        elif tag == "option" and self._select is not None:
            self._select[1].append((given.get("value", ""), "selected" in given))

    def handle_data(self, data):
        if self._area is not None:
            self._area[1].append(data)

    def handle_endtag(self, tag):
        if tag == "textarea" and self._area is not None:
            name, parts = self._area
            text = "".join(parts)
            self.found.append((name, text.removeprefix("\n").replace("\n", "\r\n")))
            self._area = None
        elif tag == "select" and self._select is not None:
            name, options = self._select
            chosen = next((value for value, is_chosen in options if is_chosen), options[0][0] if options else None)
            if chosen is not None:
                self.found.append((name, chosen))
            self._select = None
