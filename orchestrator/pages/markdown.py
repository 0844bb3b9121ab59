"""Markdown of users, as HTML that may stand in a page: what is not on the list of allowed tags is gone or inert.

Pictures are shown when they are part of the text (`data:`). Those of other hosts become links: no page loads anything
from elsewhere, and none tells another host who reads it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

MAX_CHARACTERS = 200_000  # of one text: more than anybody reads on a page
DEEPEST_HEADING = 6
PASSED_OVER = re.compile(r"[\x00-\x20]+")  # what browsers leave out of addresses, and more
PICTURES = tuple(f"data:image/{kind};base64," for kind in ("png", "jpeg", "gif", "webp"))

TAGS = frozenset(
    "a abbr b blockquote br caption code dd del details div dl dt em h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre "
    "q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var".split()
)
ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
}


def render_markdown(text: str) -> SafeString:
    """CommonMark with tables and strikethrough, its headings one level down: the page has its own `<h1>`."""
    rendered = _reader().render(text[:MAX_CHARACTERS])
    if len(text) > MAX_CHARACTERS:
        rendered += f"<p><em>{len(text) - MAX_CHARACTERS:,} more characters are left out.</em></p>"
    clean = nh3.clean(
        rendered,
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        attribute_filter=_only_harmless,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="nofollow noopener noreferrer",
        allowed_classes={"div": {"scroll"}},
        tag_attribute_values={"div": {"tabindex": {"0"}}},
    )
    return mark_safe(clean)


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    reader.add_render_rule("image", _image)
    reader.add_render_rule("heading_open", _heading)
    reader.add_render_rule("heading_close", _heading)
    reader.add_render_rule("table_open", lambda *_: '<div class="scroll" tabindex="0"><table>')
    reader.add_render_rule("table_close", lambda *_: "</table></div>")
    reader.add_render_rule("td_open", _cell)
    reader.add_render_rule("th_open", _cell)
    return reader


def _image(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
    token = tokens[at]
    source = str(token.attrGet("src") or "")
    words = renderer.renderInlineAsText(token.children or [], options, env)
    if source.lower().startswith(PICTURES):
        return f'<img src="{escape(source)}" alt="{escape(words)}">'
    return f'<a href="{escape(source)}">{escape(words or source)}</a>'


def _heading(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
    token = tokens[at]
    level = min(int(token.tag[1:]) + 1, DEEPEST_HEADING)
    return f"<h{level}>" if token.nesting == 1 else f"</h{level}>\n"


def _cell(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
    """The policy of the pages forbids the `style` by which columns are usually aligned."""
    token = tokens[at]
    style = str(token.attrGet("style") or "")
    scope = ' scope="col"' if token.tag == "th" else ""
    align = f' align="{style.partition(":")[2]}"' if style else ""
    return f"<{token.tag}{scope}{align}>"


def _only_harmless(tag: str, attribute: str, value: str) -> str | None:
    """None takes the attribute away."""
    address = PASSED_OVER.sub("", value).lower()
    if attribute == "src" and not address.startswith(PICTURES):
        return None
    if attribute == "href" and address.startswith("data:"):
        return None
    return value
