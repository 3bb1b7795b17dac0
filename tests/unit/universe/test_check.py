"""`check` tells everything that is wrong with a source at once, and nothing of what is right."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from dcos_universe import reading
from dcos_universe.check import ERROR, RULES, WARNING, Finding, Report, check
from dcos_universe.check.revision import MAX_TOLD
from dcos_universe.commands.check import plain
from dcos_universe.errors import UniverseError
from tests.support.universe.broken import broken
from tests.support.universe.sample import SAMPLE, needs_sample
from tests.support.universe.sources import FOLDER, SHA, Broken, Source, good, write

CASES = list(broken())


def found(report: Report, severity: str = ERROR) -> list[tuple[str, str, tuple[str | int, ...]]]:
    return [(one.rule, one.file, one.path) for one in report.findings if one.severity == severity]


# --- errors ----------------------------------------------------------------------------------------------------------


def test_there_are_as_many_ways_to_be_wrong_as_dcos_validator_was_tried_with() -> None:
    assert len(CASES) >= 142
    assert len({case.case for case in CASES}) == len(CASES)


def test_every_rule_for_errors_has_a_case() -> None:
    kept = {rule for rule, (severity, _) in RULES.items() if severity == ERROR} - {case.rule for case in CASES}
    assert kept == {"unreadable"}  # The superuser reads everything.


@pytest.mark.parametrize("packaging", ["2.0", "3.0", "4.0", "5.0"])
def test_a_good_package_has_no_finding_at_all(tmp_path: Path, packaging: str) -> None:
    good(packaging).write(tmp_path)
    assert check(tmp_path).findings == ()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_broken_package_is_refused_naming_file_and_field(tmp_path: Path, case: Broken) -> None:
    case.source.write(tmp_path)
    report = check(tmp_path)
    assert (case.rule, case.file, case.path) in found(report)
    # And nothing else: one cause is one error.
    assert {(rule, file) for rule, file, _ in found(report)} == {(case.rule, case.file)}, report.errors
    for finding in report.findings:
        assert finding.what and finding.remedy
        assert len(finding.what) < 600


def test_all_findings_are_told_at_once(tmp_path: Path) -> None:
    source = good()
    source.package |= {"version": "1 0", "tags": ["a b", 3], "website": 7, "x": 1}
    del source.package["maintainer"]
    source.config["properties"]["service"]["properties"]["odd"] = {"$ref": "x", "type": "text"}
    source.resource["assets"]["uris"]["odd"] = "/rel"
    source.files["marathon.json.mustache"] = b"{{#x}}"
    source.files["command.json"] = b"{"
    source.write(tmp_path)
    assert sorted({rule for rule, _, _ in found(check(tmp_path))}) == [
        "forbidden-file",
        "json",
        "missing-field",
        "reference",
        "schema",
        "template",
        "type",
        "unknown-field",
        "url",
        "value",
    ]


@pytest.mark.parametrize(
    "template",
    [
        "{{#service}}{{n%d}}{{/service}}",
        "{{#a}}{{/a}}",
        "{{#n%d}}{{/n%d}}",
        "   {{#a}}{{/a}}",
        "{{n%d}}",
    ],
)
def test_templates_of_tags_alone_are_read_in_linear_time(tmp_path: Path, template: str) -> None:
    source = good()
    source.template = "".join(template.replace("%d", str(at)) for at in range(2_500))
    source.write(tmp_path)
    assert {one.rule for one in check(tmp_path).findings} <= {"undefined-option", "not-an-app"}


def test_of_one_kind_in_one_file_the_first_are_told_and_the_others_counted(tmp_path: Path) -> None:
    source = good()
    source.config["required"] = [f"a{at}" for at in range(15_000)]
    source.resource["assets"]["uris"] = {f"a{at}": "" for at in range(501)}
    source.write(tmp_path)
    findings = check(tmp_path).findings
    for file, rule, left, more in (("config", "required-unknown", MAX_TOLD, 14_500), ("resource", "empty-uri", 500, 1)):
        kind = [one for one in findings if one.rule == rule]
        assert len(kind) == left + 1
        assert kind[0].file == f"{FOLDER}/{file}.json"
        assert (kind[0].path, kind[0].what) == ((), f"and so it is in {more} more places")


# --- warnings --------------------------------------------------------------------------------------------------------


def warned(tmp_path: Path, source: Source) -> list[tuple[str, str, tuple[str | int, ...]]]:
    source.write(tmp_path)
    report = check(tmp_path)
    assert report.errors == ()
    return [(rule, file.removeprefix(f"{FOLDER}/"), path) for rule, file, path in found(report, WARNING)]


def test_files_that_nobody_knows(tmp_path: Path) -> None:
    source = good()
    source.files["notes.txt"] = b"\xff"
    source.after = lambda root: (root / "packages" / "D" / "x.txt").touch()
    assert warned(tmp_path, source) == [
        ("unknown-file", "notes.txt", ()),
        ("unknown-file", "packages/D/x.txt", ()),
    ]


def test_a_package_without_revisions(tmp_path: Path) -> None:
    source = good()
    source.after = lambda root: (root / "packages" / "D" / "dummy").mkdir()
    assert warned(tmp_path, source) == [("unknown-file", "packages/D/dummy", ())]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"type": "object", "type": "object"}', ("type",)),
        ('{"type" : "object", "title": "x", "title": "y"}', ("title",)),
        ('{"type": "object", "\\u0074itle": "x", "title": "y"}', ("title",)),
        ('{"type": "object",\n"properties": {"a": {"title":"\\":", "title":"x"}}}', ("properties", "a", "title")),
    ],
)
def test_repeated_keys(tmp_path: Path, text: str, path: tuple[str | int, ...]) -> None:
    source = good()
    source.files["config.json"] = text.encode()
    source.template = ""
    assert warned(tmp_path, source) == [("repeated-key", "config.json", path)]


@pytest.mark.parametrize(
    "text", ['{"type": "object", "title": "a\\": b", "description":"\\":"}', '{"type":"object" , "title" :"\\u0022:"}']
)
def test_keys_in_texts_are_none(tmp_path: Path, text: str) -> None:
    source = good()
    source.files["config.json"] = text.encode()
    source.template = ""
    assert warned(tmp_path, source) == []


def test_the_same_version_twice(tmp_path: Path) -> None:
    good().write(tmp_path, "packages/D/demo/7")
    source = good()
    source.write(tmp_path)
    assert found(check(tmp_path), WARNING) == [("same-version", "packages/D/demo/7/package.json", ("version",))]


def test_ways_from_and_to_versions_that_are_not_there(tmp_path: Path) -> None:
    other = good()
    other.package |= {"version": "0.9", "upgradesFrom": [], "downgradesTo": []}
    other.write(tmp_path, "packages/D/demo/1")
    source = good()
    source.package |= {"upgradesFrom": ["0.9", "0.8", "*"], "downgradesTo": ["1.0.0"]}
    assert warned(tmp_path, source) == [
        ("own-version", "package.json", ("downgradesTo", 0)),
        ("unknown-version", "package.json", ("upgradesFrom", 1)),
    ]


def test_of_a_package_that_cannot_be_read_whole_no_version_is_missed(tmp_path: Path) -> None:
    other = good()
    other.files["package.json"] = b"{"
    other.write(tmp_path, "packages/D/demo/1")
    source = good()
    source.package |= {"upgradesFrom": ["0.8"]}
    source.write(tmp_path)
    assert found(check(tmp_path), WARNING) == []


def test_a_manager_that_is_not_there(tmp_path: Path) -> None:
    source = good("5.0")
    source.package["manager"] = {"packageName": "absent"}
    assert warned(tmp_path, source) == [("unknown-manager", "package.json", ("manager", "packageName"))]


def test_a_manager_that_is_there(tmp_path: Path) -> None:
    other = good()
    other.package["name"] = "other"
    other.write(tmp_path, "packages/O/other/0")
    source = good("5.0")
    source.package["manager"] = {"packageName": "other"}
    assert warned(tmp_path, source) == []


def test_states_of_revisions_that_are_not_there(tmp_path: Path) -> None:
    source = good()
    state = {"format": 1, "packages": {"demo": {"3": {"yanked": "x"}, "4": {"yanked": "x"}}}}
    source.after = lambda root: write(root / "state.json", json.dumps(state))
    assert warned(tmp_path, source) == [("unknown-revision", "state.json", ("packages", "demo", "4"))]


def option(source: Source, name: str, schema: Any) -> Source:
    source.config["properties"]["service"]["properties"][name] = schema
    return source


SERVICE = ("properties", "service", "properties")


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"type": "integer", "default": "3"}, ("default",)),
        ({"type": "string", "default": "x", "pattern": "^y"}, ("default",)),
        ({"type": "number", "minimum": 1, "default": 0}, ("default",)),
        ({"enum": ["a"], "default": "b"}, ("default",)),
        ({"type": "array", "items": {"type": "string"}, "default": ["a", 1]}, ("default", 1)),
        ({"type": "object", "default": {"a": 1}, "additionalProperties": False}, ("default",)),
        ({"type": "object", "properties": {"a": {"type": "string", "default": 1}}}, ("properties", "a", "default")),
    ],
)
def test_defaults_that_their_own_schema_refuses(
    tmp_path: Path, schema: dict[str, Any], path: tuple[str | int, ...]
) -> None:
    assert warned(tmp_path, option(good(), "odd", schema)) == [("default", "config.json", (*SERVICE, "odd", *path))]


def test_what_is_required_may_have_no_default(tmp_path: Path) -> None:
    source = option(good(), "must", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})
    source.config["properties"]["service"]["required"].append("must")
    source.template = source.template.replace('"mem": 32', '"mem": {{service.must.a}}')
    assert warned(tmp_path, source) == []


def test_required_options_that_are_none(tmp_path: Path) -> None:
    source = good()
    source.config["required"] = ["service", "other"]
    assert warned(tmp_path, source) == [("required-unknown", "config.json", ("required", 1))]


def test_options_without_a_type(tmp_path: Path) -> None:
    source = good()
    del source.config["type"]
    assert warned(tmp_path, source) == [("no-type", "config.json", ("type",))]


def test_an_option_that_hides_the_resources(tmp_path: Path) -> None:
    source = good()
    source.config["properties"]["resource"] = {"type": "object"}
    assert warned(tmp_path, source) == [("shadowed-option", "config.json", ("properties", "resource"))]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{{service.absent}}", ["service.absent"]),
        ("{{absent}} {{absent}}", ["absent"]),
        ("{{#absent}}x{{/absent}}", ["absent"]),
        ("{{^service.absent}}x{{/service.absent}}", ["service.absent"]),
        ("{{resource.assets.uris.absent}}", ["resource.assets.uris.absent"]),
        ("{{service.name.first}}", ["service.name.first"]),
        ("{{#service}}{{name}}{{odd}}{{/service}}", ["odd"]),
        ("{{#service.words}}{{.}}{{/service.words}}", []),
        ("{{service.open.anything.at.all}}", []),
        ("{{service.referred.inner}} {{service.referred.absent}}", ["service.referred.absent"]),
        ("{{#service.list}}{{first}}{{second}}{{/service.list}}", ["second"]),
    ],
)
def test_options_that_a_template_asks_for_and_nobody_describes(tmp_path: Path, text: str, names: list[str]) -> None:
    source = option(good(), "open", {"type": "object"})
    option(source, "referred", {"$ref": "#/definitions/inner"})
    option(source, "list", {"type": "array", "items": {"type": "object", "properties": {"first": {"type": "string"}}}})
    source.config["definitions"] = {"inner": {"type": "object", "properties": {"inner": {"type": "string"}}}}
    source.template = source.template.replace("./demo", f"./demo {text}")
    source.write(tmp_path)
    report = check(tmp_path)
    assert report.errors == ()
    result = [one for one in report.warnings if one.rule == "undefined-option"]
    assert [name for one in result for name in names if repr(name) in one.what] == names
    assert len(result) == len(names)
    assert all("line 6" in one.what for one in result)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('{"id": "demo", "cmd": "x",}', "not JSON"),
        ('{"id": "{{service.name}}" "cmd": "x"}', "line 1"),
        ("[]", "object"),
        ('{"cmd": "x"}', "no id"),
        ('{"id": "Demo App", "cmd": "x"}', "Demo App"),
        ('{"id": "demo"}', "neither"),
        ('{"id": "demo", "cmd": "x", "instances": "{{service.count}}"}', "instances"),
        ('{"id": "demo", "cmd": "x", "cpus": true}', "cpus"),
        ('{"id": "demo", "cmd": "x", "instances": -1}', "instances"),
        ('{"id": "demo", "cmd": "x", "labels": {"a": 1}}', "label"),
        ('{"id": "demo", "cmd": "x", "env": []}', "env"),
    ],
)
def test_templates_that_make_no_app_of_the_defaults(tmp_path: Path, text: str, word: str) -> None:
    source = good()
    source.template = text
    source.write(tmp_path)
    (finding,) = check(tmp_path).findings
    assert (finding.rule, finding.severity) == ("not-an-app", WARNING)
    assert word in finding.what


def test_empty_addresses_and_images(tmp_path: Path) -> None:
    source = good()
    source.resource["assets"]["uris"]["empty"] = ""
    source.resource["assets"]["container"]["docker"]["none"] = ""
    assert warned(tmp_path, source) == [
        ("empty-uri", "resource.json", ("assets", "container", "docker", "none")),
        ("empty-uri", "resource.json", ("assets", "uris", "empty")),
    ]


def test_artifacts_and_images_without_digests(tmp_path: Path) -> None:
    source = good()
    source.resource["assets"]["uris"]["other"] = "https://files.example.org/other"
    source.resource["assets"]["container"]["docker"]["other"] = "example/other:1.0"
    assert warned(tmp_path, source) == [
        ("no-digest", "resource.json", ("assets", "container", "docker", "other")),
        ("no-digest", "resource.json", ("assets", "uris", "other")),
    ]


def test_digests_may_be_of_images_and_say_a_size(tmp_path: Path) -> None:
    source = good()
    source.resource["assets"]["container"]["docker"]["other"] = "example/other:1.0"
    digests = {
        "https://files.example.org/demo.tar.gz": {"sha256": SHA, "size": 3},
        "example/other:1.0": f"sha256:{SHA}",
        "https://files.example.org/absent": f"sha256:{SHA}",
    }
    source.files["digests.json"] = json.dumps(digests).encode()
    assert warned(tmp_path, source) == [("unused-digest", "digests.json", ("https://files.example.org/absent",))]


def test_packages_of_python_without_digests(tmp_path: Path) -> None:
    source = good("3.0")
    files = "https://files.example.org"
    source.command = {"pip": ["of-an-index", f"{files}/a.whl", f"{files}/b.whl", f"{files}/c.whl#sha256={SHA}"]}
    digests = {"https://files.example.org/demo.tar.gz": f"sha256:{SHA}", f"{files}/b.whl": f"sha256:{SHA}"}
    source.files["digests.json"] = json.dumps(digests).encode()
    assert warned(tmp_path, source) == [("no-digest", "command.json", ("pip", 1))]


def test_passwords_in_addresses(tmp_path: Path) -> None:
    source = good()
    source.package["scm"] = "https://user:secret@git.example.org/demo.git"
    source.resource["images"]["icon-large"] = "https://user:secret@files.example.org/x.png"
    assert warned(tmp_path, source) == [
        ("credentials", "package.json", ("scm",)),
        ("credentials", "resource.json", ("images", "icon-large")),
    ]
    assert "secret" not in str(check(tmp_path).json())


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("scm", "somewhere on my disk"),
        ("scm", "github.com/example/demo"),
        ("scm", "https:///demo.git"),
        ("scm", "https://git.example.org:port/demo.git"),
        ("scm", ""),
        ("website", "javascript:alert(1)"),
        ("website", "git@github.com:example/demo.git"),
        ("website", "www.example.org"),
        ("website", "https://exa mple.org/"),
    ],
)
def test_what_nobody_can_open_is_no_address(tmp_path: Path, key: str, address: str) -> None:
    source = good()
    source.package[key] = address
    assert warned(tmp_path, source) == [("no-address", "package.json", (key,))]


@pytest.mark.parametrize(
    "address",
    ["git@github.com:example/demo.git", "git://git.example.org/demo.git", "ssh://git@git.example.org:2222/demo.git"],
)
def test_sources_have_addresses_of_their_own_kinds(tmp_path: Path, address: str) -> None:
    source = good()
    source.package["scm"] = address
    assert warned(tmp_path, source) == []


# --- the sample ------------------------------------------------------------------------------------------------------


@needs_sample
def test_the_whole_sample_passes_and_its_oddities_are_warnings() -> None:
    report = check(SAMPLE)
    assert report.errors == ()
    assert (report.packages, report.revisions) == (21, 49)
    counted: dict[str, int] = {}
    for finding in report.warnings:
        counted[finding.rule] = counted.get(finding.rule, 0) + 1
    assert counted.pop("no-digest") > 100
    # The sample is a part: most versions that its packages can be upgraded from were left out.
    assert counted.pop("unknown-version") == 12
    assert counted == {
        "undefined-option": 12,
        "repeated-key": 2,
        "same-version": 2,
        "no-type": 1,
        "unknown-file": 1,
    }


# --- running ---------------------------------------------------------------------------------------------------------


def copied(tmp_path: Path) -> Path:
    shutil.copytree(SAMPLE / "packages", tmp_path / "source" / "packages")
    for path in [tmp_path / "source", *(tmp_path / "source").rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (1, 1))
    return tmp_path / "source"


def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the files had not been written a moment ago."""
    monkeypatch.setattr("dcos_universe.check.cache._SETTLED", -(10**15))


