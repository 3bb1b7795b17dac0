"""Invalid packages, with one error in each, and the finding of `check` for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.support.universe import broken_files
from tests.support.universe.sources import FOLDER, SHA, Broken, changed, good, without


def broken() -> Iterator[Broken]:
    """Each has one error, and no other."""
    yield from _package()
    yield from _config()
    yield from _resource()
    yield from _command()
    yield from _template()
    yield from broken_files.documents()
    yield from broken_files.files()
    yield from broken_files.places()


# --- package.json ----------------------------------------------------------------------------------------------------

PACKAGE = f"{FOLDER}/package.json"
_REQUIRED = ("name", "version", "maintainer", "description", "tags")
_TEXTS = ("scm", "maintainer", "website", "description", "preInstallNotes", "postInstallNotes", "postUninstallNotes")
_FLAGS = ("framework", "selected", "hasKnownIssues")


def _package() -> Iterator[Broken]:
    for name in _REQUIRED:
        yield Broken(f"package without {name}", without("4.0", name), "missing-field", PACKAGE, (name,))
    yield Broken("no packagingVersion", without("4.0", "packagingVersion"), *_AT_PACKAGING)
    for value in ("1.0", "6.0", 4.0, None, ["4.0"], "4.0\n", ""):
        yield Broken(f"packagingVersion {value!r}", changed("4.0", packagingVersion=value), *_AT_PACKAGING)
    for name in _TEXTS:
        yield Broken(f"{name} is a number", changed("4.0", **{name: 3}), "type", PACKAGE, (name,))
    for name in _FLAGS:
        yield Broken(f"{name} is a text", changed("4.0", **{name: "true"}), "type", PACKAGE, (name,))
    yield Broken("lastUpdated is a text", changed("4.0", lastUpdated="now"), "type", PACKAGE, ("lastUpdated",))
    for value in ("Demo", "demo_1", "1demo", "demo-", "d", "demo\n", "../demo", "de mo", "dem\u00f8"):
        wrong = Broken(f"name {value!r}", changed("4.0", name=value), "value", PACKAGE, ("name",))
        yield wrong
    yield Broken("name is a list", changed("4.0", name=["demo"]), "type", PACKAGE, ("name",))
    for packaging in ("3.0", "4.0", "5.0"):
        for value in ("1.0 beta", "1.0\n", "", "1.0_1", "1/0", "../1"):
            wrong = Broken(f"{packaging} version {value!r}", changed(packaging, version=value), *_AT_VERSION)
            yield wrong
    for value in ("", " 1", "1\n", "1\t0", "1\x000"):
        yield Broken(f"2.0 version {value!r}", changed("2.0", version=value), *_AT_VERSION)
    yield Broken("version is a number", changed("4.0", version=1.0), "type", PACKAGE, ("version",))
    for packaging in ("2.0", "4.0"):
        yield Broken(f"{packaging} version of 201 characters", changed(packaging, version="1" * 201), *_AT_VERSION)
    for value in ("1.", "1.10.x", "v1.10", "01.9", "1.10\n", "", "-1", "1" * 10, "1" * 5000, "1." * 10 + "1"):
        source = changed("4.0", minDcosReleaseVersion=value)
        yield Broken(
            f"minDcosReleaseVersion {value[:20]!r} ({len(value)})", source, "value", PACKAGE, ("minDcosReleaseVersion",)
        )
    source = changed("4.0", minDcosReleaseVersion=1.12)
    yield Broken("minDcosReleaseVersion is a number", source, "type", PACKAGE, ("minDcosReleaseVersion",))
    fields: tuple[tuple[str, str, Any], ...] = (
        ("2.0", "minDcosReleaseVersion", "1.8"),
        ("2.0", "hasKnownIssues", True),
        ("2.0", "upgradesFrom", ["*"]),
        ("3.0", "upgradesFrom", ["*"]),
        ("3.0", "downgradesTo", []),
        ("4.0", "manager", {"packageName": "demo-manager"}),
        ("4.0", "releaseVersion", 3),
        ("4.0", "resource", {}),
        ("4.0", "config", {}),
        ("4.0", "command", {"pip": []}),
        ("4.0", "marathon", {"v2AppMustacheTemplate": "e30="}),
        ("4.0", "licence", []),
    )
    for packaging, name, field_value in fields:
        source = changed(packaging, **{name: field_value})
        yield Broken(f"{packaging} with {name}", source, "unknown-field", PACKAGE, (name,))
    yield Broken("tags is a text", changed("4.0", tags="demo"), "type", PACKAGE, ("tags",))
    for value in ("web server", "", "a\nb", "demo\n"):
        yield Broken(f"tag {value!r}", changed("4.0", tags=["demo", value]), "value", PACKAGE, ("tags", 1))
    yield Broken("tag is a number", changed("4.0", tags=[1]), "type", PACKAGE, ("tags", 0))
    for name in ("upgradesFrom", "downgradesTo"):
        yield Broken(f"{name} is a text", changed("4.0", **{name: "*"}), "type", PACKAGE, (name,))
        yield Broken(f"{name} has a number", changed("4.0", **{name: [1]}), "type", PACKAGE, (name, 0))
    yield Broken("licenses is an object", changed("4.0", licenses={}), "type", PACKAGE, ("licenses",))
    yield from _licences()
    yield from _managers()
    for value in ("1.11", "1.9", "0.0", "1"):
        source = changed("5.0", minDcosReleaseVersion=value)
        yield Broken(f"5.0 from {value} on", source, "minimum", PACKAGE, ("minDcosReleaseVersion",))
    source = changed("5.0", minDcosReleaseVersion="\u00b2")
    yield Broken("5.0 from a number that is no decimal on", source, "value", PACKAGE, ("minDcosReleaseVersion",))
    source = without("5.0", "minDcosReleaseVersion")
    yield Broken("5.0 without a minimum", source, "minimum", PACKAGE, ("minDcosReleaseVersion",))
    source = changed("4.0", name="other")
    yield Broken("a name that is not the folder's", source, "name", PACKAGE, ("name",))


def _licences() -> Iterator[Broken]:
    licence = {"name": "x", "url": "https://x.example.org/"}
    for case, value, rule, path in (
        ("without name", {"url": licence["url"]}, "missing-field", "name"),
        ("without url", {"name": "x"}, "missing-field", "url"),
        ("with text", licence | {"text": "x"}, "unknown-field", "text"),
        ("with a relative url", licence | {"url": "/LICENSE"}, "url", "url"),
        ("with an ftp url", licence | {"url": "ftp://x.example.org/"}, "url", "url"),
        ("with a url without host", licence | {"url": "https://"}, "url", "url"),
        ("with a url with a space", licence | {"url": "https://x.example.org/a b"}, "url", "url"),
        ("with a url and a newline", licence | {"url": "https://x.example.org/\n"}, "url", "url"),
    ):
        yield Broken(f"licence {case}", changed("4.0", licenses=[value]), rule, PACKAGE, ("licenses", 0, path))


def _managers() -> Iterator[Broken]:
    manager = {"packageName": "demo-manager", "minPackageVersion": "1.0"}
    cases: tuple[tuple[str, Any, str, tuple[str, ...]], ...] = (
        ("is a text", "demo-manager", "type", ()),
        ("without packageName", {"minPackageVersion": "1.0"}, "missing-field", ("packageName",)),
        ("with a bad name", manager | {"packageName": "Demo"}, "value", ("packageName",)),
        ("with a bad version", manager | {"minPackageVersion": "1 0"}, "value", ("minPackageVersion",)),
        ("with a version and a newline", manager | {"minPackageVersion": "1\n"}, "value", ("minPackageVersion",)),
        ("with more", manager | {"maxPackageVersion": "2"}, "unknown-field", ("maxPackageVersion",)),
    )
    for case, value, rule, path in cases:
        yield Broken(f"manager {case}", changed("5.0", manager=value), rule, PACKAGE, ("manager", *path))


_AT_PACKAGING = ("packaging-version", PACKAGE, ("packagingVersion",))
_AT_VERSION = ("value", PACKAGE, ("version",))


# --- config.json -----------------------------------------------------------------------------------------------------

CONFIG = f"{FOLDER}/config.json"


def _config() -> Iterator[Broken]:
    def option(case: str, schema: Any, rule: str, *path: str | int) -> Broken:
        source = good()
        source.config["properties"]["service"]["properties"]["odd"] = schema
        return Broken(f"option {case}", source, rule, CONFIG, ("properties", "service", "properties", "odd", *path))

    yield option("is a text", "string", "schema")
    yield option("is a list", [], "schema")
    yield option("of an unknown type", {"type": "text"}, "schema", "type")
    yield option("of a type that is a number", {"type": 3}, "schema", "type")
    yield option("of no type at all", {"type": []}, "schema", "type")
    yield option("with a text as minimum", {"minimum": "1"}, "schema", "minimum")
    yield option("with a negative length", {"minLength": -1}, "schema", "minLength")
    yield option("with exclusiveMinimum of draft 6", {"exclusiveMinimum": 3}, "schema", "exclusiveMinimum")
    yield option("required as in draft 3", {"required": True}, "schema", "required")
    yield option("with nothing required", {"required": []}, "schema", "required")
    yield option("with the same required twice", {"required": ["a", "a"]}, "schema", "required")
    yield option("with an empty enum", {"enum": []}, "schema", "enum")
    yield option("with a text as enum", {"enum": "a"}, "schema", "enum")
    yield option("with the same twice in its enum", {"enum": [1, 1]}, "schema", "enum")
    yield option("with an invalid pattern", {"pattern": "(a"}, "schema", "pattern")
    yield option("with a pattern that would never end", {"pattern": "(a{1000}){1000}"}, "schema", "pattern")
    yield option("with a number as pattern", {"pattern": 3}, "schema", "pattern")
    yield option("with a number as title", {"title": 3}, "schema", "title")
    yield option("with a list as properties", {"properties": []}, "schema", "properties")
    yield option("with a text as items", {"items": "string"}, "schema", "items")
    yield option("with a wrong type in its items", {"items": {"type": "text"}}, "schema", "items", "type")
    yield option("with an empty allOf", {"allOf": []}, "schema", "allOf")
    yield option("with multipleOf 0", {"multipleOf": 0}, "schema", "multipleOf")
    yield option("with a text as uniqueItems", {"uniqueItems": "yes"}, "schema", "uniqueItems")
    yield option("with a text as not", {"not": "x"}, "schema", "not")
    for reference in (
        "http://127.0.0.1:9/schema.json",
        "https://schemas.example.org/x#/y",
        "file:///etc/passwd",
        "//schemas.example.org/x",
        "other.json",
        "/etc/passwd",
        "#/definitions/absent",
        "#absent",
        "#/properties/service/properties/name/default",
        "urn:x",
    ):
        yield option(f"with $ref {reference}", {"$ref": reference}, "reference", "$ref")
    odd = "#/properties/service/properties/odd"
    yield option("that is itself", {"$ref": odd}, "reference", "$ref")
    yield option(
        "that is all of itself", {"allOf": [{"type": "string"}, {"$ref": odd}]}, "reference", "allOf", 1, "$ref"
    )
    yield option("that is not itself", {"not": {"$ref": odd}}, "reference", "not", "$ref")
    yield option(
        "that depends on itself", {"dependencies": {"a": {"$ref": odd}}}, "reference", "dependencies", "a", "$ref"
    )
    source = good()
    source.config["definitions"] = {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}
    yield Broken("two $refs to each other", source, "reference", CONFIG, ("definitions", "b", "$ref"))
    source = good()
    source.config = {"$ref": "#"}
    source.template = '{"id": "demo", "cmd": "true"}'
    yield Broken("a schema that is itself", source, "reference", CONFIG, ("$ref",))
    yield option("with $ref 3", {"$ref": 3}, "schema", "$ref")
    yield option("with $ref in a list of schemas", {"anyOf": [{"$ref": "x"}]}, "reference", "anyOf", 0, "$ref")
    source = good()
    source.config["definitions"] = {"unused": {"$ref": "http://127.0.0.1:9/"}}
    yield Broken("$ref in an unused definition", source, "reference", CONFIG, ("definitions", "unused", "$ref"))
    for kind in ("string", "array", ["string", "null"]):
        source = good()
        source.config["type"] = kind
        yield Broken(f"options that are {kind}", source, "config-type", CONFIG, ("type",))
    for value in ([], [1], "x", 3, None):
        source = good()
        source.files["config.json"] = json.dumps(value).encode()
        yield Broken(f"config.json is {value!r}", source, "schema" if value == [] else "type", CONFIG)
    source = good()
    source.config["properties"] = {f"option{at}": {"pattern": f"^{at}$"} for at in range(600)}
    source.template = '{"id": "demo", "cmd": "true"}'
    yield Broken("too many patterns", source, "costly", CONFIG)


# --- resource.json ---------------------------------------------------------------------------------------------------

RESOURCE = f"{FOLDER}/resource.json"


def _resource() -> Iterator[Broken]:
    def case(name: str, rule: str, path: tuple[str | int, ...], value: Any, packaging: str = "4.0") -> Broken:
        source = good(packaging)
        here = source.resource
        for part in path[:-1]:
            here = here[part]
        here[path[-1]] = value
        return Broken(f"resource {name}", source, rule, RESOURCE, path)

    uris, docker = ("assets", "uris"), ("assets", "container", "docker")
    program = ("cli", "binaries", "linux", "x86-64")
    yield case("with scripts", "unknown-field", ("scripts",), {})
    yield case("with an asset of another kind", "unknown-field", ("assets", "files"), {})
    yield case("with another container", "unknown-field", ("assets", "container", "appc"), {})
    yield case("with another image", "unknown-field", ("images", "icon-huge"), "https://files.example.org/x.png")
    yield case("2.0 with cli", "unknown-field", ("cli",), {}, "2.0")
    yield case("with assets as a list", "type", ("assets",), [], "2.0")
    yield case("with images as a text", "type", ("images",), "x")
    yield case("with a number as address", "type", (*uris, "odd"), 3)
    yield case("with a number as image", "type", (*docker, "odd"), 3)
    yield case("with a text as screenshots", "type", ("images", "screenshots"), "https://files.example.org/x.png")
    for url in (
        "no-address",
        "/rel/path",
        "https://files.example.org/a b",
        "https://files.example.org/a\n",
        "https://",
        "http:///path",
        " https://files.example.org/a",
        "https://files.example.org/\u00e9",
        "x" * 5000,
    ):
        yield case(f"with the address {url[:40]!r}", "url", (*uris, "odd"), url)
        yield case(f"with the icon {url[:40]!r}", "url", ("images", "icon-large"), url)
    for url in (
        "https://files.example.org/../x",
        "https://files.example.org/a/..",
        "https://files.example.org/%2e%2e/x",
        "https://files.example.org/%252E%252e/x",
        "https://files.example.org/a\\..\\x",
        "file:///a/../../etc/passwd",
    ):
        yield case(f"with the address {url!r} that escapes", "escape", (*uris, "odd"), url)
    for image in (
        "Example/Demo",
        "example/demo:",
        "example demo",
        "example/demo@sha256:12",
        "-demo",
        "a" * 2000,
        "x\n",
    ):
        yield case(f"with the image {image[:40]!r}", "image", (*docker, "odd"), image)
    yield case("with cli as a list", "type", ("cli",), [])
    yield _without_binaries()
    yield case("with empty binaries", "value", ("cli", "binaries"), {})
    yield case("with a program for plan9", "unknown-field", ("cli", "binaries", "plan9"), {})
    yield case("with a program for arm", "unknown-field", ("cli", "binaries", "linux", "arm64"), {})
    yield case("with a program of another kind", "value", (*program, "kind"), "script")
    yield case("with a program with more", "unknown-field", (*program, "size"), 3)
    for url in ("demo-cli", "ftp://files.example.org/x", "https://"):
        yield case(f"with a program at {url!r}", "url", (*program, "url"), url)
    yield case("with a program without digests", "value", (*program, "contentHash"), [])
    hashed = (*program, "contentHash", 0)
    yield case("with a program with md5", "value", (*hashed, "algo"), "md5")
    for value in ("", "abc", SHA[:-1], SHA + "0", SHA[:-1] + "g", SHA + "\n", f"sha256:{SHA}"):
        yield case(f"with the digest {value[-8:]!r}", "hash", (*hashed, "value"), value)
    yield case("with a number as digest", "type", (*hashed, "value"), 3)
    for missing in ("url", "kind", "contentHash"):
        source = good()
        del source.resource["cli"]["binaries"]["linux"]["x86-64"][missing]
        yield Broken(f"a program without {missing}", source, "missing-field", RESOURCE, (*program, missing))
    second = {"algo": "sha256", "value": SHA[::-1]}
    source = good()
    source.resource["cli"]["binaries"]["linux"]["x86-64"]["contentHash"].append(second)
    yield Broken("a program with two digests", source, "hash", RESOURCE, (*program, "contentHash", 1, "value"))
    source = good()
    source.resource["cli"]["binaries"]["darwin"]["x86-64"]["contentHash"] = [second]
    place = ("cli", "binaries", "darwin", "x86-64", "contentHash", 0, "value")
    yield Broken("a program with other digests for another system", source, "hash", RESOURCE, place)
    source = good()
    image = source.resource["assets"]["container"]["docker"]["server"]
    source.files["digests.json"] = json.dumps({image: f"sha256:{SHA[::-1]}"}).encode()
    yield Broken("two digests of one image", source, "hash", f"{FOLDER}/digests.json", (image,))
    archive = "https://files.example.org/demo.tar.gz"
    digests: tuple[Any, ...] = ("abc", SHA, f"sha256:{SHA}0", f"md5:{SHA}", 3, None, {}, {"sha512": SHA})
    for digest in (*digests, {"sha256": SHA, "size": -1}):
        source = good()
        source.files["digests.json"] = json.dumps({archive: digest}).encode()
        yield Broken(f"an artifact's digest {json.dumps(digest)}", source, "hash", DIGESTS, (archive,))
    source = good()
    program = source.resource["cli"]["binaries"]["linux"]["x86-64"]["url"]
    source.files["digests.json"] = json.dumps({archive: f"sha256:{SHA}", program: f"sha256:{SHA[::-1]}"}).encode()
    yield Broken("two digests of one program", source, "hash", DIGESTS, (program,))


DIGESTS = f"{FOLDER}/digests.json"


def _without_binaries() -> Broken:
    source = good()
    source.resource["cli"] = {}
    return Broken("resource with no programs", source, "missing-field", RESOURCE, ("cli", "binaries"))


# --- command.json ----------------------------------------------------------------------------------------------------

COMMAND = f"{FOLDER}/command.json"
WHEEL = "https://files.example.org/demo-1.0-py3-none-any.whl"


def _command() -> Iterator[Broken]:
    for value, rule, path in (
        ({"pip": "x"}, "type", ("pip",)),
        ({"pip": [1]}, "type", ("pip", 0)),
        ({"pip": ["x"], "npm": []}, "unknown-field", ("npm",)),
        ({"npm": [], "pip": []}, "unknown-field", ("npm",)),
        ({"pip": None}, "type", ("pip",)),
        ({}, "missing-field", ("pip",)),
        ([], "type", ()),
        ({"pip": [f"{WHEEL}#sha256={SHA[:-1]}"]}, "hash", ("pip", 0)),
        ({"pip": [f"{WHEEL}#sha256={SHA}", f"{WHEEL}#sha256={SHA[::-1]}"]}, "hash", ("pip", 1)),
        ({"pip": [f"https://files.example.org:port/x.whl#sha256={SHA}"]}, "url", ("pip", 0)),
    ):
        source = good("2.0")
        source.command = value
        yield Broken(f"command {json.dumps(value)}", source, rule, COMMAND, path)
    for packaging in ("4.0", "5.0"):
        source = good(packaging)
        source.command = {"pip": ["x"]}
        yield Broken(f"{packaging} with command.json", source, "forbidden-file", COMMAND)


# --- the template ----------------------------------------------------------------------------------------------------

TEMPLATE = f"{FOLDER}/marathon.json.mustache"


def _template() -> Iterator[Broken]:
    for text in (
        "{{service.name",
        "{{{service.name}}",
        "{{#service.name}}",
        "{{#service.name}}{{/service.cpus}}",
        "{{/service.name}}",
        "{{^service.name}}",
        "{{#service}}{{#service.name}}{{/service}}{{/service.name}}",
        "{{> partial}}",
        "{{>/etc/passwd}}",
        "{{< parent}}{{/ parent}}",
        "{{=<% %>=}}<% service.name",
        "{{=<%=}}",
        "{{}}",
        "{{ }}",
        "{{#}}{{/}}",
        "{{#service}}" * 200 + "{{/service}}" * 200,
    ):
        source = good()
        source.template = f'{{"id": "demo", "cmd": "{text}"}}'
        yield Broken(f"template {text[:40]}", source, "template", TEMPLATE)
    source = good("2.0")
    source.template = ""
    yield Broken("2.0 without template", source, "missing-file", TEMPLATE)
    source = good("2.0")
    source.files["marathon.json.mustache"] = b""
    yield Broken("2.0 with an empty template", source, "missing-file", TEMPLATE)
    for data in (b'{"id": "\xff"}', '{"id": "\u00e9"}'.encode(), b"\xef\xbb\xbf{}"):
        source = good()
        source.files["marathon.json.mustache"] = data
        yield Broken(f"template {data!r}", source, "ascii", TEMPLATE)
