"""Templates: filled in, in a sandbox, within bounds."""

from __future__ import annotations

import pytest

from orchestrator.store.errors import BadTemplate
from orchestrator.store.services.templates import render_template


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{{ 1 + 2 }}", "3"),
        ("{{ name | upper }} and {{ nobody.knows.this }}", "ADA and "),
        ("{% for number in range(3) %}{{ number ~ ',' }}{% endfor %}", "0,1,2,"),
        ("{{ '%05.1f' | format(3.14159) }}", "003.1"),
        ("{{ 'a-b' | replace('-', '+') }}", "a+b"),
        ("{{ 'x' | indent(2, true) }}", "  x"),
        ("{{ '{:>4}'.format(7) }}", "   7"),
        ("{{ {'a': [1]} | tojson }}", '{"a": [1]}'),
        ("{{ 2 ** 10 * 3 }}", "3072"),
        ("{{ ''.__class__.__mro__ }}", ""),  # the way out of the sandbox is not there
    ],
)
def test_fills_in(template, text):
    assert render_template(template, {"name": "ada"}) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ ",  # no template
        "{{ 1 / 0 }}",
        "{{ range(101) }}",
        "{{ 'x' * 2000000 }}",
        "{{ [0] * 2000000 }}",
        "{{ 9 ** 99999 }}",
        "{{ '%999999d' % 1 }}",
        "{{ '%999999d' | format(1) }}",
        "{{ '{:>999999}'.format(1) }}",
        "{{ '{:>{w}}'.format(1, w=999999) }}",
        "{{ 'x'.center(999999) }}",
        "{{ 'x' | indent(9999999, true) }}",
        "{% set x = 'x' * 1000 %}" + "{% set x = x ~ x %}" * 30,  # doubles
        "{% set x = 'x' * 1000 %}" + "{% set x = x + x %}" * 30,
        "{% set x = 'x' * 1000 %}" + "{% set x = x | replace('x', 'xx') %}" * 30,
        "{% for a in [1] %}{% endfor %}" * 11,  # one loop too many
        "{% for a in [1] %}{% for b in [1] %}{% for c in [1] %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in range(100) %}{% for b in range(100) %}{{ 'x' * 1000 }}{% endfor %}{% endfor %}",  # ten million
        # more memory than there is for it
        "{{ 'a'.encode().center(10**10) }}",
        "{{ ','.join(['a' * 1000000] * 100000) | length }}",
        "{{ ('a' * 1000).translate({97: 'b' * 1000000}) | length }}",
        "{{ [1] | batch(10**9, 'x') | list | length }}",
        # more time
        "{% for a in 'a' * 1000000 %}{% for b in 'a' * 1000000 %}{% endfor %}{% endfor %}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}",
        # too deep to be read
        "{{ a" + ".b" * 5000 + " }}",
        "{{ 1" + " + 1" * 5000 + " }}",
        "{{ 1 }}" * 20_000,  # too long
    ],
)
def test_refuses_what_is_broken_or_costs_too_much(template):
    with pytest.raises(BadTemplate):
        render_template(template, {})