@needs_sample
def test_only_what_changed_is_checked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(monkeypatch)
    source, cache = copied(tmp_path), tmp_path / "cache" / "file"
    first = check(source, cache=cache)
    again = check(source, cache=cache)
    assert (first.checked, again.checked) == (49, 0)
    assert again.findings == first.findings
    changed = source / "packages" / "N" / "nginx" / "6" / "package.json"
    changed.write_text(changed.read_text().replace('"version": "', '"version": " '))
    third = check(source, cache=cache)
    assert third.checked == 1
    # Packaging version 2.0 has versions of any kind, except for blanks at their ends.
    assert found(third) == [("value", "packages/N/nginx/6/package.json", ("version",))]
    assert check(source, cache=None).findings == third.findings


@needs_sample
def test_rules_about_several_revisions_always_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(monkeypatch)
    source, cache = copied(tmp_path), tmp_path / "cache"
    before = check(source, cache=cache)
    shutil.rmtree(source / "packages" / "K" / "kafka" / "2")
    after = check(source, cache=cache)
    assert after.checked == 0
    gone = {one for one in before.findings if one not in after.findings}
    assert {one.rule for one in gone if "/3/" in one.file} == {"same-version"}


@needs_sample
def test_files_that_only_look_touched_are_known_by_their_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(monkeypatch)
    source, cache = copied(tmp_path), tmp_path / "cache"
    check(source, cache=cache)
    for path in source.rglob("*.json"):
        os.utime(path, (5, 5))
    assert check(source, cache=cache).checked == 0


