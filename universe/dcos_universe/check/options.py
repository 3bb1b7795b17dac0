"""Checks ``config.json``: the JSON Schema of a package's options, and its defaults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dcos_universe.check.findings import Finding
from dcos_universe.check.wording import said
from dcos_universe.model import Json
from dcos_universe.parsing import MAX_DEPTH
from dcos_universe.reading import CONFIG
from dcos_universe.render import defaults
from dcos_universe.schema_walk import Dangling, Place, resolve, walk
from dcos_universe.validate import Mismatch, Schema, SchemaError, check_file, mispatterned, misreferences


def check_config(config: Any) -> tuple[list[Finding], bool]:
    """All findings, and whether the config can be used as a schema."""
    if config == {}:
        return [], True
    if wrong := mispatterned(config):
        # Validation against the form of a schema would already compile all of its patterns.
        return [Finding(CONFIG, wrong.path, "costly", wrong.message, "use fewer and simpler patterns")], False
    found = [_schema_finding(one) for one in check_file("config", config)]
    if not isinstance(config, dict):
        return found, False
    found.extend(_root(config))
    found.extend(_required(config))
    if any(finding.rule in ("schema", "costly") for finding in found):
        return [*found, *(_schema_finding(one) for one in misreferences(config))], False
    try:
        schema = Schema(config)
    except SchemaError as fault:
        return [*found, *(_schema_finding(one) for one in fault.mismatches)], False
    found.extend(_defaults(config, schema))
    return found, True


def _schema_finding(one: Mismatch) -> Finding:
    if one.keyword == "$ref":
        remedy = "refer to #/definitions/NAME in the same file, or write it out"
        return Finding(CONFIG, one.path, "reference", one.message, remedy)
    if one.keyword == "cost":
        return Finding(CONFIG, one.path, "costly", one.message, "make it smaller")
    what = one.message
    if one.keyword == "format" and one.path[-1:] == ("pattern",):
        what = f"it is no pattern that could be used: {one.message}"
    return Finding(CONFIG, one.path, "schema", what, "write it as draft 4 of JSON Schema has it")


def _root(config: Json) -> Iterator[Finding]:
    kind = config.get("type")
    if kind is None:
        yield Finding(CONFIG, ("type",), "no-type", "it does not say that it is an object", 'add "type": "object"')
    elif isinstance(kind, str | list) and "object" not in ([kind] if isinstance(kind, str) else kind):
        what = f"the options are {said(kind)}; Cosmos has objects only"
        yield Finding(CONFIG, ("type",), "config-type", what, 'write "type": "object"')
    properties = config.get("properties")
    if isinstance(properties, dict) and "resource" in properties:
        what = "templates know resource as what is in resource.json"
        yield Finding(CONFIG, ("properties", "resource"), "shadowed-option", what, "give the option another name")


def _required(config: Json) -> Iterator[Finding]:
    waiting: list[tuple[Place, Json]] = [((), config)]
    while waiting:
        path, schema = waiting.pop()
        properties = schema.get("properties")
        named = properties if isinstance(properties, dict) else {}
        for name, inner in named.items():
            if isinstance(inner, dict) and ("properties" in inner or "required" in inner):
                waiting.append(((*path, "properties", name), inner))
        required = schema.get("required")
        if not isinstance(required, list) or schema.keys() & _OPEN or "$ref" in schema:
            continue
        for at, name in enumerate(required):
            if isinstance(name, str) and name not in named:
                what = f"{name[:200]!r} is required and no property"
                yield Finding(CONFIG, (*path, "required", at), "required-unknown", what, "describe it, or remove it")


def _defaults(config: Json, schema: Schema) -> Iterator[Finding]:
    for one in schema.errors(defaults(config)):
        if one.keyword == "cost":
            yield Finding(CONFIG, one.path, "costly", one.message, "make the schema, or its defaults, simpler")
        # An option without a default must be given at the installation.
        elif one.keyword != "required":
            remedy = "change the default, or what is allowed"
            yield Finding(CONFIG, _default_place(config, one.path), "default", one.message, remedy)


def _default_place(config: Json, path: Place) -> Place:
    """The place of the default that gives the value at this place of the options."""
    here: Any = config
    place: list[str | int] = []
    for at, part in enumerate(path):
        if not isinstance(here, dict) or "default" in here:
            return (*place, "default", *path[at:])
        properties = here.get("properties")
        here = properties.get(part) if isinstance(properties, dict) else None
        place += ["properties", part]
    return (*place, "default") if isinstance(here, dict) and "default" in here else tuple(place)


class OptionsTooCostly(Exception):
    """A template's names, or options, would take more work to analyse than is allowed."""


MAX_STEPS = 50_000
"""The most options analysed for one template: the largest of the Universe needs some thousands."""


class _Schemas:
    """The schemas of one config, with references resolved once, and the remaining budget of work."""

    def __init__(self, root: Json) -> None:
        self.root = root
        self._left = MAX_STEPS
        self._meant: dict[int, Json | None] = {}

    def spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise OptionsTooCostly

    def plain(self, schema: Any) -> Json | None:
        """The schema itself, with references resolved; None if any value is allowed."""
        if isinstance(schema, dict) and "$ref" not in schema:
            return schema
        if id(schema) not in self._meant:
            self._meant[id(schema)] = self._follow(schema)
        return self._meant[id(schema)]

    def _follow(self, schema: Any) -> Json | None:
        for _ in range(20):
            if not isinstance(schema, dict):
                return None
            reference = schema.get("$ref")
            if not isinstance(reference, str):
                return schema
            try:
                schema = resolve(self.root, reference)[1]
            except Dangling:
                return None
        return None


