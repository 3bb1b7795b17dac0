"""Packages whose check costs as much as possible: each way that a file may hide much work in little space."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from dcos_universe import reading
from dcos_universe.parsing import MAX_VALUES
from tests.support.universe.sources import Source, good

ROOM = reading.MAX_BYTES - 100
"""Characters of a file."""
MOST = MAX_VALUES - 2000
"""Values of a file, less those of the rest of its package."""

Case = Callable[[], Source]


def costly() -> Iterator[tuple[str, Case]]:
    """The name of each, and how it is made."""
    yield from _documents()
    yield from _schemas()
    yield from _patterns()
    yield from _references()
    yield from _templates()
    yield from _resources()


def _with(change: Callable[[Source], object]) -> Case:
    def made() -> Source:
        source = good()
        change(source)
        documents = {"package.json": source.package, "config.json": source.config, "resource.json": source.resource}
        for name, document in documents.items():
            source.files.setdefault(name, json.dumps(document, separators=(",", ":")).encode())
        return source

    return made


def _file(name: str, text: Callable[[], str]) -> Case:
    return _with(lambda source: source.files.__setitem__(name, text().encode()))


def _filled(piece: str, before: str = "[", after: str = "]", between: str = ",") -> str:
    return before + between.join([piece] * ((ROOM - len(before) - len(after)) // (len(piece) + len(between)))) + after


def _documents() -> Iterator[tuple[str, Case]]:
    for name in ("package.json", "config.json", "resource.json", "digests.json"):
        for piece in ("0", "[]", "{}", '""', '"\\u0041"', '{"":0,"":0}', "1e9"):
            yield f"{name} of {piece}", _file(name, partial(_filled, piece, '{"a":[', "]}"))
    yield "a text of escaped quotes that nothing ends", _file("config.json", lambda: '{"a":"' + '\\"' * (ROOM // 2))
    yield "a text of backslashes", _file("config.json", lambda: '{"a":"' + "\\\\" * (ROOM // 2 - 10) + '"}')
    yield "keys that are all there twice", _file("package.json", lambda: "{%s}" % _twice(MOST // 2))
    yield "one key again and again", _file("config.json", lambda: "{%s}" % ",".join(['"a":1'] * MOST))
    yield "repeated keys in each other", _file("config.json", lambda: _nest('{"a":1,"a":', "1", "}", 60))
    yield "a long key over many faults", _file("config.json", _below_a_long_key)
    yield "open brackets", _file("config.json", lambda: "[" * ROOM)
    yield (
        "as deep as it may be, again and again",
        _file("config.json", lambda: _filled(_nest("[", "0", "]", 60), '{"a":[', "]}")),
    )
    yield "digits", _file("config.json", lambda: '{"a":' + "9" * ROOM + "}")
    yield "digits after a point", _file("config.json", lambda: '{"a":0.' + "9" * (ROOM - 20) + "}")
    yield "every file full at once", _with(_everything)


def _twice(count: int) -> str:
    return ",".join([f'"k{at}":1' for at in range(count)] * 2)


def _nest(before: str, inside: str, after: str, depth: int) -> str:
    return before * depth + inside + after * depth


def _below_a_long_key() -> str:
    faults = ",".join(f'"a{at}":3' for at in range(MOST))
    return '{"type":"object","properties":{"%s":{"properties":{%s}}}}' % ("k" * (ROOM - len(faults) - 200), faults)


def _everything(source: Source) -> None:
    many = {f"a{at}": f"x{at}" for at in range(MOST)}
    source.package["tags"] = list(many)
    source.package["upgradesFrom"] = list(many)[: MOST // 2]
    source.config["properties"] |= {name: {"default": name, "type": "integer"} for name in list(many)[: MOST // 3]}
    source.config["required"] = list(many)[: MOST // 3]
    source.resource["assets"]["uris"] = many
    source.files["digests.json"] = json.dumps(many).encode()
    source.template = "".join(f"{{{{b{at}}}}}" for at in range(9_900)) + "x" * (ROOM - 100_000)


# --- config.json -----------------------------------------------------------------------------------------------------


def _config(**keys: Any) -> Case:
    return _with(lambda source: source.config.update(keys))


def _options(**options: Any) -> Case:
    return _with(lambda source: source.config["properties"].update(options))


def _schemas() -> Iterator[tuple[str, Case]]:
    names = [f"a{at}" for at in range(MOST)]
    few = names[:6000]
    yield "required options that do not exist", _config(required=names)
    yield "options without a type", _options(**{name: {} for name in names})
    yield "invalid options", _options(**dict.fromkeys(names, 3))
    yield "defaults that are all wrong", _options(**{name: {"type": "integer", "default": ""} for name in few})
    yield "a default of many values", _options(a={"type": "string", "default": list(range(MOST))})
    yield (
        "many rules over many values",
        _options(a={"allOf": [{"items": {"minimum": at}} for at in range(3000)], "default": list(range(9000))}),
    )
    yield (
        "many names that have to be there",
        _options(a={"items": {"required": few}, "default": [{}] * 9000, "type": "array"}),
    )
    yield (
        "many names that others want",
        _options(a={"dependencies": dict.fromkeys(few[:90], few[:90]), "default": dict.fromkeys(few[:90], 1)}),
    )
    yield "values that may be one of many", _options(a={"items": {"enum": names[:9000]}, "default": [""] * 9000})
    yield (
        "one of many objects",
        _options(a={"items": {"enum": [{"a": {"b": at}} for at in range(2000)]}, "default": [{"a": {"b": -1}}] * 4000}),
    )
    yield (
        "values that may not be there twice",
        _options(a={"allOf": [{"uniqueItems": True}] * 2000, "default": [{"a": [at]} for at in range(4000)]}),
    )
    yield "alternatives in alternatives", _options(a=_alternatives(12))
    yield "schemas in each other", _with(lambda source: source.config.update(_deep(30)))
    yield "alternatives that are no schemas, in each other", _file("config.json", _mistaken)


def _alternatives(depth: int) -> Any:
    schema: Any = {"type": "integer"}
    for _ in range(depth):
        schema = {"anyOf": [schema, schema]}
    return schema | {"default": "x"}


def _deep(depth: int) -> Any:
    schema: Any = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
    for at in range(depth):
        schema = {"type": "object", "required": ["a"], "properties": {"a": schema, f"b{at}": {"default": 1}}}
    return schema


def _mistaken() -> str:
    room = '"%s"' % ("x" * (ROOM - 4000))
    return _nest('{"items":', '{"type":3,"title":%s}' % room, "}", 60)


def _patterns() -> Iterator[tuple[str, Case]]:
    large = "[^x]*a[^x]{%d}c"
    looking = "(?:(?=[ab]*a[ab]{%d}c)|[ab]|[ab])*d"
    word = "ab" * 40
    for what, count in (("as many patterns as there may be", 100), ("very many patterns", 2500)):
        options = {f"a{at}": {"pattern": large % (300 + at % 100), "default": word} for at in range(count)}
        yield what, _options(**options)
        yield f"{what}, none of which is one", _options(**{name: {"pattern": f"{name}("} for name in options})
        yield (
            f"{what}, each of which is too large",
            _options(**{name: {"pattern": f"(?:[^{name}]{{900}}){{900}}"} for name in options}),
        )
        yield f"{what}, in names", _config(patternProperties={large % at: {} for at in range(count)})
        yield (
            f"{what}, that look around",
            _options(
                **{name: {"pattern": looking % (at % 190), "default": word * 4} for at, name in enumerate(options)}
            ),
        )
    many = "(?:" + "|".join(f"[ab]*a[ab]{{{at}}}c" for at in range(20, 60)) + ")"
    for length in (200, 4000, 900_000):
        text = "ab" * (length // 4) + "aab" * (length // 6)
        yield f"a pattern of many over {length} characters", _options(a={"pattern": many, "default": text})
        yield (
            f"a pattern that looks around over {length} characters",
            _options(a={"pattern": looking % 190, "default": text}),
        )
        yield (
            f"a pattern that refers to itself over {length} characters",
            _options(a={"pattern": "(.*)(.*)(.*)\\1\\2\\3c", "default": text}),
        )
    yield "a pattern as long as a file", _options(a={"pattern": "a?" * (ROOM // 2 - 2000), "default": "a" * 100})
    yield "all patterns over one text", _options(a={"allOf": [{"pattern": many}] * 100, "default": "ab" * 500})
    yield (
        "all patterns over many texts",
        _options(a={"items": {"allOf": [{"pattern": "^(a+)+$"}] * 100}, "default": ["aaaaaaaaab"] * 9000}),
    )


def _references() -> Iterator[tuple[str, Case]]:
    itself = {"$ref": "#"}
    yield "an option that needs two of itself", _config(properties={"a": itself, "b": itself}, required=["a", "b"])
    yield (
        "options that need each other",
        _config(
            properties={f"a{at}": {"$ref": "#/definitions/x"} for at in range(400)},
            required=[f"a{at}" for at in range(400)],
            definitions={
                "x": {
                    "type": "object",
                    "required": [f"a{at}" for at in range(90)],
                    "properties": {f"a{at}": {"$ref": "#/definitions/y"} for at in range(90)},
                },
                "y": {"type": "object", "required": ["v"], "properties": {"v": {"default": "v" * 1000}}},
            },
        ),
    )
    yield (
        "a large default in many places",
        _config(
            properties={f"a{at}": {"$ref": "#/definitions/x"} for at in range(450)},
            required=[f"a{at}" for at in range(450)],
            definitions={"x": {"default": list(range(9000))}},
        ),
    )
    yield "more references than there may be", _options(**{f"a{at}": itself for at in range(9000)})
    yield (
        "references to references",
        _config(
            definitions={f"a{at}": {"$ref": f"#/definitions/a{at + 1}"} for at in range(490)} | {"a490": {}},
            properties={"a": {"$ref": "#/definitions/a0", "default": 1}},
        ),
    )
    yield "a reference as long as a file", _options(a={"$ref": "#/" + "properties/a/" * (ROOM // 13 - 500)})
    yield (
        "references that double",
        _config(
            definitions={f"d{at}": {"allOf": [{"$ref": f"#/definitions/d{at + 1}"}] * 2} for at in range(40)}
            | {"d40": {}},
            properties={"a": {"allOf": [{"$ref": "#/definitions/d0"}], "default": 1}},
        ),
    )
    yield "names looked for through references to all", _with(_looked_for)


def _looked_for(source: Source) -> None:
    """Sections of which each adds other options, and names that are in the last of them, if at all."""
    groups = {f"g{at}": {"type": "object", "properties": {"x": {"$ref": "#"}, f"y{at}": {}}} for at in range(400)}
    source.config["properties"] |= groups
    sections = "".join(f"{{{{#{name}}}}}{{{{/{name}}}}}" for name in groups)
    source.template = sections + "".join(
        "{{x." + ".".join(f"g{(at * step) % 400}.x" for step in range(1, 20)) + f".z{at}}}}}" for at in range(5000)
    )


# --- templates -------------------------------------------------------------------------------------------------------


def _template(text: str, **values: Any) -> Case:
    def changed(source: Source) -> None:
        source.template = text
        source.config["properties"] |= {name: {"default": value} for name, value in values.items()}

    return _with(changed)


def _templates() -> Iterator[tuple[str, Case]]:
    for piece in ("{{a}}", "{{!}}", "{{{a}}}", "{{#a}}{{/a}}", "  {{^a}}\n{{/a}}", "{{=<% %>=}}<%={{ }}=%>"):
        yield f"tags {piece!r}", _template(_filled(piece, "", "", ""))
        yield f"some tags {piece!r}", _template(piece * 4_900, a=list(range(100)))
    yield "names of tags", _template("".join(f"{{{{a{at}}}}}" for at in range(9_900)))
    yield "names of sections", _template("".join(f"{{{{#a{at}}}}}{{{{/a{at}}}}}" for at in range(4_900)))
    yield "resources", _template("".join("{{resource.%s.a%d}}" % (".".join("b" * 40), at) for at in range(9_900)))
    yield "a long name", _template("{{%s}}" % ".".join("a" * (ROOM // 2 - 10)))
    yield "a long name in a long list", _template("{{#l}}{{%s}}{{/l}}" % ".".join("a" * 490), l=list(range(9000)))
    yield "a tag that is not closed", _template("{{a" * (ROOM // 3))
    yield "blanks before a section", _template(" " * (ROOM - 100) + "{{#a}}{{/a}}")
    yield "lists in lists", _template("{{#l}}" * 10 + "{{.}}" + "{{/l}}" * 10, l=list(range(1000)))
    yield (
        "sections in each other over a list",
        _template("{{#l}}" + "{{#a}}" * 60 + "{{b}}" * 100 + "{{/a}}" * 60 + "{{/l}}", l=list(range(9000)), a=True),
    )
    yield "a long list printed again and again", _template("{{l}}" * 9_900, l=list(range(9000)))
    yield "a long list as JSON again and again", _template("{{#asJson}}l{{/asJson}}" * 4_900, l=[""] * 9000)
    yield (
        "a text of blanks as JSON again and again",
        _template("{{#asJson}}t{{/asJson}}" * 4_900, t=" " * 900_000 + "1"),
    )
    yield "a text of many lists as JSON", _template("{{#asJson}}t{{/asJson}}" * 20, t=_filled("[]")[:-20_000] + "[]]")
    yield "an app of brackets", _template("[" * ROOM)
    yield "an app of lists", _template(_filled("[]"))
    yield "lines that are not an app", _template("\n" * (ROOM - 10) + "x")
    yield "an app with a long id", _template('{"id":"' + "a." * (ROOM // 2 - 100) + '!","cmd":"x"}')
    yield "an app of slashes", _template('{"id":"' + "a/" * (ROOM // 2 - 100) + '","cmd":"x"}')
    yield (
        "an app that is large where something else is meant",
        _template('{"id":"a","cmd":"x","cpus":%s}' % _filled("0")[:-200].rstrip(",0") + "0]}"),
    )


# --- resource.json ---------------------------------------------------------------------------------------------------


def _uris(*urls: str) -> Case:
    return _with(lambda source: source.resource["assets"].update(uris={f"u{at}": url for at, url in enumerate(urls)}))


def _images(*images: str) -> Case:
    return _with(
        lambda source: source.resource["assets"]["container"].update(
            docker={f"i{at}": image for at, image in enumerate(images)}
        )
    )


def _resources() -> Iterator[tuple[str, Case]]:
    yield "invalid addresses", _uris(*(f"a {at}" for at in range(MOST)))
    yield "addresses without digests", _uris(*(f"http://a/{at}" for at in range(MOST)))
    yield "long addresses", _uris(*["http://a/" + "%25" * 1300] * 250)
    yield "an address as long as a file", _uris("http://a/" + "../" * (ROOM // 3 - 500))
    yield "invalid images", _images(*["a-" * 498 + "!"] * 1000)
    yield "images of dots and dashes", _images(*["a" + "-" * 480 + "a" + "." * 480 + "/"] * 1000)
    yield "an image as long as a file", _images("a" * (ROOM - 2000) + "!")
    yield (
        "invalid digests",
        _file("digests.json", lambda: json.dumps({f"http://a/{at}": "sha256:x" for at in range(MOST)})),
    )
    yield (
        "digests of nothing",
        _file("digests.json", lambda: json.dumps({f"http://a/{at}": "sha256:" + "0" * 20 for at in range(MOST // 2)})),
    )