def test_files_of_this_moment_are_not_trusted_by_their_times(tmp_path: Path) -> None:
    source, cache = tmp_path / "source", tmp_path / "cache"
    place = good().write(source)
    check(source, cache=cache)
    result = (place / "package.json").stat()
    text = (place / "package.json").read_text()
    (place / "package.json").write_text(text.replace("1.0.0", "1_0_0"))
    os.utime(place / "package.json", ns=(result.st_atime_ns, result.st_mtime_ns))
    assert found(check(source, cache=cache)) == [("value", f"{FOLDER}/package.json", ("version",))]


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\xff" * 100, b"{}", None])
def test_a_damaged_cache_is_no_cache(tmp_path: Path, damage: bytes | None) -> None:
    good().write(tmp_path / "source")
    cache = tmp_path / "cache"
    if damage is None:
        cache.mkdir()
    else:
        check(tmp_path / "source", cache=cache)
        cache.write_bytes(damage)
    report = check(tmp_path / "source", cache=cache)
    assert (report.findings, report.checked) == ((), 1)


def test_another_checker_s_cache_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good().write(tmp_path / "source")
    check(tmp_path / "source", cache=tmp_path / "cache")
    monkeypatch.setattr("dcos_universe.check.cache.checker", lambda: "another")
    assert check(tmp_path / "source", cache=tmp_path / "cache").checked == 1


