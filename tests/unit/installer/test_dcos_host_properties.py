"""For any two manifests and any drift between them: apply does what check said, and then nothing is left to do."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcos_installer.ansible.assumed import assumed
from dcos_installer.ansible.host.work import work_for
from dcos_installer.machines import Carried
from dcos_installer.plan.manifest import ACTIVE, File, Link, Manifest, Package, Secret, Sysctl, Unit, User
from tests.support.installer.folder_hosts import Host, a_manifest

UNITS = ("dcos-a.service", "dcos-b.service", "dcos-c.service")
PATHS = ("etc/a", "etc/b", "etc/c/d", "etc/c/e")
SECRETS = ("s1", "s2")
PACKAGES = tuple(Package(name, v, v * 64, (f"{name}-run",)) for name in ("p", "q") for v in ("1", "2"))


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    files = {path: draw(st.sampled_from(["", "x", "y\n", "ü"])) for path in draw(st.sets(st.sampled_from(PATHS)))}
    packages = draw(st.lists(st.sampled_from(PACKAGES), unique_by=lambda package: package.name, max_size=2))
    secrets = sorted(draw(st.sets(st.sampled_from(SECRETS))))
    known = [*files, *(f"package:{package.name}" for package in packages), *(f"secret:{name}" for name in secrets)]
    texts: dict[str, str] = {}
    units = []
    for name in draw(st.lists(st.sampled_from(UNITS), unique=True)):
        reads = draw(st.sets(st.sampled_from(known))) if known else set()
        units.append(Unit(name, tuple(sorted(reads)), draw(st.sampled_from(["restart", "reload"]))))
        texts[f"units/{name}"] = draw(st.sampled_from(["[Service]\n", "[Service]\nUser=x\n"]))
    links = [Link(f"/etc/systemd/system/{unit.name}", f"{ACTIVE}/units/{unit.name}") for unit in units]
    if draw(st.booleans()):
        links.append(Link("/usr/local/bin/dcos", f"{ACTIVE}/bin/p-run"))
    base = a_manifest(
        {},
        {},
        sorted(packages, key=lambda package: package.name),
        links=links,
        users=tuple(User(name, "/") for name in sorted(draw(st.sets(st.sampled_from(["dcos-u", "dcos-v"]))))),
        sysctls=tuple(Sysctl(key, draw(st.sampled_from("12"))) for key in sorted(draw(st.sets(st.sampled_from("ab"))))),
        secrets=tuple(Secret(name) for name in secrets),
    )
    contents = sorted((files | texts).items())
    modes = {path: draw(st.sampled_from([0o644, 0o600])) for path, _ in contents}
    return Manifest(
        **{
            **{field: getattr(base, field) for field in base.__struct_fields__},
            "files": tuple(File(path, content, modes[path]) for path, content in contents),
            "units": tuple(units),
        }
    )


DRIFTS = st.lists(
    st.sampled_from(
        [
            "edit file",
            "drop file",
            "drop link",
            "foreign link",
            "stop unit",
            "set sysctl",
            "edit secret",
            "edit manifest",
        ]
    ),
    max_size=3,
)


def drift(host: Host, manifest: Manifest, kinds: list[str], pick: int) -> None:
    def one_of(items: Iterable[Any]) -> Any:
        found = list(items)
        return found[pick % len(found)] if found else None

    active = host.path("/opt/dcos/active")
    if "edit manifest" in kinds:
        # Where a unit's manifest, text and link are all gone, nothing on the host says any more that it was ours.
        kinds = [kind for kind in kinds if kind not in ("drop file", "edit manifest")] + ["edit manifest"]
    for kind in kinds:
        file, link = one_of(manifest.files), one_of(manifest.links)
        if kind == "edit file" and file and (active / file.path).exists():
            (active / file.path).write_text("by hand")
        elif kind == "drop file" and file:
            (active / file.path).unlink(missing_ok=True)
        elif kind == "drop link" and link:
            host.path(link.path).unlink(missing_ok=True)
        elif kind == "foreign link":
            host.path("/etc/systemd/system").mkdir(parents=True, exist_ok=True)
            host.path("/etc/systemd/system/dcos-old.service").symlink_to(f"{ACTIVE}/units/dcos-old.service")
        elif kind == "stop unit" and manifest.units:
            host.systemd.act("stop", one_of(manifest.units).name)
        elif kind == "set sysctl" and manifest.sysctls:
            host.path("/proc/sys/" + one_of(manifest.sysctls).key).write_text("9")
        elif kind == "edit secret" and manifest.secrets:
            host.path("/etc/dcos-secrets/" + one_of(manifest.secrets).name).write_text("x")
        elif kind == "edit manifest":
            (active / "manifest.json").write_text("[]")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=manifests(), after=manifests(), kinds=DRIFTS, pick=st.integers(0, 5))
def test_apply_does_what_check_said_and_then_nothing_is_left(
    before: Manifest, after: Manifest, kinds: list[str], pick: int
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="dcos-host-"))
    try:
        host = Host(folder / "host")
        for manifest, secrets in ((before, dict.fromkeys(SECRETS, "1")), (after, {"s1": "1", "s2": "2"})):
            host.bring(manifest)
            checked = host.check(manifest, secrets)
            assert host.check(manifest, secrets) == checked
            assert host.apply(manifest, secrets).changes == checked
            assert host.check(manifest, secrets) == []
            assert host.apply(manifest, secrets).changes == []
            as_the_manifest_says(host, manifest)
            if manifest is before:
                drift(host, manifest, list(dict.fromkeys(kinds)), pick)
    finally:
        shutil.rmtree(folder)


def as_the_manifest_says(host: Host, manifest: Manifest) -> None:
    active = host.path("/opt/dcos/active")
    found = {path.relative_to(active).as_posix() for path in active.rglob("*") if path.is_file()}
    programs = {f"bin/{program}" for package in manifest.packages for program in package.programs}
    assert found == {file.path for file in manifest.files} | programs | {"manifest.json"}
    for file in manifest.files:
        assert (active / file.path).read_text() == file.content
        assert (active / file.path).stat().st_mode & 0o777 == file.mode
    laid = {
        path.relative_to(host.root).as_posix(): str(path.readlink())
        for folder in ("etc/systemd/system", "usr/local/bin")
        for path in host.path(folder).rglob("*")
        if path.is_symlink()
    }
    assert laid == {link.path.lstrip("/"): link.target for link in manifest.links}
    running = {name for name, state in host.systemd.states(UNITS).items() if state == "running"}
    assert running == {unit.name for unit in manifest.units}


@settings(max_examples=30, deadline=None)
@given(manifest=manifests())
def test_the_plan_for_a_machine_yet_to_be_made_is_what_its_first_apply_does(manifest: Manifest) -> None:
    folder = Path(tempfile.mkdtemp(prefix="dcos-host-"))
    try:
        host = Host(folder / "host")
        host.bring(manifest)
        planned = [
            {"kind": change.kind, "name": change.name, "action": change.action, "why": change.why}
            for change in assumed(manifest, Carried()).changes
        ]
        assert host.apply(manifest, dict.fromkeys(SECRETS, "1")).changes == planned
    finally:
        shutil.rmtree(folder)


@settings(max_examples=30, deadline=None)
@given(manifest=manifests())
def test_work_is_a_function_of_what_was_seen(manifest: Manifest) -> None:
    folder = Path(tempfile.mkdtemp(prefix="dcos-host-"))
    try:
        seen = Host(folder / "host").observe(manifest)
        wanted = json.loads(manifest.encode())
        one, other = (work_for(wanted, manifest.digest, seen).changes for _ in range(2))
        assert one == other
    finally:
        shutil.rmtree(folder)
