"""Rendering: how values get into templates, and that they never get out of their strings there."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pystache
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dcos_universe import mustache
from dcos_universe.model import Revision
from dcos_universe.mustache import Template, TemplateError
from dcos_universe.render import (
    NoTemplate,
    OptionsMismatch,
    OptionsNotAllowed,
    RenderedWrong,
    as_json,
    defaults,
    loads,
    merge,
    render,
)
from tests.support.universe.sample import EXPECTED, needs_sample


def _revision(template: str | None, config: Any = None, resource: Any = None) -> Revision:
    entry: dict[str, Any] = {
        "packagingVersion": "4.0",
        "name": "it",
        "version": "1.0",
        "releaseVersion": 0,
        "maintainer": "m",
        "description": "d",
        "tags": [],
    }
    if resource is not None:
        entry["resource"] = resource
    if template is not None:
        entry["marathon"] = {"v2AppMustacheTemplate": base64.b64encode(template.encode()).decode()}
    if config is not None:
        entry["config"] = config
    return Revision.of(entry)


def _render(template: str, options: Mapping[str, Any], config: Any = None) -> Any:
    return render(_revision(template, {"type": "object"} if config is None else config), options).app


def _pystache(template: str, context: Any) -> str:
    renderer = pystache.Renderer(escape=lambda text: text)
    return str(renderer.render(template, context))


# --- against pystache -----------------------------------------------------------------------------------------------

SAME = [
    ("{{a}} {{{a}}} {{&a}}", {"a": "x<&\"'"}),
    ("{{a.b.c}}|{{a.x.y}}", {"a": {"b": {"c": "1"}}, "x": {"y": "no"}}),
    ("{{#a}}{{b}}{{c}}{{/a}}", {"a": {"b": "inner"}, "b": "outer", "c": "around"}),
    ("{{#a}}{{.}},{{/a}}", {"a": ["x", "y"]}),
    ("{{#a}}{{n}};{{/a}}{{^a}}none{{/a}}", {"a": [{"n": "1"}, {"n": "2"}]}),
    ("{{#a}}y{{/a}}{{^a}}n{{/a}}", {"a": []}),
    ("{{#a}}y{{/a}}{{^a}}n{{/a}}", {"a": ""}),
    ("{{#a}}y{{/a}}{{^a}}n{{/a}}", {"a": "text"}),
    ("{{#a}}y{{/a}}{{^a}}n{{/a}}", {"a": None}),
    ("{{#a}}y{{/a}}{{^a}}n{{/a}}", {}),
    ("{{#a}}y{{/a}}{{^a}}n{{/a}}", {"a": True}),
    ("{{#a}}y{{/a}}{{^a}}n{{/a}}", {"a": False}),
    ("one\n  {{#a}}\ntwo\n  {{/a}}\nthree\n", {"a": True}),
    ("one\r\n{{^a}}\r\ntwo\r\n{{/a}}\r\nthree", {"a": True}),
    ("a {{! a comment }} b\n  {{! alone }}\nc", {}),
    ("{{=<% %>=}}\n<% a %> {{a}} <%={{ }}=%>{{a}}", {"a": "x"}),
    ("{{ a }}|{{  a}}|{{a  }}", {"a": "3"}),
    ("{{a-b}} {{a_b}} {{a1}}", {"a-b": "1", "a_b": "2", "a1": "3"}),
    ("{{a}}", {"a": "{{b}}", "b": "never"}),
    ("{{#a}}{{#b}}{{/b}}{{/a}}{{#a}}{{^b}}x{{/b}}{{/a}}", {"a": {"b": False}}),
    ("{{missing}}{{a.missing}}", {"a": {}}),
    ("{{n}} {{x}}", {"n": 12, "x": 0.25}),
    # A package of the Universe has such names: there is nothing of that name, and the package can be installed.
    ("if {{ ssl -m end .{host} }}.", {"ssl": "x"}),
    ("{{a b}}{{a  b}}{{(a)}}{{a\tb}}", {"a b": "1", "a  b": "2", "(a)": "3", "a\tb": "4"}),
    ("{{#a {b}}}x{{/a {b}}}{{^a {b}}}y{{/a {b}}}", {"a": True}),
]


@pytest.mark.parametrize(("template", "context"), SAME)
def test_templates_mean_what_they_mean_to_pystache(template: str, context: Any) -> None:
    assert Template(template).render(context) == _pystache(template, context)


# What Cosmos does (mustache.java) and pystache does not.
DIFFERENT = [
    ("true is printed as JSON does", "{{a}}", {"a": True}, "true", "True"),
    ("false as well", "{{a}}", {"a": False}, "false", "False"),
    ("0 is not false", "{{#a}}y{{/a}}{{^a}}n{{/a}}", {"a": 0}, "y", "n"),
    ("0.0 neither", "{{#a}}y{{/a}}{{^a}}n{{/a}}", {"a": 0.0}, "y", "n"),
    ("an empty object is there", "{{#a}}y{{/a}}{{^a}}n{{/a}}", {"a": {}}, "y", "n"),
    ("null is nothing", "[{{a}}]", {"a": None}, "[]", "[None]"),
    ("whole numbers are plain", "{{a}}", {"a": 10.0}, "10", "10.0"),
    ("lists are JSON of what is in them", "{{a}}", {"a": ['"x"', 1, True, None]}, '["x", 1, true, null]', None),
    ("objects are JSON", "{{a}}", {"a": {"b": "x", "c": 1}}, '{"b": "x", "c": 1}', None),
]


@pytest.mark.parametrize(
    ("what", "template", "context", "ours", "theirs"), DIFFERENT, ids=[row[0] for row in DIFFERENT]
)
def test_differences_to_pystache(what: str, template: str, context: Any, ours: str, theirs: str | None) -> None:
    assert Template(template).render(context) == ours
    found = _pystache(template, context)
    assert found == theirs if theirs is not None else found != ours


@pytest.mark.parametrize(
    ("template", "line", "says"),
    [
        ("a\n{{> part}}", 2, "partial"),
        ("{{<parent}}{{/parent}}", 1, "parent"),
        ("\n\n{{$block}}{{/block}}", 3, "block"),
        ("{{%PRAGMA}}", 1, "pragma"),
        ("\n{{#a}}\n", 2, "not closed"),
        ("{{#a}}\n{{/b}}", 2, "'a' of line 1 is open"),
        ("x\n{{/a}}", 2, "was not opened"),
        ("x\ny {{a", 2, "not closed"),
        ("{{{a}}", 1, "}}} is missing"),
        ("{{}}", 1, "no name"),
        ("{{a\nb}}", 1, "no name"),
        ("x\n{{a {{b}}", 2, "no name"),
        ("{{" + "a" * 1001 + "}}", 1, "no name"),
        ("{{a}}" * 10_000 + "\n{{a}}", 2, "more than 10000 tags"),
        ("{{=a=}}", 1, "two marks"),
        ("{{#a}}" * 65 + "{{/a}}" * 65, 1, "in each other"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(template: str, line: int, says: str) -> None:
    with pytest.raises(TemplateError) as caught:
        Template(template)
    assert caught.value.line == line
    assert says in str(caught.value)


def test_templates_cannot_grow_without_end() -> None:
    many = {"a": [{"x": "y"}] * 1000}
    with pytest.raises(TemplateError, match="too long"):
        Template("{{#a}}{{#a}}{{#a}}{{/a}}{{/a}}{{/a}}").render(many)
    with pytest.raises(TemplateError, match="characters"):
        Template("{{#a}}{{b}}{{/a}}").render({"a": [1] * 1000, "b": "x" * 10000})
    with pytest.raises(TemplateError, match="too long"):
        Template("{{#a}}{{#asJson}}b{{/asJson}}{{/a}}").render({"a": [1] * 5000, "b": " " * 20_000 + "1"}, as_json)
    with pytest.raises(TemplateError, match="longer"):
        Template("x" * (mustache.MAX_TEMPLATE + 1))


def test_a_template_tells_what_it_asks_for() -> None:
    tags = Template("{{a.b}}\n{{#c}}{{d}}{{/c}}\n{{#asJson}}e{{/asJson}}").tags()
    assert [(tag.name, tag.line, tag.section) for tag in tags] == [
        ("a.b", 1, False),
        ("c", 2, True),
        ("d", 2, False),
        ("e", 3, False),
    ]


# --- values stay what they are ---------------------------------------------------------------------------------------

NASTY = [
    '"',
    "\\",
    "\n",
    "\r",
    "\t",
    "{{{x}}}",
    "{{#x}}",
    "{{> x}}",
    '","cmd":"rm',
    "\u2028",
    "é",
    "\x00",
    "}",
    "{{=",
]
texts = st.lists(st.sampled_from(NASTY) | st.text(max_size=5), max_size=8).map("".join)


@given(a=texts, b=texts, items=st.lists(texts, max_size=4))
@example(a='x", "cmd": "evil', b="{{{a}}}", items=['"], "cmd": ["'])
@example(a="\\", b='\\"', items=["\\"])
@settings(deadline=None)
def test_strings_stay_strings(a: str, b: str, items: list[str]) -> None:
    template = '{"id": "x", "env": {"A": "{{a}}", "B": "<{{{o.b}}}>"}, "args": {{items}},'
    template += ' "all": [{{#items}}{{.}}, {{/items}}0]}'
    app = _render(template, {"a": a, "o": {"b": b}, "items": items})
    assert app == {"id": "x", "env": {"A": a, "B": f"<{b}>"}, "args": items, "all": [*items, 0]}


def _json_values() -> st.SearchStrategy[Any]:
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
    return st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))


@given(value=_json_values())
@settings(deadline=None)
def test_lists_objects_and_as_json_are_json(value: Any) -> None:
    app = _render('{"id": "x", "v": [{{v}}], "w": {{#asJson}}o.w{{/asJson}}}', {"v": [value], "o": {"w": {"": value}}})
    assert app == {"id": "x", "v": [[value]], "w": {"": value}}


def test_as_json_takes_a_text_that_is_json_for_what_it_says() -> None:
    template = '{"a": {{#asJson}}a{{/asJson}}, "b": {{#asJson}}b{{/asJson}}, "c": {{#asJson}}c{{/asJson}}}'
    app = _render(template, {"a": '[["hostname", "UNIQUE"]]', "b": '], "cmd": ["'})
    assert app == {"a": [["hostname", "UNIQUE"]], "b": '], "cmd": ["', "c": None}


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (1, "1"),
        (1.0, "1"),
        (0.1, "0.1"),
        (1e21, "1" + "0" * 21),
        (1.5e-7, "1.5e-07"),
        (-0.5, "-0.5"),
        (10**30, str(10**30)),
    ],
)
def test_numbers(value: float, printed: str) -> None:
    assert mustache.text(value) == printed
    assert _render('{"id": "x", "cpus": {{a}}}', {"a": value})["cpus"] == value


# --- options ---------------------------------------------------------------------------------------------------------

CONFIG = {
    "type": "object",
    "properties": {
        "service": {
            "type": "object",
            "properties": {"name": {"type": "string", "default": "it"}, "cpus": {"type": "number", "default": 1}},
            "additionalProperties": False,
            "required": ["name"],
        },
        "given": {"type": "object", "default": {"a": 1}, "properties": {"b": {"type": "integer", "default": 2}}},
        "empty": {"type": "object", "properties": {"c": {"type": "string"}}},
    },
}


def test_defaults_are_those_of_the_schema() -> None:
    assert defaults(CONFIG) == {"service": {"name": "it", "cpus": 1}, "given": {"a": 1}}
    assert defaults({"properties": ["wrong"]}) == defaults({}) == {}


def test_the_later_one_wins_in_a_merge_and_objects_are_joined() -> None:
    assert merge({"a": {"b": 1, "c": [1]}, "d": 1}, {"a": {"c": [2]}, "d": None}) == {
        "a": {"b": 1, "c": [2]},
        "d": None,
    }


def test_resource_is_above_options_and_may_be_replaced() -> None:
    revision = _revision('{"id": "{{resource.a}}{{resource.b}}"}', {"type": "object"}, {"a": "asset"})
    assert render(revision, {"resource": {"a": "mine", "b": "more"}}).app["id"] == "assetmore"
    assert render(revision, {}, resource={"a": "mirror"}).app["id"] == "mirror"
    assert render(revision, {}).options == {}


def test_all_mismatches_of_options_are_told() -> None:
    with pytest.raises(OptionsMismatch) as caught:
        _render('{"id": "x"}', {"service": {"cpu": 1, "name": 5}, "given": {"b": "x"}}, CONFIG)
    found = {one.path: one for one in caught.value.mismatches}
    assert set(found) == {("service",), ("service", "name"), ("given", "b")}
    assert tuple(found[("service",)].unwanted) == ("cpu",)


def test_half_a_character_is_no_option() -> None:
    with pytest.raises(OptionsMismatch, match="cannot"):
        _render('{"id": "{{a}}"}', {"a": "\ud800"})


def test_options_without_a_schema_are_refused() -> None:
    assert render(_revision('{"id": "x"}'), {}).app == {"id": "x"}
    with pytest.raises(OptionsNotAllowed):
        render(_revision('{"id": "x"}'), {"a": 1})
    with pytest.raises(NoTemplate):
        render(_revision(None), {})


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ('{"id": }', "line 1"),
        ('{\n"id": "x",\n}', "line 3"),
        ("[]", "no object"),
        ('{"id": 5}', "id"),
        ('{"labels": {"a": 1}}', "label a"),
        ('{"labels": []}', "labels"),
        ('{"cpus": NaN}', "NaN"),
        ('{"cpus": 1e999}', "too large"),
        ('{"id": "x"} {}', "line 1"),
        ("[" * 100000, "JSON"),
    ],
)
def test_what_comes_out_has_to_be_an_app(template: str, says: str) -> None:
    with pytest.raises(RenderedWrong, match=says):
        _render(template, {})


def test_the_template_has_to_be_utf8() -> None:
    revision = Revision.of(
        {**_revision("x").entry, "marathon": {"v2AppMustacheTemplate": base64.b64encode(b"a\n\xff").decode()}}
    )
    with pytest.raises(TemplateError) as caught:
        render(revision, {})
    assert caught.value.line == 2


# --- real packages ---------------------------------------------------------------------------------------------------


@needs_sample
def test_every_package_of_the_sample_renders_as_with_pystache() -> None:
    """With pystache's engine and values that it prints as we do, the same comes out."""
    rendered = 0
    for entry in loads((EXPECTED / "universe.json").read_bytes())["packages"]:
        revision = Revision.of(entry)
        if revision.template is None:
            continue
        out = render(revision, {})
        context = merge(out.options, {"resource": revision.resource} if revision.resource else {})
        assert out.app == json.loads(_pystache(revision.template.decode(), _for_pystache(context))), str(revision)
        rendered += 1
    assert rendered == 41


class _Printed(str):
    """True for pystache whatever it is; prints as JSON."""

    def __bool__(self) -> bool:
        return True


class _No(str):
    def __bool__(self) -> bool:
        return False


def _for_pystache(value: Any, listed: bool = False) -> Any:
    if isinstance(value, str):
        return json.dumps(value) if listed else json.dumps(value)[1:-1]
    if isinstance(value, dict):
        return {key: _for_pystache(item) for key, item in value.items()}
    if isinstance(value, list) and all(isinstance(item, dict) for item in value) and value:
        return [_for_pystache(item) for item in value]
    if isinstance(value, list):
        return _Printed(json.dumps(value)) if value else _No("[]")
    if value is True or value is False:
        return _Printed("true") if value else _No("false")
    if isinstance(value, int | float):
        return _Printed(mustache.text(value))
    return value