class Options:
    """The names that a template may use in some schemas: those in one of them. If a schema is open, there may be any
    name.
    """

    def __init__(self, known: _Known, schemas: list[Json], anything: bool) -> None:
        self._known = known
        self._schemas = schemas
        self._anything = anything
        self._inner: dict[str, Options | None] = {}
        self._named: dict[str, list[Any]] | None = None
        self._open: list[Json] = []

    @classmethod
    def of(cls, config: Json) -> Options:
        return _Known(config).options([config])

    def also(self, others: list[Options]) -> Options:
        """The names in this or in one of the others."""
        everyone = [self, *others]
        schemas = [schema for one in everyone for schema in one._schemas]
        return self._known.options(schemas, anything=any(one._anything for one in everyone))

    def inner(self, name: str) -> Options | None:
        """The options below a name; None if there are none. Raises `OptionsTooCostly`."""
        if self._anything:
            return self
        if name not in self._inner:
            named = self._names()
            if any(name not in own for own in self._open):
                self._inner[name] = self._known.options([], anything=True)
            else:
                self._inner[name] = self._known.options(named[name]) if name in named else None
        return self._inner[name]

    def _names(self) -> dict[str, list[Any]]:
        if self._named is None:
            self._named = {}
            for schema in self._schemas:
                properties = schema.get("properties")
                own = properties if isinstance(properties, dict) else {}
                self._known.schemas.spend(1 + len(own))
                for name, inner in own.items():
                    self._named.setdefault(name, []).append(inner)
                more = isinstance(schema.get("additionalProperties"), dict) or schema.keys() & _OPEN
                bare = not own and schema is not self._known.schemas.root and schema.get("type", "object") in _HOLDING
                if more or bare:
                    self._open.append(own)
        return self._named

    def items(self) -> Options:
        """The names in a section over it: for a list those of each item, otherwise its own."""
        items = [schema.get("items") for schema in self._schemas]
        held = [item if isinstance(item, dict) else self._schemas[at] for at, item in enumerate(items)]
        return self._known.options(held, anything=self._anything)


class _Known:
    """The options of one config by their schemas, so that each is analysed once."""

    def __init__(self, root: Json) -> None:
        self.schemas = _Schemas(root)
        self._met: dict[tuple[frozenset[int], bool], Options] = {}
        self._single: dict[int, Options] = {}

    def options(self, schemas: list[Any], *, anything: bool = False) -> Options:
        self.schemas.spend(1 + len(schemas))
        if len(schemas) == 1 and not anything:
            return self._option(schemas[0])
        plain = [self.schemas.plain(schema) for schema in schemas]
        held = {id(one): one for one in plain if one is not None}
        anything = anything or None in plain
        key = frozenset(held), anything
        if key not in self._met:
            self._met[key] = Options(self, list(held.values()), anything)
        return self._met[key]

    def _option(self, schema: Any) -> Options:
        plain = self.schemas.plain(schema)
        found = self._single.get(id(plain))
        if found is None:
            found = self._single[id(plain)] = Options(self, [] if plain is None else [plain], anything=plain is None)
        return found


_HOLDING = ("object", "array")
_OPEN = frozenset({"patternProperties", "allOf", "anyOf", "oneOf"})


def examples(config: Json) -> Json:
    """Defaults, and some value for each required option without one: enough to see whether a template makes JSON of it.

    Raises `OptionsTooCostly`.
    """
    return _Examples(config).of(config, 0)[0]


class _Examples:
    def __init__(self, root: Json) -> None:
        self._schemas = _Schemas(root)

    def of(self, schema: Json, depth: int) -> tuple[Json, bool]:
        """Values of the options in a schema, and whether some of them are defaults."""
        found: Json = {}
        given = False
        properties, required = schema.get("properties"), schema.get("required")
        if not isinstance(properties, dict) or depth > MAX_DEPTH:
            return found, given
        self._schemas.spend(1 + len(properties))
        wanted = {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()
        for name, inner in properties.items():
            if isinstance(inner, dict) and "default" in inner:
                found[name], given = self._taken(inner["default"]), True
                continue
            values, defaults_inside = self.of(inner, depth + 1) if isinstance(inner, dict) else ({}, False)
            if defaults_inside:
                found[name], given = values, True
            elif name in wanted:
                found[name] = self._one(inner, depth)
        return found, given

    def _one(self, schema: Any, depth: int) -> Any:
        plain = self._schemas.plain(schema) or {}
        if "default" in plain:
            return self._taken(plain["default"])
        choices = plain.get("enum")
        if isinstance(choices, list) and choices:
            return self._taken(choices[0])
        kind = plain.get("type")
        kind = kind[0] if isinstance(kind, list) and kind else kind
        if kind == "object":
            return self.of(plain, depth + 1)[0]
        if kind in ("integer", "number"):
            least = plain.get("minimum", 1)
            return least + 1 if plain.get("exclusiveMinimum") is True else least
        return {"boolean": True, "array": [], "null": None}.get(str(kind), "example")

    def _taken(self, value: Any) -> Any:
        """References may copy a value to many places, and each place is filled in by itself."""
        if isinstance(value, dict | list) and value:
            self._schemas.spend(sum(1 for _ in walk(value)))
        elif isinstance(value, str):
            self._schemas.spend(len(value) // 1000)
        return value
