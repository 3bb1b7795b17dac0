"""Checks ``marathon.json.mustache``: it can be parsed, uses only existing names, and makes an app of the defaults."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from dcos_universe.check.findings import Finding
from dcos_universe.check.options import Options, OptionsTooCostly, examples
from dcos_universe.check.wording import said
from dcos_universe.errors import UniverseError
from dcos_universe.model import Json
from dcos_universe.mustache import Tag, Template, TemplateError
from dcos_universe.reading import TEMPLATE
from dcos_universe.render import RenderedWrong, escaped, fill_escaped, merge

MAX_SECTIONS = 500
"""The most sections of different names that are analysed; the largest of the Universe has 115."""


def check_template(data: bytes, config: Json, resource: Json, usable: bool, *, readable: bool) -> Iterator[Finding]:
    """``data``: ASCII. ``usable``: the config is a schema; ``readable``: config and resource could be read at all."""
    try:
        template, tags = _parsed(data)
    except UniverseError as fault:
        yield _broken(fault)
        return
    if not readable:
        return
    try:
        yield from _undefined(tags, _options.of(tags, config), resource)
        if usable:
            yield from _rendered(template, _options.values(config), resource)
    except OptionsTooCostly:
        what = "its names, or its options, take too long to analyse"
        yield Finding(TEMPLATE, (), "costly", what, "make the options flatter, without references to themselves")


@functools.lru_cache(16)
def _parsed(data: bytes) -> tuple[Template, list[Tag]]:
    """Remembers the last template: revisions of a package often have the same as the one before."""
    template = Template(data.decode("ascii"))
    return template, template.tags()


def _broken(fault: UniverseError) -> Finding:
    line = getattr(fault, "line", 0)
    where = "" if not line or f"line {line}" in fault.what else f"line {line}: "
    return Finding(TEMPLATE, (), "template", f"{where}{fault.what}", fault.hint)


# --- its names ------------------------------------------------------------------------------------------------------


class _UndefinedOptions:
    """The options that templates use: revisions often have the template and the options of the one before."""

    def __init__(self) -> None:
        self._tags: list[Tag] = []
        self._asked: Json = {}
        self._unknown: list[Tag] = []
        self._valued: Json = {}
        self._values: Json = {}

    def of(self, tags: list[Tag], config: Json) -> list[Tag]:
        """The first tag of each name that is not an option."""
        if tags is not self._tags or (config is not self._asked and config != self._asked):
            self._unknown = list(_unknown(tags, config))
            self._tags, self._asked = tags, config
        return self._unknown

    def values(self, config: Json) -> Json:
        """Defaults and examples, in the form for templates. Shared: do not change them."""
        if config is not self._valued and config != self._valued:
            self._valued, self._values = config, escaped(examples(config))
        return self._values


_options = _UndefinedOptions()


def _undefined(tags: list[Tag], unknown: list[Tag], resource: Json) -> Iterator[Finding]:
    """Names without a value: they leave an empty place, or a section that is never used."""
    found = [(tag, "config.json has no such option", "describe the option, or take the tag away") for tag in unknown]
    seen = set()
    for tag in tags:
        first, _, rest = tag.name.partition(".")
        if first == "resource" and tag.name not in seen:
            seen.add(tag.name)
            if not (_has(resource, rest) if rest else resource):
                found.append((tag, "resource.json has no such thing", "name what resource.json has"))
    for tag, what, remedy in found:
        yield Finding(TEMPLATE, (), "undefined-option", f"line {tag.line}: {tag.name[:200]!r}: {what}", remedy)


def _unknown(tags: list[Tag], config: Json) -> Iterator[Tag]:
    root = Options.of(config)
    sections = list(dict.fromkeys(tag.name for tag in tags if tag.section))[:MAX_SECTIONS]
    scope = root.also([found.items() for name in sections if (found := _follow(root, name)) is not None])
    seen = {"."}
    for tag in tags:
        if tag.name not in seen and tag.name.partition(".")[0] != "resource":
            seen.add(tag.name)
            if _follow(scope, tag.name) is None:
                yield tag


def _follow(options: Options | None, name: str) -> Options | None:
    for part in name.split("."):
        if options is None:
            return None
        options = options.inner(part)
    return options


def _has(value: Any, name: str) -> bool:
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return True


# --- its result -----------------------------------------------------------------------------------------------------


def _rendered(template: Template, values: Json, resource: Json) -> Iterator[Finding]:
    try:
        # Escaping the parts has the same result as escaping the whole.
        context = merge(values, {"resource": escaped(resource)}) if resource else values
        app = fill_escaped(template, context, "the package")
    except TemplateError as fault:
        yield _broken(fault)
        return
    except RenderedWrong as fault:
        remedy = "fill it in with the defaults by hand, and see"
        yield Finding(TEMPLATE, (), "not-an-app", f"with its defaults, {fault.why}", remedy)
        return
    for what, remedy in _implausible(app):
        yield Finding(TEMPLATE, (), "not-an-app", f"with its defaults, {what}", remedy)


_ID = re.compile(r"/?(?:(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])\.)*(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])")
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "cpus": ((int, float), "a number"),
    "mem": ((int, float), "a number"),
    "disk": ((int, float), "a number"),
    "gpus": ((int, float), "a number"),
    "instances": ((int,), "a whole number"),
    "cmd": ((str,), "a text"),
    "args": ((list,), "a list"),
    "env": ((dict,), "an object"),
    "labels": ((dict,), "an object"),
    "container": ((dict,), "an object"),
    "constraints": ((list,), "a list"),
    "healthChecks": ((list,), "a list"),
    "fetch": ((list,), "a list"),
    "uris": ((list,), "a list"),
    "portDefinitions": ((list,), "a list"),
    "upgradeStrategy": ((dict,), "an object"),
}


def _implausible(app: Json) -> Iterator[tuple[str, str]]:
    name = app.get("id")
    if not isinstance(name, str) or not name:
        yield "the app has no id", 'write "id"'
    elif len(name) > 1000 or not all(_ID.fullmatch(part) or part in (".", "..") for part in name.strip("/").split("/")):
        yield f"the app's id is {name[:80]!r}", "use small letters, digits and dashes"
    for key, (kinds, wanted) in _KINDS.items():
        value = app.get(key)
        if value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
            yield f"the app's {key} is {said(value)}", f"make it {wanted}"
        elif kinds[0] is int and isinstance(value, int | float) and value < 0:
            yield f"the app's {key} is {value}", "make it 0 or more"
    container = app.get("container")
    docker = container.get("docker") if isinstance(container, dict) else None
    image = docker.get("image") if isinstance(docker, dict) else None
    if not app.get("cmd") and not app.get("args") and not image:
        yield "the app has neither cmd nor args nor an image", "say what it runs"
