"""What a reader filters a list by, read from the address, with everything that the page shows of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.db.models import Q
from django.http import QueryDict

from orchestrator.pages.filters.terms import Asked, Term, Unreadable
from orchestrator.pages.filters.writing import Value, read_line, read_values, write_for_address, write_for_line
from orchestrator.pages.keyset import PLACES
from orchestrator.pages.time_range import PARAMETERS as RANGE_PARAMETERS

WORDS = "q"  # the parameter with the line, of which only the words without a term remain in an address
# What an address may say beside the terms.
_OF_THE_PAGE = ("fragment", "after", "export", "sort", "size", "cols", "view", "subflows", "table")
_BESIDE = {*RANGE_PARAMETERS, *PLACES, *_OF_THE_PAGE}
_MOST_VALUES = 30
_MOST_TEXT = 1_000  # characters of a value
_PLAIN = "!*:,/"  # what an address says as it is
_NOT_KEPT = (*PLACES, "fragment", "after", "export")


@dataclass(frozen=True, slots=True)
class Chip:
    """One value in words, with the address of the list without it."""

    words: str
    url: str
    excluded: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the plain form."""

    name: str
    label: str
    hint: str
    choices: tuple[str, ...]
    text: str  # what it holds now


@dataclass(frozen=True, slots=True)
class Selection:
    """The values by the name of their term, in the order of the address; "" has the words without a term."""

    terms: tuple[Term, ...]
    query: QueryDict
    path: str
    values: dict[str, tuple[Value, ...]]
    q: Q
    by_term: dict[str, Q] = field(default_factory=dict)  # the condition of each term alone
    warnings: tuple[str, ...] = ()
    reads_all: bool = False  # some term can only be answered by looking at every row
    # Rows of a list have few different values, and each of them is a link. None: without any value of the term.
    _addresses: dict[tuple[str, str | None], str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.values)

    def asked(self, name: str) -> tuple[str, ...]:
        """What is asked of a term, without what is left out."""
        return tuple(value.text for value in self.values.get(name, ()) if not value.excluded)

    def without(self, name: str) -> Q:
        """The condition without that of one term."""
        conditions = Q()
        for term, condition in self.by_term.items():
            if term != name:
                conditions &= condition
        return conditions

    @property
    def line(self) -> str:
        """Everything in one line, as it can be typed."""
        terms = [write_for_line(name, value) for name, values in self.values.items() if name for value in values]
        return " ".join([*terms, *(write_for_line("", value) for value in self.values.get("", ()))])

    @property
    def words(self) -> str:
        """The words without a term, as the address has them."""
        return " ".join(write_for_line("", value) for value in self.values.get("", ()))

    @property
    def chips(self) -> list[Chip]:
        chips = []
        for name, values in self.values.items():
            for value in values:
                words = f"{name}: {value.text}" if name else f"“{value.text}”"
                url = self._url(_set(self.query, name, [one for one in values if one != value]))
                chips.append(Chip(f"not {words}" if value.excluded else words, url, value.excluded))
        return chips

    def fields(self, *, without: Collection[str] = ()) -> list[Field]:
        """The plain form: one field for each term that takes no key."""
        return [
            Field(
                name=term.name,
                label=term.label,
                hint=term.hint,
                choices=term.choices,
                text=",".join(write_for_address(value) for value in self.values.get(term.name, ())),
            )
            for term in self.terms
            if not term.name.endswith(".") and term.name not in without
        ]

    def kept(self, *names: str) -> list[tuple[str, str]]:
        """Parameters that a form of the page sends along unchanged: all beside terms, words, places and `names`."""
        gone = {*_NOT_KEPT, *names, WORDS}
        return [
            (key, value)
            for key, values in self.query.lists()
            for value in values
            if key not in gone and _term_of(key, self.terms) is None
        ]

    def url_with(self, name: str, text: str, *, alone: bool = False) -> str:
        """The address with one more value, or with it `alone` of its term."""
        if alone:
            return self._url(_set(self.query, name, [Value(text)]))
        if (name, text) not in self._addresses:
            self._addresses[name, text] = self._url_with_one_more(name, text)
        return self._addresses[name, text]

    def url_without(self, name: str) -> str:
        return self._url(_set(self.query, name, []))

    @property
    def url_of_all(self) -> str:
        """The address without any filter; order and size of the pages stay."""
        query = self.query.copy()
        for key in list(query):
            if key in _NOT_KEPT or key in (WORDS, "view") or _term_of(key, self.terms) is not None:
                query.pop(key)
        return self._url(query)

    def _url_with_one_more(self, name: str, text: str) -> str:
        if not name or name in self.query:
            values = [one for one in self.values.get(name, ()) if one.text != text]
            return self._url(_set(self.query, name, [*values, Value(text)]))
        # Nothing is asked of the term yet: then the addresses with each of its values begin alike.
        if (name, None) not in self._addresses:
            self._addresses[name, None] = self.url_without(name)
        rest = self._addresses[name, None]
        joint = f"{rest}&" if rest.startswith("?") else "?"
        return f"{joint}{quote(name, _PLAIN)}={quote(write_for_address(Value(text)), _PLAIN)}"

    def _url(self, query: QueryDict) -> str:
        return f"?{query.urlencode(safe=_PLAIN)}" if query else self.path


