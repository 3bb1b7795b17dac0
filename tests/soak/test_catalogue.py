"""The catalogue in a real browser, from the disk: its search, its own policy, its look in light and dark."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dcos_universe.building.builder import build
from tests.support.documented import ROOT
from tests.support.universe import synthetic
from tests.support.universe.trees import edit

pytestmark = pytest.mark.soak

EVIL = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def browser() -> str:
    """Debian's chromium, installed by the list of what soak tests need."""
    subprocess.run([ROOT / "installer" / "setup-host", "soak"], check=True, timeout=900)
    found = shutil.which("chromium")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalogue")
    revisions = synthetic.write(folder / "source", revisions=60, packages=30)
    edit(revisions[-1], description=EVIL, maintainer=EVIL, tags=["evil"])
    build(folder / "source", folder / "out", title="Example")
    return folder / "out"


def run(browser: str, profile: Path, address: str, *words: str) -> tuple[str, str]:
    """What the browser prints and logs of the page."""
    command = [
        browser,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--enable-logging=stderr",
    ]
    command += [f"--user-data-dir={profile}", "--virtual-time-budget=5000", *words, address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    found = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, "\n".join(found)


class _Cards(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.all = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "li" and "data-name" in found:
            self.all += 1
            if "hidden" not in found:
                self.shown.append(found["data-name"] or "")


def test_the_search_finds_and_ranks(browser: str, tree: Path, tmp_path: Path) -> None:
    page, console = run(browser, tmp_path, f"file://{tree}/index.html", "--dump-dom")
    cards = _Cards(page)
    assert console == "" and cards.all == len(cards.shown) == 30
    assert not re.search(r'class="search"[^>]*hidden', page), "the script did not run"
    name = cards.shown[7]
    page, console = run(browser, tmp_path, f"file://{tree}/index.html#q={name}", "--dump-dom")
    assert console == "" and _Cards(page).shown[0] == name and len(_Cards(page).shown) < 30
    page, _ = run(browser, tmp_path, f"file://{tree}/index.html#q=no+such+thing", "--dump-dom")
    assert _Cards(page).shown == []


def test_an_address_that_is_changed_searches_again(browser: str, tree: Path, tmp_path: Path) -> None:
    """As somebody does who writes into the address of the page that is open."""
    index = (tree / "index.html").read_text()
    name = _Cards(index).shown[7]
    page = re.sub(r"<meta http-equiv[^>]*>", "", index).replace(
        "</body>", f'<script>addEventListener("load", () => {{ location.hash = "q={name}"; }});</script></body>'
    )
    (tree / "probe.html").write_text(page)
    found, console = run(browser, tmp_path, f"file://{tree}/probe.html#q=no+such+thing", "--dump-dom")
    (tree / "probe.html").unlink()
    assert console == "" and _Cards(found).shown[0] == name


def test_a_package_cannot_run_anything(browser: str, tree: Path, tmp_path: Path) -> None:
    for address in (f"{tree}/index.html", *map(str, sorted((tree / "site" / "package").glob("*.html")))):
        if "onerror" not in Path(address).read_text():
            continue
        page, console = run(browser, tmp_path, f"file://{address}", "--dump-dom")
        assert console == "" and "<title>taken" not in page and "&lt;img src=x" in page


@pytest.mark.parametrize(("scheme", "window"), [("1", "1280,1000"), ("0", "1280,1000"), ("1", "500,900")])
def test_pages_have_their_look(browser: str, tree: Path, tmp_path: Path, scheme: str, window: str) -> None:
    """Without the style sheet a page is black on white and a few kilobytes of picture."""
    shot = tmp_path / "shot.png"
    words = (f"--screenshot={shot}", f"--window-size={window}", f"--blink-settings=preferredColorScheme={scheme}")
    _, console = run(browser, tmp_path / "profile", f"file://{tree}/index.html", *words)
    assert console == "" and shot.stat().st_size > 30_000
