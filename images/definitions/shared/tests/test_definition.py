"""Whether a booted image is what its definition says: `dcos-installer image test` runs it in the machine."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterable
from typing import Any

from dcos_images.expected import Expected

MADE_BY_THE_MACHINE = {"/etc/machine-id"}
SEEDS = "/usr/lib/dcos/packages"


def lines(host: Any, command: str, words: Iterable[str] = ()) -> list[str]:
    """The lines that a command prints about these words, whatever its exit code says."""
    text: str = host.run(" ".join([command, *map(shlex.quote, words)])).stdout
    return text.rstrip("\n").split("\n")


def test_it_has_the_packages_of_its_lock_and_no_others(host: Any, expected: Expected) -> None:
    shown = lines(host, "dpkg-query --show --showformat='${Package} ${Version} ${db:Status-Abbrev}\\n'")
    there = {tuple(line.split()[:2]) for line in shown}
    wanted = set(expected.packages.items())
    wrong = sorted(f"{name} {version}" for name, version in there ^ wanted)
    assert not wrong, f"not as locked: {', '.join(wrong)}"
    broken = [line for line in shown if line.split()[2] != "ii"]
    assert not broken, f"not installed properly: {', '.join(broken)}"


def test_it_has_the_files_of_its_definition(host: Any, expected: Expected) -> None:
    files = {file.path: file for file in expected.definition.files if file.path not in MADE_BY_THE_MACHINE}
    digests = {path: digest for digest, path in (line.split(maxsplit=1) for line in lines(host, "sha256sum", files))}
    said = (line.split(" ", 2) for line in lines(host, "stat --dereference --format='%a %U %n'", files))
    kept = {path: (int(mode, 8), owner) for mode, owner, path in said}
    wrong = [
        path
        for path, file in files.items()
        if digests.get(path) != hashlib.sha256(file.content).hexdigest() or kept[path] != (file.mode, "root")
    ]
    assert not wrong, f"missing, changed, or with another mode or owner: {', '.join(wrong)}"


def test_it_has_the_folders_and_links_of_its_definition(host: Any, expected: Expected) -> None:
    missing = [folder for folder in expected.definition.folders if not host.file(folder).is_directory]
    assert not missing, f"there is no folder {', '.join(missing)}"
    for link in expected.definition.links:
        (target,) = lines(host, "readlink", [link.path])
        assert target == link.target, f"{link.path} leads to {target!r}"


def test_it_has_the_users_of_its_definition(host: Any, expected: Expected) -> None:
    users = {user.name: user for user in expected.definition.users}
    there = [line.split(":") for line in lines(host, "getent passwd", users)] if users else []
    found = {name: (int(uid), int(gid), home, shell) for name, _, uid, gid, _, home, shell in there}
    for name, user in users.items():
        wanted = (user.uid, user.uid, user.home, "/usr/sbin/nologin")
        assert found.get(name) == wanted, f"{name} is {found.get(name)}, not {wanted}"


def test_its_units_are_enabled_and_masked_as_its_definition_says(host: Any, expected: Expected) -> None:
    for units, wanted in ((expected.definition.enable, "enabled"), (expected.definition.mask, "masked")):
        states = lines(host, "systemctl is-enabled", units) if units else []
        wrong = [f"{unit} ({state})" for unit, state in zip(units, states, strict=True) if state != wanted]
        assert not wrong, f"not {wanted}: {', '.join(wrong)}"


def test_it_is_the_release_of_its_definition(host: Any, expected: Expected) -> None:
    (release,) = expected.definition.releases
    shown = dict(line.split("=", 1) for line in lines(host, "cat /etc/os-release") if line)
    system = (shown["ID"].strip('"'), shown["VERSION_ID"].strip('"'))
    assert system == (release.os_id, release.os_version), f"it is {system}"
    libc = host.check_output("getconf GNU_LIBC_VERSION").replace(" ", "-")
    assert libc == release.libc, f"its libc is {libc}"
    python = host.check_output("/usr/bin/python3 -c %s", "import sys; print('cp%d%d' % sys.version_info[:2])")
    assert python == release.python, f"its Python is {python}"


def test_the_runtime_is_in_place_and_runs(host: Any, expected: Expected) -> None:
    found = [one for one in lines(host, "ls", [SEEDS]) if one]
    assert len(found) == (1 if expected.definition.runtime else 0), f"{SEEDS} has {', '.join(found) or 'nothing'}"
    for folder in found:
        done = host.run("%s --version", f"{SEEDS}/{folder}/bin/dcos")
        assert done.rc == 0, f"{folder}/bin/dcos does not run: {done.stderr.strip()}"
