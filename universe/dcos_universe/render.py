"""Renders a package with a user's options to the definition of its app. Pure; as in Cosmos.

Defaults of the schema, then options, then ``resource`` are merged; the result before ``resource`` must match the
schema; then the template is filled in. Strings are escaped as in JSON, without their quotes, before they are put into
the template: so any value stays that string. Strings in lists keep their quotes, so a list is printed as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import Any, NoReturn

from dcos_universe.errors import UniverseError
from dcos_universe.model import Json, Revision
from dcos_universe.mustache import Template, TemplateError
from dcos_universe.validate import Mismatch, Schema

MAX_DEPTH = 64
"""Depth of objects and lists in options and schemas."""


class NoTemplate(UniverseError):
    """The package has no app: it is installed for its command line only."""

    def __init__(self, revision: Revision) -> None:
        super().__init__(
            f"{revision} cannot be rendered",
            why="it has no template of an app",
            hint="its command line is installed without an app: dcos package install --cli",
        )


class OptionsNotAllowed(UniverseError):
    """Options were given for a package that has none."""

    def __init__(self, revision: Revision) -> None:
        super().__init__(f"{revision} takes no options", why="it has no schema for them", hint="leave them out")


class OptionsMismatch(UniverseError):
    """``mismatches`` has all of them, each with its place in the options."""

    def __init__(self, revision: Revision, mismatches: tuple[Mismatch, ...]) -> None:
        shown = "; ".join(f"{_place(one.path)}: {one.message}" for one in mismatches[:5])
        more = f"; and {len(mismatches) - 5} more" if len(mismatches) > 5 else ""
        super().__init__(
            f"the options do not match the schema of {revision}", why=shown + more, hint="correct these options"
        )
        self.mismatches = mismatches


class RenderedWrong(UniverseError):
    """The rendered template is not an app. ``line``: in the output, 0 if it is about the whole."""

    def __init__(self, of: object, why: str, line: int = 0) -> None:
        super().__init__(
            f"the template of {of} makes no app of these options",
            why=why,
            hint="try other options, and inform the package's maintainer",
        )
        self.line = line


@dataclass(frozen=True)
class Rendered:
    """A rendered package."""

    app: Json
    """The definition, as the template gives it, without labels of the package manager."""
    options: Json
    """The defaults merged with the user's options, without ``resource``."""


def render(revision: Revision, options: Mapping[str, Any] | None = None, *, resource: Json | None = None) -> Rendered:
    """``resource`` replaces that of the revision: with the addresses of a cluster's own mirror.

    Raises `NoTemplate`, `OptionsNotAllowed`, `OptionsMismatch`, `TemplateError` and `RenderedWrong`.
    """
    template = read_template(revision)
    merged = checked(revision, options)
    resource = revision.resource if resource is None else resource
    context = merged if resource is None else merge(merged, {"resource": resource})
    return Rendered(fill(template, context, revision), merged)


def fill(template: Template, values: Mapping[str, Any], of: object) -> Json:
    """The app that the template makes of merged values. ``of`` is the package's name in errors.

    Raises `TemplateError` and `RenderedWrong`.
    """
    return fill_escaped(template, escaped(values), of)


def fill_escaped(template: Template, values: Mapping[str, Any], of: object) -> Json:
    """The same for values that are `escaped` already."""
    return _app(of, template.render(values, as_json))


def read_template(revision: Revision) -> Template:
    """The revision's template. Raises `NoTemplate` and `TemplateError`."""
    data = revision.template
    if data is None:
        raise NoTemplate(revision)
    try:
        text = data.decode()
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise TemplateError(f"line {line} of the template is not UTF-8", line, why=str(fault)) from fault
    return Template(text)


def checked(revision: Revision, options: Mapping[str, Any] | None) -> Json:
    """The defaults and these options, if the package takes them. Raises `OptionsNotAllowed` and `OptionsMismatch`."""
    config = revision.config
    if config is None:
        if options:
            raise OptionsNotAllowed(revision)
        return {}
    merged = merge(defaults(config), dict(options or {}))
    if merged and (mismatches := tuple(Schema(config).errors(merged))):
        raise OptionsMismatch(revision, mismatches)
    return merged


def defaults(config: Mapping[str, Any]) -> Json:
    """A schema's values for options that are not set: a property's ``default``, otherwise those of its properties."""
    return _defaults(config.get("properties"), 0)


def _defaults(properties: object, depth: int) -> Json:
    found: Json = {}
    if not isinstance(properties, Mapping) or depth > MAX_DEPTH:
        return found
    for name, schema in properties.items():
        if not isinstance(schema, Mapping):
            continue
        if "default" in schema:
            found[name] = schema["default"]
        elif inner := _defaults(schema.get("properties"), depth + 1):
            found[name] = inner
    return found


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> Json:
    """A new object: two objects at the same place are merged, otherwise the value is that of ``above``, even null."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = merge(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


def escaped(value: Any, listed: bool = False) -> Any:
    """Strings as in JSON, without their quotes except in lists, for templates."""
    if isinstance(value, str):
        quoted = encode_basestring_ascii(value)
        return quoted if listed else quoted[1:-1]
    if isinstance(value, (dict, Mapping)):
        return {key: escaped(item) for key, item in value.items()}
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, list | tuple):
        return [escaped(item, listed=True) for item in value]
    return value


def as_json(value: Any) -> str:
    """The text of ``{{#asJson}}name{{/asJson}}``: a text that is JSON unchanged, all else as JSON.

    Its strings are escaped already (see `escaped`).
    """
    plain = _plain(value)
    if isinstance(plain, str):
        try:
            return json.dumps(loads(plain))
        except ValueError:
            return json.dumps(plain)
    return json.dumps(plain)


def _plain(value: Any, listed: bool = False) -> Any:
    if isinstance(value, str):
        if "\\" in value:
            return json.loads(value if listed else f'"{value}"')
        return value[1:-1] if listed else value
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, listed=True) for item in value]
    return value


def _app(of: object, text: str) -> Json:
    try:
        app = loads(text)
    except json.JSONDecodeError as fault:
        line = text.splitlines()[fault.lineno - 1] if fault.lineno <= len(text.splitlines()) else ""
        shown = line.strip()[:120]
        why = f"what comes out is not JSON: line {fault.lineno}: {fault.msg}: {shown}"
        raise RenderedWrong(of, why, fault.lineno) from fault
    except (ValueError, RecursionError) as fault:
        raise RenderedWrong(of, f"what comes out is not JSON: {fault}") from fault
    if not isinstance(app, dict):
        raise RenderedWrong(of, "what comes out is JSON, but no object")
    if "id" in app and not isinstance(app["id"], str):
        raise RenderedWrong(of, "its id is not a string")
    labels = app.get("labels", {})
    if not isinstance(labels, dict):
        raise RenderedWrong(of, "its labels are not an object")
    for name, value in labels.items():
        if not isinstance(value, str):
            raise RenderedWrong(of, f"its label {name} is {json.dumps(value)[:60]}, not a string")
    return app


def loads(text: str | bytes) -> Any:
    """JSON by the standard: no NaN, no infinite numbers. Raises ``ValueError``."""
    return _DECODER.decode(text if isinstance(text, str) else text.decode(json.detect_encoding(text)))


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too large for a number")
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)


def _place(path: tuple[str | int, ...]) -> str:
    return "/" + "/".join(str(part) for part in path)
