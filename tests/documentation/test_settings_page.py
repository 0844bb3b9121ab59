"""The page about settings lists those that there are."""

from __future__ import annotations

from orchestrator.sdk.configuration.settings import SETTINGS
from tests.documentation.snippets import ROOT

PAGE = ROOT / "docs" / "concepts" / "settings.md"
HEADING = "| Name | Default | |\n|---|---|---|\n"


def table() -> str:
    """As the page should have it. `python -m tests.documentation.test_settings_page` puts it there."""
    return "".join(
        f"| `{setting.name}` | {'none' if setting.default is None else setting.default} | {setting.help} |\n"
        for setting in SETTINGS.values()
    )


def test_lists_every_setting():
    assert PAGE.read_text().endswith(HEADING + table()), "write it: python -m tests.documentation.test_settings_page"


if __name__ == "__main__":
    head, _, _ = PAGE.read_text().partition(HEADING)
    PAGE.write_text(head + HEADING + table())
