"""URLs from outside are judged in one place, `dcos_runtime.urls`; nothing else takes them apart."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from dcos_runtime import urls

ROOT = Path(__file__).parents[3]
SPLITTERS = frozenset({"urlsplit", "urlparse", "urljoin", "urldefrag"})

OTHERS = {
    "dcos_runtime/urls.py": "the place itself",
    "dcos_runtime/flags/values.py": "a flag's URL, whose faults are told as faults of that flag",
    "installer/dcos_installer/config/variables.py": "a variable's URI, judged there by a pattern of its own",
    "installer/dcos_installer/daemon_client.py": "a URL that the installer itself has made of a host and a port",
    "installer/dcos_installer/providers/libvirt/options.py": "libvirt's own URIs, which are none of the web",
    "universe/dcos_universe/publishing/destination.py": "a place to publish to: ssh and s3, with rules of their own",
}
"""Files that may split URLs themselves, and why."""


def split_in(source: str) -> list[int]:
    """The lines in which Python's own functions are named."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = [one.name for one in node.names] if isinstance(node, ast.ImportFrom) else []
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
        if SPLITTERS & set(names) and not (isinstance(node, ast.Attribute) and ast.unparse(node.value) == "urls"):
            found.append(getattr(node, "lineno", 0))
    return found


def test_only_one_module_splits_urls() -> None:
    found = {}
    for tree in ("dcos_runtime", "installer", "images", "universe"):
        for path in sorted((ROOT / tree).rglob("*.py")):
            if lines := split_in(path.read_text()):
                found[str(path.relative_to(ROOT))] = lines
    assert found.keys() == OTHERS.keys(), {name: lines for name, lines in found.items() if name not in OTHERS}


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("from urllib.parse import urlsplit", True),
        ("import urllib.parse\nurllib.parse.urlparse(text)", True),
        ("from dcos_runtime import urls\nurls.parse(text)", False),
    ],
)
def test_the_rule_sees_what_it_forbids(source: str, seen: bool) -> None:
    assert bool(split_in(source)) is seen


BAD = [
    ("http://[/b", "host is not valid"),
    ("http://[::g]/b", "host is not valid"),
    ("http://::1]/b", "host is not valid"),
    ("http://a[::1]b/", "host is not valid"),
    ("http://[::1]80/", "host is not valid"),
    ("http://a..b/", "host is not valid"),
    ("http://a<b/", "host is not valid"),
    ("http://℀/", "host is not valid"),
    (f"http://{'a' * 64}/", "host is not valid"),
    ("http://a:b/", "port"),
    ("http://a:99999/", "port"),
    ("http://a:0/", "port"),
    ("http://:80/", "no host"),
    ("http:///x", "no host"),
    ("ftp://a/", "scheme"),
    ("a/b", "scheme"),
    ("http://a/x y", "no URL may"),
    ("http://a/x\ty", "no URL may"),
]


@pytest.mark.parametrize(("url", "why"), BAD, ids=[url for url, _ in BAD])
def test_a_url_that_cannot_be_fetched_says_why(url: str, why: str) -> None:
    with pytest.raises(urls.BadUrl, match=why):
        urls.parse_web(url)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://198.18.0.1/b", "198.18.0.1", None),
        ("HTTPS://A_b.example:443/%7Bx%7D?q={}", "a_b.example", 443),
        ("http://[2001:db8::1]:80/b", "2001:db8::1", 80),
        ("http://user:secret@a:1/", "a", 1),
        ("http://ü.example/", "ü.example", None),
        ("http://a.:/", "a.", None),
    ],
)
def test_a_url_that_can_be_fetched_is_taken_apart(url: str, host: str, port: int | None) -> None:
    parts = urls.parse_web(url)
    assert (parts.hostname, parts.port) == (host, port)


def test_the_last_name_of_a_path() -> None:
    assert urls.last_name("http://a/b/c%20d.tgz/?x#y") == "c%20d.tgz"
    assert urls.last_name("http://a/b/c%20d.tgz", decoded=True) == "c d.tgz"
    assert urls.last_name("http://a") == "" == urls.last_name("http://[/b")
