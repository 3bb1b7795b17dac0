"""Checks ``resource.json`` and all digests: addresses, images, programs of the command line, packages of Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from dcos_runtime import urls
from dcos_universe.artifacts import Digest, pip, wheel
from dcos_universe.check.findings import Finding
from dcos_universe.check.wording import findings_of
from dcos_universe.errors import UniverseError
from dcos_universe.reading import COMMAND, DIGESTS, RESOURCE
from dcos_universe.schema_walk import Place
from dcos_universe.validate import check_file

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
_HEX = re.compile(r"[0-9a-f]{64}")
_WAY = re.compile(r"[^?#]*")
_IMAGE = re.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]{1,5})?/)?"
    r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(?P<digest>@sha256:[0-9a-f]{64})?"
)


def check_resource(resource: Any, packaging: str) -> Iterator[Finding]:
    """``resource``: the parsed file."""
    if resource == {}:
        return
    schema = "resource-2" if packaging == "2.0" else "resource-3"
    for mismatch in check_file(schema, resource):
        for finding in findings_of(RESOURCE, mismatch, packaging):
            if packaging == "2.0" and finding.path == ("cli",):
                what = "cli came with packagingVersion 3.0, and this is 2.0"
                finding = Finding(RESOURCE, ("cli",), finding.rule, what, "use packagingVersion 3.0, or command.json")
            yield finding
    for path, url in _addresses(resource):
        yield from _address(path, url)
    for path, image in _images(resource):
        if not image:
            yield Finding(RESOURCE, path, "empty-uri", "the image is empty", "name the image, or take the key away")
        elif len(image) > 1000 or not _IMAGE.fullmatch(image):
            what = f"{image[:80]!r} is no reference of an image"
            yield Finding(RESOURCE, path, "image", what, "write [REGISTRY/]NAME[:TAG][@sha256:DIGEST]")


def check_digests(digests: Any, resource: Any, command: Any = None) -> Iterator[Finding]:
    """``digests``: the parsed digests.json, or None. Checks its form, and reports artifacts without a digest."""
    known: dict[str, Any] = digests if isinstance(digests, dict) else {}
    said: dict[str, str] = {}
    for file, path, key, value in (*_said(resource), *_said_of_wheels(command)):
        if said.setdefault(key, value) != value:
            what = f"it is {value}, and another place says {said[key]} of {key[:100]}"
            yield Finding(file, path, "hash", what, "find out which one is right, and keep that one")
    for key, value in known.items():
        try:
            digest = Digest.of(value, key)
        except UniverseError as fault:
            yield Finding(DIGESTS, (key,), "hash", f"it is no digest: {fault.why}", fault.hint)
            continue
        if said.get(key, digest.sha256) != digest.sha256:
            what = f"the package itself says {said[key]}"
            yield Finding(DIGESTS, (key,), "hash", what, "find out which one is right")
    for path, url in _uris(resource):
        if url and url not in known:
            what = f"nobody can verify whether {url[:100]} was changed"
            yield Finding(RESOURCE, path, "no-digest", what, "add its SHA-256 with dcos-universe digests")
    for path, image in _images(resource):
        found = _IMAGE.fullmatch(image) if len(image) <= 1000 else None
        if found and not found["digest"] and image not in known:
            what = f"{image[:100]} can become another image"
            remedy = "add @sha256:DIGEST, or write its digest into digests.json beside it"
            yield Finding(RESOURCE, path, "no-digest", what, remedy)
    wheels = list(_wheels(command))
    for path, url, digest_of_it in wheels:
        yield from _wheel(path, url, digest_of_it, known=url in known)
    if known:
        named = {url for _, url in _addresses(resource)} | {image for _, image in _images(resource)}
        named |= {url for _, url, _ in wheels}
        for key in sorted(known.keys() - named):
            what = f"the package has no {key[:100]!r}"
            yield Finding(DIGESTS, (key,), "unused-digest", what, "take it away")


def _wheel(path: Place, url: str, digest: str, *, known: bool) -> Iterator[Finding]:
    try:
        parts = urls.parse_web(url)
    except urls.BadUrl as error:
        yield Finding(COMMAND, path, "url", f"{url[:80]!r} is no address: {error}", "write https://HOST/PATH")
        return
    if parts.password is not None:
        yield Finding(COMMAND, path, "credentials", "the address holds a password", "take it out")
    if digest and not _HEX.fullmatch(digest):
        what = f"{digest[:80]!r} is no SHA-256"
        yield Finding(COMMAND, path, "hash", what, "write #sha256= and 64 hexadecimal digits")
    elif not digest and not known:
        what = f"nobody can verify whether {url[:100]} was changed"
        yield Finding(COMMAND, path, "no-digest", what, "add #sha256= and its SHA-256 to the address")


def _address(path: Place, url: str) -> Iterator[Finding]:
    if not url:
        yield Finding(RESOURCE, path, "empty-uri", "the address is empty", "write it, or take the key away")
        return
    if len(url) > 4000 or not _ADDRESS.fullmatch(url):
        what = f"{url[:80]!r} is no address"
        yield Finding(RESOURCE, path, "url", what, "write SCHEME://HOST/PATH without spaces")
        return
    way = _WAY.match(url.split("://", 1)[-1])[0]  # type: ignore[index]  # it matches every text
    if ("%" in way or ".." in way) and ".." in unquote(unquote(way)).replace("\\", "/").split("/"):
        what = f"{url[:80]!r} leads out of where it begins"
        yield Finding(RESOURCE, path, "escape", what, "write the address without ..")
        return
    try:
        if urls.parse(url).scheme in ("http", "https"):
            urls.parse_web(url)
    except urls.BadUrl as error:
        yield Finding(RESOURCE, path, "url", f"{url[:80]!r} is no address: {error}", "write https://HOST/PATH")
        return
    if "@" in way and "://" in url and ":" in way.partition("/")[0].rpartition("@")[0]:
        yield Finding(RESOURCE, path, "credentials", "the address holds a password", "take it out")


def _addresses(resource: Any) -> Iterator[tuple[Place, str]]:
    yield from _uris(resource)
    images = resource.get("images") if isinstance(resource, dict) else None
    for key, value in images.items() if isinstance(images, dict) else ():
        if isinstance(value, str):
            yield ("images", key), value
        elif isinstance(value, list):
            yield from ((("images", key, at), one) for at, one in enumerate(value) if isinstance(one, str))
    yield from ((path, url) for path, url, _ in _programs(resource))


def _wheels(command: Any) -> Iterator[tuple[Place, str, str]]:
    """Address and digest (or "") of each package of Python that has an address."""
    for at, text in enumerate(pip(command)):
        url, digest = wheel(text)
        if url:
            yield ("pip", at), url, digest


def _said_of_wheels(command: Any) -> Iterator[tuple[str, Place, str, str]]:
    for path, url, digest in _wheels(command):
        if _HEX.fullmatch(digest):
            yield COMMAND, path, url, digest


def _said(resource: Any) -> Iterator[tuple[str, Place, str, str]]:
    """Each digest that the resources name, with its place and what it is the digest of."""
    for (*way, _), url, hashes in _programs(resource):
        for at, one in enumerate(hashes):
            value = one.get("value") if isinstance(one, dict) else None
            if isinstance(value, str):
                yield RESOURCE, (*way, "contentHash", at, "value"), url, value.lower()
    for path, image in _images(resource):
        found = _IMAGE.fullmatch(image) if len(image) <= 1000 else None
        if found and found["digest"]:
            yield RESOURCE, path, image, found["digest"].removeprefix("@sha256:")


def _uris(resource: Any) -> Iterator[tuple[Place, str]]:
    yield from _texts(resource, ("assets", "uris"))


def _images(resource: Any) -> Iterator[tuple[Place, str]]:
    yield from _texts(resource, ("assets", "container", "docker"))


def _programs(resource: Any) -> Iterator[tuple[Place, str, list[Any]]]:
    """The address of each program of the command line, and its digests as the file has them."""
    binaries = _inside(resource, ("cli", "binaries"))
    for system in binaries:
        for kind in _inside(binaries, (system,)):
            program = _inside(binaries, (system, kind))
            url, hashes = program.get("url"), program.get("contentHash")
            if isinstance(url, str):
                yield ("cli", "binaries", system, kind, "url"), url, hashes if isinstance(hashes, list) else []


def _texts(resource: Any, path: tuple[str, ...]) -> Iterator[tuple[Place, str]]:
    yield from (((*path, key), value) for key, value in _inside(resource, path).items() if isinstance(value, str))


def _inside(value: Any, path: tuple[str, ...]) -> dict[str, Any]:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
