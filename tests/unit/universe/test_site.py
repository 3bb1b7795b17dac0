"""The catalogue: whatever a package says, its page is text and nothing else, and asks nobody for anything."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from dcos_universe.index.files import Piece
from dcos_universe.model import Revision
from dcos_universe.site import Page, pages
from dcos_universe.site.views import link
from dcos_universe.states import RevisionState, States
from dcos_universe.stock import Row, Stock

EVIL = (
    "<script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "</pre></code></style><svg/onload=alert(1)>",
    "{{ 7*7 }}{% raw %}",
    "-->\x00<!--<b>",
    "\u202egpj.exe",
)
ADDRESSES = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "//evil.example.org/x",
    "https://user:secret@example.org/",
    "https://exa mple.org/",
    "https://example.org\\@evil.example.org/",
    "http://",
    "https://[bad/",
    "",
)


class _Seen(HTMLParser):
    """What a browser would make of a page: elements, attributes, texts."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment in a page: {data}")


def stocks(*entries: dict[str, Any]) -> dict[str, Stock]:
    made: dict[str, list[Piece]] = {}
    for entry in entries:
        whole = {"packagingVersion": "4.0", "name": "toy", "version": "1", "releaseVersion": 0, **entry}
        revision = Revision.of(whole)
        made.setdefault(revision.name, []).append(Piece.of(revision, offered=whole))
    return {name: Stock(name, tuple(map(Row.of, those)), lambda those=those: those) for name, those in made.items()}  # type: ignore[misc]  # mypy knows no type of a default in a lambda


def catalogue(packages: dict[str, Stock], states: States | None = None, title: str = "Packages") -> dict[str, str]:
    found: list[Page] = list(pages(packages, states or States(), title=title, channel="stable"))
    return {page.name: page.make().decode() for page in found}


def everywhere(evil: str, address: str) -> dict[str, Any]:
    """A package that says it in every field."""
    return {
        "version": evil,
        "maintainer": evil,
        "description": evil,
        "tags": [evil, evil],
        "scm": address,
        "website": address,
        "preInstallNotes": evil,
        "postInstallNotes": evil,
        "postUninstallNotes": evil,
        "licenses": [{"name": evil, "url": address}],
        "upgradesFrom": [evil],
        "manager": {"packageName": evil},
        "minDcosReleaseVersion": "1.12",
        "config": {
            "properties": {
                evil: {"type": evil, "default": evil, "description": evil, "enum": [evil], "pattern": evil},
                "section": {"type": "object", "description": evil, "properties": {evil: {"type": ["string", evil]}}},
            },
            "required": [evil],
        },
        "resource": {
            "images": {"icon-small": address, evil: address, "screenshots": [address, evil]},
            "assets": {"uris": {evil: address}, "container": {"docker": {evil: evil}}},
            "cli": {
                "binaries": {
                    evil: {evil: {"url": address, "kind": evil, "contentHash": [{"algo": evil, "value": evil}]}}
                }
            },
        },
    }


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


ELEMENTS = _words(
    "html head meta title link script body a header div span main footer p code section h1 h2 h3 label input kbd ul li",
    "button nav pre details summary dl dt dd table thead tr th tbody td strong br aside",
)
ATTRIBUTES = _words(
    "lang charset http-equiv content name rel href src defer class id type placeholder autocomplete spellcheck hidden",
    "for role title scope open data-name data-text data-tags data-tag aria-hidden aria-label aria-live",
)


@pytest.mark.parametrize("evil", EVIL)
def test_what_packages_say_stays_text(evil: str) -> None:
    states = States({("toy", 0): RevisionState(deprecated=evil)})
    made = catalogue(stocks(everywhere(evil, "javascript:alert(1)")), states, title=evil)
    for name in ("index.html", "site/package/toy.html"):
        seen = _Seen(made[name])
        assert {tag for tag, _ in seen.elements} <= ELEMENTS
        assert {key for _, attributes in seen.elements for key in attributes} <= ATTRIBUTES
        scripts = [attributes for tag, attributes in seen.elements if tag == "script"]
        assert scripts == ([{"src": "site/search.js", "defer": None}] if name == "index.html" else [])
    shown = re.sub("[\x00\u202e]", "", evil)
    assert _Seen(made["site/package/toy.html"]).text.count(shown) > 10, "it is not shown as it is"


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_addresses_of_the_web_become_links(address: str) -> None:
    assert link(address) is None
    made = catalogue(stocks(everywhere("plain", address)))["site/package/toy.html"]
    away = [
        a["href"] for tag, a in _Seen(made).elements if tag == "a" and not (a["href"] or "").startswith(("#", "../"))
    ]
    assert away == []