@needs_sample
def test_processes_find_the_same_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dcos_universe.check.running.MANY", 5)
    seen: list[tuple[int, int]] = []
    one = check(SAMPLE, jobs=1)
    two = check(SAMPLE, jobs=2, progress=lambda done, total: seen.append((done, total)))
    assert one == two
    assert seen[-1] == (49, 49)


@needs_sample
def test_a_process_that_dies_costs_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dcos_universe.check.running.MANY", 5)
    here = os.getpid()

    def die(path: Path) -> Any:
        if os.getpid() != here and path.parent.name == "hdfs":
            os.kill(os.getpid(), signal.SIGKILL)
        return read(path)

    read = reading.gather
    monkeypatch.setattr("dcos_universe.check.running.gather", die)
    assert check(SAMPLE, jobs=2) == check(SAMPLE, jobs=1)


def test_names_that_are_no_text_are_told_as_text(tmp_path: Path) -> None:
    source = good()
    source.files["x\udcff"] = b""
    place = source.write(tmp_path)
    (place.parent / "y\udcff").touch()
    (place.parent / "\udcff").mkdir()
    report = check(tmp_path, cache=tmp_path / "cache")
    assert {one.rule for one in report.findings} == {"unknown-file", "revision"}
    assert all(plain(one.file) == one.file for one in report.findings)


def test_findings_come_in_the_order_of_revisions(tmp_path: Path) -> None:
    for number in (10, 9, 100):
        source = good()
        source.package["version"] = "1 0"
        source.write(tmp_path, f"packages/D/demo/{number}")
    assert [one.file.split("/")[3] for one in check(tmp_path).errors] == ["9", "10", "100"]


def test_a_revision_can_be_checked_before_it_lies_in_a_repository(tmp_path: Path) -> None:
    source = good()
    source.package["name"] = "another"
    assert check(source.write(tmp_path, "anywhere")).findings == ()
    place = good().write(tmp_path / "source", "packages/D/other/3")
    assert found(check(place)) == [("name", "package.json", ("name",))]


def test_no_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UniverseError, match="no repository"):
        check(tmp_path)


def test_an_empty_source_has_nothing_wrong(tmp_path: Path) -> None:
    (tmp_path / "packages").mkdir()
    assert check(tmp_path) == Report((), 0, 0, 0)


def test_findings_are_small() -> None:
    """A source with everything wrong has many."""
    assert sys.getsizeof(Finding("a", (), "type", "b", "c")) < 100