def read_selection(
    query: QueryDict, path: str, terms: Sequence[Term], words: Term, *, now: datetime, beside: Collection[str] = ()
) -> Selection:
    """What the address asks for. What nobody understands is left out of the condition and becomes a warning.

    `words` is the term that is asked for words without a term; `beside` are further parameters of the page.
    """
    values, warnings = _read(query, terms, {*_BESIDE, *beside})
    by_term: dict[str, Q] = {}
    known: dict[str, tuple[Value, ...]] = {}
    reads_all = False
    for name, asked in values.items():
        term = _term_of(name, terms) if name else words
        assert term is not None
        understood = []
        any_of, none_of, all_of = Q(), Q(), Q()
        for value in asked:
            try:
                if len(value.text) > _MOST_TEXT:
                    raise Unreadable(f"at most {_MOST_TEXT:,} characters")
                condition = term.match(Asked(value.text, now, name.removeprefix(term.name) if name else ""))
            except Unreadable as error:
                warnings.append(f"“{name}:{value.text[:60]}” was left out: {name} takes {error}.")
                continue
            understood.append(value)
            if value.excluded:
                none_of &= ~condition
            elif term.together:
                all_of &= condition
            else:
                any_of |= condition
        if understood:
            by_term[name] = any_of & all_of & none_of
            known[name] = tuple(understood)
            reads_all = reads_all or term.reads_all
    whole = Q()
    for condition in by_term.values():
        whole &= condition
    return Selection(tuple(terms), query, path, known, whole, by_term, tuple(warnings), reads_all)


def canonical(query: QueryDict, terms: Sequence[Term]) -> QueryDict | None:
    """The address in its plain form: terms as parameters, one value each, and nothing empty. None when it is so."""
    plain = QueryDict(mutable=True)
    moved: list[tuple[str, Value]] = []
    for key, texts in query.lists():
        for text in texts:
            if key == WORDS:
                moved += read_line(text)
            elif _term_of(key, terms) is not None:
                for value in read_values(text):
                    plain.appendlist(key, write_for_address(value))
            elif text:
                plain.appendlist(key, text)
    if plain.get("range"):
        for key in ("from", "to", "tz"):
            plain.pop(key, None)
    elif "tz" in plain and "from" not in plain and "to" not in plain:
        del plain["tz"]
    for name, value in moved:
        if name and write_for_address(value) not in plain.getlist(name):
            plain.appendlist(name, write_for_address(value))
    words = " ".join(write_for_line("", value) for name, value in moved if not name)
    if words:
        plain[WORDS] = words
    same = {key: query.getlist(key) for key in query} == {key: plain.getlist(key) for key in plain}
    return None if same else plain


def _read(query: QueryDict, terms: Sequence[Term], beside: Collection[str]) -> tuple[dict[str, list[Value]], list[str]]:
    values: dict[str, list[Value]] = {}
    warnings: list[str] = []
    count = 0
    for key, texts in query.lists():
        found: list[tuple[str, Value]] = []
        if key == WORDS:
            found = [one for text in texts for one in read_line(text)]
        elif _term_of(key, terms) is not None:
            found = [(key, value) for text in texts for value in read_values(text)]
        elif key not in beside:
            warnings.append(f"Nothing is called “{key[:60]}” here, so it was left out of the filter.")
        for name, value in found:
            if name and _term_of(name, terms) is None:
                warnings.append(f"Nothing is called “{name[:60]}” here, so it was left out of the filter.")
                continue
            count += 1
            if count <= _MOST_VALUES and value not in values.setdefault(name, []):
                values[name].append(value)
    if count > _MOST_VALUES:
        warnings.append(f"Only the first {_MOST_VALUES} values of the filter are looked at.")
    return {name: found for name, found in values.items() if found}, warnings


def _term_of(name: str, terms: Sequence[Term]) -> Term | None:
    for term in terms:
        if name == term.name or (term.name.endswith(".") and name.startswith(term.name) and name != term.name):
            return term
    return None


def _set(query: QueryDict, name: str, values: Sequence[Value]) -> QueryDict:
    """The query with other values of one term; the reader begins at the first page."""
    changed = query.copy()
    for gone in _NOT_KEPT:
        changed.pop(gone, None)
    if name:
        texts: list[Any] = [write_for_address(value) for value in values]
        changed.setlist(name, texts)
    else:
        words = " ".join(write_for_line("", value) for value in values)
        changed.setlist(WORDS, [words] if words else [])
    if not changed.getlist(name or WORDS):
        del changed[name or WORDS]
    return changed
