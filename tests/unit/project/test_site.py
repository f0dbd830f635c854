"""The documents build as a site, and every link of it leads somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", f"--site-dir={place}"]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return place


def test_the_site_builds_without_a_warning_and_has_a_page_for_every_document(site: Path) -> None:
    for document in CHECKOUT.glob("docs/**/*.md"):
        page = document.relative_to(CHECKOUT / "docs").with_suffix(".html")
        page = page.with_name("index.html") if page.stem == "README" else page
        assert (site / page).is_file(), page
    assert "A quantum program is a Kubernetes object" in (site / "index.html").read_text()


def test_no_page_asks_another_host_for_a_script_a_style_or_a_font(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert re.findall(r'<(?:script|img|iframe)[^>]+src="(?:https?:)?//[^"]+"', page.read_text()) == [], page
        assert re.findall(r'<link[^>]+rel="stylesheet"[^>]+href="(?:https?:)?//[^"]+"', page.read_text()) == [], page