@pytest.mark.parametrize("address", ["https://example.org/", "http://example.org:8080/a?b=c&d=%22#e", "https://[::1]/"])
def test_addresses_of_the_web_do(address: str) -> None:
    made = _Seen(catalogue(stocks(everywhere("plain", address)))["site/package/toy.html"])
    links = [attributes for tag, attributes in made.elements if tag == "a" and attributes.get("href") == address]
    assert links and all(one["rel"] == "noreferrer noopener nofollow" for one in links)


def test_pages_fetch_nothing_from_elsewhere() -> None:
    made = catalogue(stocks(everywhere("plain", "https://example.org/x.png")))
    for name, content in made.items():
        if not name.endswith(".html"):
            assert not re.search(r"https?://|url\(|@import|fetch\(|XMLHttpRequest|eval\(|innerHTML", content), name
            continue
        fetched = [
            attributes.get("src") or attributes.get("href") or ""
            for tag, attributes in _Seen(content).elements
            if tag in ("link", "script", "img", "iframe", "object", "embed", "video", "audio")
        ]
        assert {one.replace("../../", "") for one in fetched} <= {"site/style.css", "site/search.js"}
        assert "style=" not in content and "<style" not in content, "the page's own policy forbids it"
        policy = next(a["content"] for tag, a in _Seen(content).elements if a.get("http-equiv"))
        assert policy is not None and policy.startswith("default-src 'none'; style-src 'self'; script-src 'self';")
        assert "unsafe" not in policy and "http" not in policy


def test_links_within_the_catalogue_lead_somewhere() -> None:
    packages = stocks({"name": "one"}, {"name": "two", "minDcosReleaseVersion": "999"})
    made = catalogue(packages)
    there = {*made, "2.0/package/one.json"}
    for name, content in made.items():
        for tag, attributes in _Seen(content).elements if name.endswith(".html") else ():
            target = attributes.get("href") or attributes.get("src")
            if tag in ("a", "link", "script") and target and not target.startswith("#"):
                path = (Path("/") / name).parent / target
                assert str(path.resolve()).lstrip("/") in there, f"{name} leads to {target}"


def test_the_newest_that_a_cluster_can_have_is_shown() -> None:
    packages = stocks(
        {"releaseVersion": 1, "version": "one"},
        {"releaseVersion": 2, "version": "two"},
        {"releaseVersion": 3, "version": "three"},
        {"releaseVersion": 10, "version": "ten", "minDcosReleaseVersion": "999"},
    )
    states = States({("toy", 3): RevisionState(yanked="broken")})
    made = catalogue(packages, states)
    assert _Seen(made["index.html"]).text.count("two") == 1 and "three" not in _Seen(made["index.html"]).text
    page = _Seen(made["site/package/toy.html"]).text
    order = [page.index(word) for word in ("ten", "three", "two", "one")]
    assert "broken" in page and "hidden" in page and "yanked" in page
    versions = page[page.index("Upgrades from") :]
    assert [versions.index(word) for word in ("ten", "three", "two", "one")] == sorted(
        versions.index(word) for word in ("ten", "three", "two", "one")
    ), order


@pytest.mark.parametrize(
    "odd",
    [
        {"config": {"properties": 7}},
        {"config": {"properties": {"a": [1], "b": {"properties": {"c": None}}}}},
        {"resource": {"images": [], "assets": {"uris": 3, "container": None}, "cli": {"binaries": {"linux": "x"}}}},
        {"tags": "not a list", "licenses": {"name": "x"}, "description": None, "maintainer": 5},
        {"config": json.loads('{"properties": {"a": ' * 60 + "{}" + "}}" * 60)},
    ],
)
def test_odd_packages_have_a_page_too(odd: dict[str, Any]) -> None:
    assert "toy" in catalogue(stocks(odd))["site/package/toy.html"]


def test_a_page_is_named_by_all_that_it_shows() -> None:
    def named(packages: dict[str, Stock], states: States, title: str) -> dict[str, str]:
        return {page.name: page.of for page in pages(packages, states, title=title, channel="stable")}

    first = named(stocks({"name": "one"}, {"name": "two"}), States(), "A")
    assert first == named(stocks({"name": "one"}, {"name": "two"}), States(), "A")
    yanked = named(stocks({"name": "one"}, {"name": "two"}), States({("one", 0): RevisionState(yanked="x")}), "A")
    other = named(stocks({"name": "one"}, {"name": "two", "description": "x"}), States(), "A")
    titled = named(stocks({"name": "one"}, {"name": "two"}), States(), "B")
    changed = [{name for name in first if first[name] != then[name]} for then in (yanked, other, titled)]
    one, two, every = "site/package/one.html", "site/package/two.html", "index.html"
    assert changed == [{one, every}, {two, every}, {one, two, every}]
