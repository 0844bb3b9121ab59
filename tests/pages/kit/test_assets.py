"""The one style sheet and the one script."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from shutil import which

import pytest
from django.conf import settings
from django.utils.safestring import SafeString

from orchestrator.pages import assets

MOST_BYTES = {"css": 30_000, "js": 48_000}
CHOICES = [(areas, ending) for areas in assets.BUNDLES for ending in ("css", "js")]


@pytest.mark.parametrize("ending", ["css", "js"])
def test_serves_every_file_that_was_written(ending):
    folder = settings.BASE_DIR / "static"
    written = {path.relative_to(folder).as_posix() for path in (folder / ending).glob(f"*.{ending}")}

    served = {source for areas in assets.BUNDLES for source in assets.sources(areas, ending)}
    assert served - set(assets.VENDORED) == written


def test_makes_every_bundle_that_a_template_names():
    texts = [path.read_text() for path in (settings.BASE_DIR / "templates").rglob("*.html")]
    named = {areas for text in texts for areas in re.findall(r'{% assets "([^"]*)" %}', text)}

    assert named | {""} == set(assets.BUNDLES)


def test_knows_no_other_bundle():
    with pytest.raises(assets.UnknownBundle, match="runs"):
        assets.address_of_asset("runs", "css")


@pytest.mark.parametrize(("areas", "ending"), CHOICES)
def test_is_served_small_and_for_good(client, areas, ending):
    response = client.get(assets.address_of_asset(areas, ending), headers={"accept-encoding": "identity"})

    assert response.status_code == 200
    assert "immutable" in response["Cache-Control"]
    assert len(b"".join(response.streaming_content)) <= MOST_BYTES[ending]


def test_is_made_once_in_each_process(monkeypatch):
    named = assets.address_of_asset("", "css")
    monkeypatch.setattr(assets, "STYLES", ())

    assert assets.address_of_asset(SafeString(""), "css") == named


def test_travels_compressed(client):
    response = client.get(assets.address_of_asset("", "css"), headers={"accept-encoding": "gzip"})

    assert response["Content-Encoding"] == "gzip"


def test_gets_another_name_with_every_change(tmp_path, monkeypatch, settings):
    settings.BASE_DIR, settings.STATIC_ROOT = tmp_path, tmp_path / "served"
    source = tmp_path / "static" / "css" / "one.css"
    source.parent.mkdir(parents=True)
    settings.STATIC_ROOT.mkdir()
    monkeypatch.setattr(assets, "STYLES", ("one",))
    source.write_text("a { color: red } /* why */")
    before = assets._build("", "css")

    source.write_text("a { color: blue }")

    assert assets._build("", "css") != before
    assert Path(settings.STATIC_ROOT, "joined", before).read_text() == "a{color:red}"


def test_gives_each_name_at_the_top_of_a_script_to_one_file_alone():
    names = re.findall(
        r"^(?:export )?(?:async )?(?:const|let|function\*?|class) (\w+)",
        "\n".join(path.read_text() for path in (settings.BASE_DIR / "static" / "js").glob("*.js")),
        re.MULTILINE,
    )

    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.skipif(which("node") is None, reason="wants node to read the script")
@pytest.mark.parametrize("areas", assets.BUNDLES)
def test_is_a_script_that_can_be_read(tmp_path, areas):
    script = tmp_path / "page.mjs"
    script.write_text(assets.joined(areas, "js"))

    done = subprocess.run(["node", "--check", script], capture_output=True, text=True, check=False)

    assert done.stderr == ""
