"""Schemas of others are held against values of others: every mismatch has its place, nothing is fetched or hangs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcos_universe.schema_walk import pointer
from dcos_universe.validate import (
    FORMS,
    MAX_PATTERNS,
    MAX_REFERENCES,
    PACKAGING,
    Mismatch,
    Schema,
    SchemaError,
    check_entry,
    check_file,
)
from tests.support.universe.judging import (
    NAMES,
    entries,
    judge_entry,
    judge_file,
    original,
    original_of_form,
    ours,
    samples,
)
from tests.support.universe.mutations import mutated
from tests.support.universe.sample import needs_sample


def _nested(depth: int, key: str = "a") -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for _ in range(depth):
        inner = {key: inner}
    return inner


# --- mismatches ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "object"}, {}, []),
        ({"type": "string"}, 3, [((), "type", (), ())]),
        ({"properties": {"a": {"items": {"type": "integer"}}}}, {"a": [1, "x"]}, [(("a", 1), "type", (), ())]),
        ({"type": "integer"}, 1.0, [((), "type", (), ())]),
        ({"required": ["a", "b", "c"]}, {"b": 1}, [((), "required", (), ("a", "c"))]),
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            {"a": 1, "b": 2, "c": 3},
            [((), "additionalProperties", ("b", "c"), ())],
        ),
        ({"additionalProperties": False}, {"b": 2}, [((), "additionalProperties", ("b",), ())]),
        ({"pattern": "^a$"}, "a\n", [((), "pattern", (), ())]),
        ({"pattern": "^(?!x)"}, "xy", [((), "pattern", (), ())]),
        ({"minimum": 3, "exclusiveMinimum": True}, 3, [((), "exclusiveMinimum", (), ())]),
        ({"definitions": {"a b": {"type": "string"}}, "not": {}}, 1, [((), "not", (), ())]),
        (
            {"definitions": {"a/b": {"type": "string"}}, "items": {"$ref": "#/definitions/a~1b"}},
            [1],
            [((0,), "type", (), ())],
        ),
        (
            {"definitions": {"a b": {"type": "string"}}, "items": {"$ref": "#/definitions/a%20b"}},
            [1],
            [((0,), "type", (), ())],
        ),
        ({"properties": {"a": {"$ref": "#"}}, "type": "object"}, {"a": {"a": 1}}, [(("a", "a"), "type", (), ())]),
        (
            {"properties": {"a": {"anyOf": [{"type": "boolean"}, {"items": {"type": "string"}, "type": "array"}]}}},
            {"a": ["x", 1]},
            [(("a", 1), "type", (), ())],
        ),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 1, [((), "anyOf", (), ())]),
        ({"properties": {"$ref": {"type": "string"}}}, {"$ref": 1}, [(("$ref",), "type", (), ())]),
        ({"enum": [{"$ref": "http://198.18.0.1/"}]}, {"$ref": "http://198.18.0.1/"}, []),
    ],
)
def test_every_mismatch_has_place_and_keyword(
    schema: dict[str, Any], value: Any, expected: list[tuple[Any, str, Any, Any]]
) -> None:
    found = Schema(schema).errors(value)
    assert [(one.path, one.keyword, one.unwanted, one.missing) for one in found] == expected


def test_a_message_is_short_and_says_what_is_missing() -> None:
    found = Schema({"required": ["a", "b"]}).errors({})
    assert [str(one) for one in found] == ["/: it has no a, b"]
    (long,) = Schema({"pattern": "^x"}).errors("y" * 5000)
    assert len(long.message) < 400


def test_a_place_is_a_json_pointer() -> None:
    assert pointer(("a/b", 0, "c~d")) == "/a~1b/0/c~0d"
    assert pointer(()) == "/"


def test_only_the_draft_of_the_format_is_known() -> None:
    with pytest.raises(ValueError, match="draft 7"):
        Schema({}, draft=7)
    # A package that says it has another draft is read as what the format has.
    assert Schema({"$schema": "http://json-schema.org/draft-07/schema#", "const": 1}).errors(2) == []


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "text"}, ("type",)),
        ({"properties": {"a": {"minimum": "3"}}}, ("properties", "a", "minimum")),
        ({"properties": {"a": {"required": True}}}, ("properties", "a", "required")),
        ({"properties": {"a": {"pattern": "("}}}, ("properties", "a", "pattern")),
        ({"properties": {"a": {"$ref": "#/definitions/b"}}}, ("properties", "a", "$ref")),
        ({"properties": {"a": {"$ref": "#b"}}}, ("properties", "a", "$ref")),
        ({"properties": {"a": {"$ref": "#/properties/a/title"}, "b": {"title": "x"}}}, ("properties", "a", "$ref")),
        ({"items": [{}, {"$ref": "#/items/7"}]}, ("items", 1, "$ref")),
        ({"properties": {"a": {"$ref": "#", "id": "http://198.18.0.1/"}}}, ("properties", "a", "id")),
        ({"x": {"not": {"$ref": "y"}}, "$ref": "#/x"}, ("x", "not", "$ref")),
        ({"default": "\ud800"}, ()),
        ({"default": _nested(100_000)}, ()),
        (_nested(400, "not"), ()),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_with_its_place(
    schema: dict[str, Any], place: tuple[str | int, ...]
) -> None:
    with pytest.raises(SchemaError) as refused:
        Schema(schema)
    assert [one.path for one in refused.value.mismatches] == [place]


# --- nothing leaves --------------------------------------------------------------------------------------------------


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """An address of this machine and who came to it."""
    came: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                came.append(str(connection))
                connection.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"127.0.0.1:{port}", came
        server.shutdown(socket.SHUT_RDWR)
        thread.join(240)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    "reference",
    ["http://{}/schema.json", "https://{}/schema.json#/a", "//{}/schema.json", "file://{file}", "{file}", "other.json"],
)
@pytest.mark.parametrize("place", ["$ref", "properties", "definitions", "nested", "$schema", "id"])
def test_no_schema_makes_a_request_or_reads_a_file(
    listener: tuple[str, list[str]], tmp_path: Path, reference: str, place: str
) -> None:
    address, came = listener
    other = tmp_path / "other.json"
    other.write_text('{"type": "string"}')
    url = reference.format(address, file=other)
    schemas: dict[str, dict[str, Any]] = {
        "$ref": {"$ref": url},
        "properties": {"properties": {"a": {"$ref": url}}},
        "definitions": {"definitions": {"a": {"$ref": url}}, "properties": {"a": {"$ref": "#/definitions/a"}}},
        "nested": {"allOf": [{"items": [{"additionalProperties": {"$ref": url}}]}]},
        "$schema": {"$schema": url, "type": "object"},
        "id": {"id": url, "type": "object"},
    }
    schema = schemas[place]
    if place in ("$schema", "id"):
        # They name the document, and are nothing that would have to be read.
        try:
            assert Schema(schema).errors({"a": 1}) == []
        except SchemaError as refused:
            assert "URI" in str(refused) or "uri" in str(refused)
    else:
        with pytest.raises(SchemaError, match="nothing is fetched"):
            Schema(schema)
    check_file("config", schema)
    assert came == []


def test_the_library_itself_is_given_a_retriever_that_refuses(listener: tuple[str, list[str]]) -> None:
    """What holds if our own walk overlooks a reference."""
    from dcos_universe import validate

    address, came = listener
    with pytest.raises(SchemaError, match="is not fetched"):
        validate._validator({"$ref": f"http://{address}/schema.json"})
    assert came == []


# --- nothing hangs or ends the process -------------------------------------------------------------------------------


def _chain(length: int, last: dict[str, Any], *, twice: bool = False) -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    for at in range(length):
        step = {"$ref": f"#/definitions/d{at + 1}"}
        definitions[f"d{at}"] = {"allOf": [step, dict(step)]} if twice else {"allOf": [step]}
    definitions[f"d{length}"] = last
    return {"definitions": definitions, "$ref": "#/definitions/d0"}


_BACK = {"properties": {"a": {"$ref": "#/definitions/d0"}}}

COSTLY: dict[str, tuple[dict[str, Any], Any]] = {
    "references that double": (_chain(24, {"type": "string"}, twice=True), 1),
    "a deep chain held against a deep value": (_chain(400, _BACK), _nested(240)),
    "a chain just below the bound of one value": (_chain(140, _BACK), _nested(60)),
    "each alternative tries all others": (
        {
            "definitions": {
                f"d{at}": {"anyOf": [{"items": {"$ref": f"#/definitions/d{to}"}} for to in range(12)]}
                for at in range(12)
            },
            "$ref": "#/definitions/d0",
        },
        [[[[[[1]]]]]],
    ),
    "recursion that doubles with each level": (
        {"anyOf": [{"properties": {"a": {"$ref": "#"}}}, {"properties": {"a": {"$ref": "#"}}}], "not": {}},
        _nested(40),
    ),
    "long lists of what may be": ({"items": {"enum": list(range(3000))}}, [-1] * 5000),
    "lists of objects of what may be": ({"items": {"enum": [{"a": at} for at in range(3000)]}}, [{"a": -1}] * 1000),
    "a pattern over a very long text": ({"pattern": "^(?:[ab]{0,90}x|\\w{0,90}y)+$"}, "b" * 900_000),
    "many rules over many items": (
        {"allOf": [{"items": {"minimum": at}} for at in range(1000)], "not": {}},
        list(range(1000)),
    ),
}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}},
        {"properties": {"a": {"allOf": [{"not": {"$ref": "#/properties/a"}}]}}},
        {
            "definitions": {
                f"d{at}": {"anyOf": [{"$ref": f"#/definitions/d{to}"} for to in range(12)]} for at in range(12)
            },
        },
        {"allOf": [{"$ref": "#/definitions/d0"}], "definitions": {"d0": {"$ref": "#"}}},
    ],
)
def test_a_reference_that_leads_back_to_itself_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError) as refused:
        Schema(schema)
    assert any("leads back to itself" in one.message for one in refused.value.mismatches)


def test_a_reference_that_goes_on_within_the_value_is_none_that_leads_back() -> None:
    tree = {"properties": {"left": {"$ref": "#"}, "list": {"items": {"$ref": "#"}}}, "additionalProperties": False}
    assert Schema(tree).errors({"left": {"list": [{"left": {}}]}}) == []
    assert [one.path for one in Schema(tree).errors({"left": {"list": [{"up": {}}]}})] == [("left", "list", 0)]


@pytest.mark.parametrize("case", COSTLY)
def test_what_would_take_for_ever_is_a_mismatch_instead(case: str) -> None:
    schema, value = COSTLY[case]
    assert [one.keyword for one in Schema(schema).errors(value)] == ["cost"]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": "^(a+)+$"}, "a" * 20_000 + "b"),
        ({"pattern": "^(?=(a|aa)+$)(a|aa)+\\1$"}, "a" * 5_000 + "b"),
        ({"pattern": "(x+x+)+y"}, "x" * 20_000),
        ({"patternProperties": {"^(a+)+$": {"type": "string"}}}, {"a" * 2_000 + "b": 1}),
        ({"uniqueItems": True}, [{"a": at} for at in range(20_000)]),
    ],
)
def test_patterns_take_no_exponential_time(schema: dict[str, Any], value: Any) -> None:
    Schema(schema).errors(value)


def test_an_engine_that_gives_up_is_a_mismatch_and_no_match() -> None:
    found = Schema({"pattern": "(?=a)(a|aa)+\\1$"}).errors("a" * 400 + "b")
    assert [one.keyword for one in found] == ["pattern"]


@pytest.mark.parametrize(
    "schema",
    [
        _chain(MAX_REFERENCES + 5, {}),
        {"properties": {f"p{at}": {"pattern": f"^{at}$"} for at in range(MAX_PATTERNS + 1)}},
        {"pattern": "(a{1000}){1000}"},
    ],
)
def test_a_schema_that_costs_too_much_to_read_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        Schema(schema)


@pytest.mark.parametrize(
    "value",
    [
        "\ud800",
        {"a": "\udfff"},
        {"\ud800": 1},
        _nested(400),
        _nested(50_000),
        10**400,
        float("nan"),
        float("inf"),
        {1: 2},
    ],
)
def test_odd_values_are_mismatches_at_worst(value: Any) -> None:
    found = Schema({"type": "object", "properties": {"a": {"type": "object"}}}).errors(value)
    assert all(isinstance(one, Mismatch) for one in found)


# --- our schemas and Universe's ------------------------------------------------------------------------------------


@needs_sample
@pytest.mark.parametrize("name", NAMES)
def test_every_file_of_the_sample_is_valid_by_our_schema_and_by_that_of_dcos(name: str) -> None:
    assert samples(name)
    for value in samples(name):
        assert original(name).is_valid(value)
        assert ours(name, value) == []


@needs_sample
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(data=st.data())
def test_our_schemas_judge_as_dcos_but_where_they_are_stricter_on_purpose(name: str, data: st.DataObject) -> None:
    value = data.draw(st.sampled_from(samples(name)))
    for _ in range(data.draw(st.integers(1, 3))):
        value = mutated(value, data.draw)
    judge_file(name, value)


@needs_sample
@pytest.mark.parametrize("form", FORMS)
def test_entries_of_the_sample_are_valid_in_the_forms_that_have_their_packaging_version(form: str) -> None:
    for entry in entries():
        found = check_entry(entry, form)
        assert (found == []) == (entry["packagingVersion"] in FORMS[form])
        assert original_of_form(form).is_valid({"packages": [entry]}) == (found == [])


@needs_sample
@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40)
@given(data=st.data())
def test_entries_are_judged_as_by_dcos_repository_schema(form: str, data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(entries()))
    for _ in range(data.draw(st.integers(1, 3))):
        entry = mutated(entry, data.draw)
    judge_entry(form, entry)


@pytest.mark.parametrize(
    ("entry", "place", "keyword"),
    [
        ({}, (), "required"),
        ({"packagingVersion": "6.0"}, ("packagingVersion",), "enum"),
        ({"packagingVersion": {"a": 1}}, ("packagingVersion",), "enum"),
        ({"packagingVersion": ["2.0"]}, ("packagingVersion",), "enum"),
        ({"packagingVersion": "../../package-2.0"}, ("packagingVersion",), "enum"),
    ],
)
def test_an_entry_of_no_known_kind_is_a_mismatch(entry: dict[str, Any], place: Any, keyword: str) -> None:
    assert [(one.path, one.keyword) for one in check_entry(entry)] == [(place, keyword)]


@pytest.mark.parametrize("packaging", PACKAGING)
@pytest.mark.parametrize("key", ["name", "version", "minDcosReleaseVersion"])
def test_a_final_newline_is_no_part_of_a_name_or_version(packaging: str, key: str) -> None:
    """Python's ``$`` lets it through; Universe's validator is written in Python."""
    package = {
        "packagingVersion": packaging,
        "name": "demo",
        "version": "1.0",
        "maintainer": "x",
        "description": "x",
        "tags": [],
    }
    if key == "minDcosReleaseVersion" and packaging == "2.0":
        return
    assert check_file(f"package-{packaging}", package) == []
    found = check_file(f"package-{packaging}", package | {key: "1.0\n" if key != "name" else "demo\n"})
    assert [(one.path, one.keyword) for one in found] == [((key,), "pattern")]
