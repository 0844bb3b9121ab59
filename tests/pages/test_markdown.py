import pytest

from orchestrator.pages.markdown import MAX_CHARACTERS, render_markdown

DOT = "data:image/png;base64,iVBORw0KGgo="


def test_it_renders_headings_below_the_one_of_the_page():
    assert render_markdown("# Report\n\n## Part") == "<h2>Report</h2>\n<h3>Part</h3>\n"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)></svg>",
        "[a](javascript:alert(1))",
        '<a href="javascript:alert(1)">a</a>',
        '<a href="data:text/html,<script>alert(1)</script>">a</a>',
        '<a href="da&#9;ta:text/html,<script>alert(1)</script>">a</a>',
        '<a href="&#1;data:text/html,<script>alert(1)</script>">a</a>',
        '<iframe src="https://example.org"></iframe>',
        '<p style="position:fixed" onclick="alert(1)">a</p>',
        '<form action="/x"><input name=a></form>',
        "<style>body{display:none}</style>",
        '<base href="https://example.org">',
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    ],
)
def test_it_makes_markup_that_could_act_inert(text):
    """ART-1: script in markdown is inert."""
    html = render_markdown(text).lower()

    for dangerous in (
        "<script",
        "onerror=",
        "onload=",
        "onclick=",
        'href="javascript',
        'href="data',
        "ta:text",
        "<iframe",
        "<form",
    ):
        assert dangerous not in html
    for dangerous in ("style=", "<style", "<base", "<input", "<svg"):
        assert dangerous not in html


def test_it_shows_pictures_of_the_text_and_links_to_those_of_other_hosts():
    html = render_markdown(f"![a dot]({DOT}) ![far](https://example.org/a.png) <img src='https://example.org/b.png'>")

    assert f'<img src="{DOT}" alt="a dot">' in html
    assert '<a href="https://example.org/a.png" rel="nofollow noopener noreferrer">far</a>' in html
    assert "b.png" not in html


def test_it_renders_tables_in_a_box_that_scrolls_and_aligns_without_styles():
    html = render_markdown("| a | b |\n|---|--:|\n| 1 | 2 |")

    assert '<div class="scroll" tabindex="0"><table>' in html
    assert '<th scope="col" align="right">b</th>' in html
    assert '<td align="right">2</td>' in html


def test_it_cuts_texts_that_nobody_reads_to_the_end():
    html = render_markdown("a" * (MAX_CHARACTERS + 1234))

    assert "1,234 more characters are left out" in html


def test_it_keeps_code_as_it_is():
    assert "&lt;script&gt;" in render_markdown("```html\n<script>\n```")
