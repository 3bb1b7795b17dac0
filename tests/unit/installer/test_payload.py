"""What is sent to a machine: runs as bytecode or source, on any Python from 3.9 on, and says when there is none."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_installer.ansible import host as host_package
from dcos_installer.ansible import payload
from dcos_installer.ansible.host import main as host_main
from dcos_installer.ansible.host import quick
from dcos_installer.plan.facts import Facts
from tests.support.installer.folder_hosts import Host, a_manifest
from tests.support.sources import parsed

MOVING = ("addresses", "cpus", "disk_free_mb", "listening", "mem_mb")
"""Facts that are read from the running host, even where a folder stands for the machine."""
SOURCES = sorted(Path(host_package.__file__).parent.glob("*.py"))


def ask(request: dict[str, object], code: bytes | None = None, command: str = payload.COMMAND) -> dict[str, Any]:
    data = payload.request(request) if code is None else payload.enveloped(code, msgspec.json.encode(request))
    done = subprocess.run(["/bin/sh", "-c", command], input=data, capture_output=True)
    return payload.answer("h1", done.returncode, done.stdout, done.stderr)


def test_facts_come_back_as_the_installer_knows_them(tmp_path: Path) -> None:
    answered = ask({"mode": "facts", "root": str(tmp_path)})
    facts = msgspec.convert(answered["facts"], Facts)
    assert set(answered["facts"]) == set(Facts.__struct_fields__)
    assert facts.libc.startswith("glibc-")
    assert facts.python == f"cp3{sys.version_info[1]}"
    assert facts.generation == 0


def test_a_python_with_another_magic_number_compiles_the_source(tmp_path: Path) -> None:
    sizes, _, parts = payload.code().partition(b"\n")
    other = sizes + b"\n" + b"\0\0\0\0" + parts[4:]
    compiled, loaded = (ask({"mode": "facts", "root": str(tmp_path)}, code) for code in (other, None))
    assert compiled.keys() == loaded.keys()
    assert lasting(compiled) == lasting(loaded)


def lasting(answer: dict[str, Any]) -> dict[str, Any]:
    """Of the facts those that nothing else on this host changes between two looks."""
    return {name: fact for name, fact in answer["facts"].items() if name not in MOVING}


def test_nothing_is_left_on_the_machine(tmp_path: Path) -> None:
    ask({"mode": "facts", "root": str(tmp_path)})
    assert list(tmp_path.rglob("*")) == []


def test_a_host_without_python_is_told_so_by_name() -> None:
    command = payload.COMMAND.replace("/usr/bin/python3", "/nowhere/python3")
    with pytest.raises(payload.HostAnswerMissing, match=r"h1 has no python3 ≥ 3\.9") as missing:
        ask({"mode": "facts"}, command=f"PATH=/nowhere; cat() {{ while read -r line; do :; done; }}; {command}")
    assert "install the package python3" in missing.value.hint


def test_a_host_with_too_old_a_python_is_told_its_version(tmp_path: Path) -> None:
    old = payload.COMMAND.replace("sys.version_info < (3, 9)", "True")
    with pytest.raises(payload.HostAnswerMissing, match=r"h1 has no python3 ≥ 3\.9") as missing:
        ask({"mode": "facts", "root": str(tmp_path)}, command=old)
    assert f"its python3 is 3.{sys.version_info[1]}" in missing.value.why


def test_a_host_that_says_something_else_is_quoted() -> None:
    with pytest.raises(payload.HostAnswerMissing) as missing:
        payload.answer("h1", 126, b"", b"This account is currently not available.\n")
    assert "126" in missing.value.why
    assert "currently not available" in missing.value.evidence


def test_login_messages_before_the_answer_do_no_harm() -> None:
    assert payload.answer("h1", 0, b'Welcome!\nDCOS-ANSWER {"a": 1}\n', b"") == {"a": 1}


def test_both_sides_agree_on_the_mark() -> None:
    assert host_main.MARK.encode() == payload.MARK


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_the_hosts_side_is_python_3_9_and_imports_the_standard_library_only(source: Path) -> None:
    tree = parsed(source.read_text(), feature_version=(3, 9))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        else:
            continue
        if source.name == "start.py":
            names = [name for name in names if name != "dcos_host"]  # what it makes importable itself
        if source.name == "quick.py":
            names = [name for name in names if name not in ("_sha2", "_sha256")]  # each Python has one of them
        for name in names:
            assert name.partition(".")[0] in sys.stdlib_module_names, f"{source.name} imports {name}"


def test_a_change_to_the_hosts_side_needs_no_module_that_is_not_sent() -> None:
    sent = {f"{name}.py" for name in payload._MODULES} | {"__init__.py", "start.py"}
    assert {source.name for source in SOURCES} == sent


def test_a_check_imports_none_of_the_expensive_modules(tmp_path: Path) -> None:
    Host(tmp_path).apply(a_manifest({"etc/a": "1"}, {"dcos-a.service": ("etc/a",)}))
    manifest = a_manifest({"etc/a": "2"}, {"dcos-a.service": ("etc/a",)}).encode().decode()
    command = payload.COMMAND.replace(" -I -S -c", " -X importtime -I -S -c")
    data = payload.request({"mode": "check", "root": str(tmp_path), "manifest": manifest})
    done = subprocess.run(["/bin/sh", "-c", command], input=data, capture_output=True)
    assert payload.answer("h1", done.returncode, done.stdout, b"")["changes"]
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()}
    assert "dcos_host.work" in imported
    assert not imported & {"subprocess", "tarfile", "typing", "re", "enum", "json", "hashlib", "socket", "shutil"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_quick_json_is_json(value: object) -> None:
    text = quick.dumps(value)
    assert text.isascii()
    assert json.loads(text) == value
    assert quick.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")) == value
    assert quick.dumps(value) == quick.dumps(json.loads(text))


@pytest.mark.parametrize("text", ["", "{", "[1,]", "{} {}", "nul", '"'])
def test_quick_json_refuses_what_is_no_json(text: str) -> None:
    with pytest.raises(ValueError):
        quick.loads(text.encode())


@given(st.binary())
def test_quick_sha256_is_sha256(data: bytes) -> None:
    assert quick.sha256(data) == hashlib.sha256(data).hexdigest()
