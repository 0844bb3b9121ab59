"""The one style sheet and the one script."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
from pathlib import Path
from shutil import which

import pytest
from django.conf import settings
from django.utils.safestring import SafeString

from orchestrator.pages import assets

MOST_BYTES = {"css": 30_000, "js": 48_000}


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


@pytest.mark.parametrize("find", [assets.style_of, assets.address_of_script])
def test_knows_no_other_bundle(find):
    with pytest.raises(assets.UnknownBundle, match="runs"):
        find("runs")


@pytest.mark.parametrize("areas", assets.BUNDLES)
def test_has_a_small_style(areas):
    assert len(assets.style_of(areas).text.encode()) <= MOST_BYTES["css"]


@pytest.mark.parametrize("areas", assets.BUNDLES)
def test_has_a_script_that_is_served_small_and_for_good(client, areas):
    response = client.get(assets.address_of_script(areas), headers={"accept-encoding": "identity"})

    assert response.status_code == 200
    assert "immutable" in response["Cache-Control"]
    assert len(b"".join(response.streaming_content)) <= MOST_BYTES["js"]


@pytest.mark.parametrize(("find", "sources"), [(assets.style_of, "STYLES"), (assets.address_of_script, "SCRIPTS")])
def test_is_made_once_in_each_process(monkeypatch, find, sources):
    made = find("")
    monkeypatch.setattr(assets, sources, ())

    assert find(SafeString("")) == made


def test_is_made_when_the_server_starts(monkeypatch):
    monkeypatch.setattr(assets, "_styles", {})
    monkeypatch.setattr(assets, "_scripts", {})

    assets.StaticFiles(lambda request: None)

    assert set(assets._styles) == set(assets._scripts) == set(assets.BUNDLES)


@pytest.mark.parametrize(("find", "sources"), [(assets.style_of, "STYLES"), (assets.address_of_script, "SCRIPTS")])
def test_is_made_for_each_page_of_who_works_at_it(monkeypatch, settings, find, sources):
    monkeypatch.setattr(assets, "_styles", {})
    monkeypatch.setattr(assets, "_scripts", {})
    made = find("")
    monkeypatch.setattr(assets, sources, ())
    settings.DEBUG = True

    assert find("") != made


def test_has_a_script_that_travels_compressed(client):
    response = client.get(assets.address_of_script(""), headers={"accept-encoding": "gzip"})

    assert response["Content-Encoding"] == "gzip"


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/runs/", "/nothing/here"])
def test_stands_in_the_page_as_its_policy_allows(client, address):
    answer = client.get(address)

    styles = re.findall(r"<style>(.*?)</style>", answer.content.decode(), re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles]
    assert [f"style-src 'self' 'sha256-{one}'" for one in hashes] == re.findall(
        "style-src[^;]*", answer.headers["Content-Security-Policy"]
    )


def test_gets_another_name_with_every_change(tmp_path, monkeypatch, settings):
    settings.BASE_DIR, settings.STATIC_ROOT = tmp_path, tmp_path / "served"
    source = tmp_path / "static" / "js" / "one.js"
    source.parent.mkdir(parents=True)
    settings.STATIC_ROOT.mkdir()
    monkeypatch.setattr(assets, "VENDORED", ())
    monkeypatch.setattr(assets, "FIRST_SCRIPT", "one")
    monkeypatch.setattr(assets, "SCRIPTS", ())
    monkeypatch.setattr(assets, "LAST_SCRIPTS", ())
    source.write_text("let one = 1; /* why */")
    before = assets._write_script("")

    source.write_text("let one = 2;")

    assert assets._write_script("") != before
    assert Path(settings.STATIC_ROOT, "joined", before).read_text() == "let one=1;begin(()=>{});"


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
