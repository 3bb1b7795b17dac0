"""Observes the machine's state of everything that a manifest can hold: the active generation, links, users, units, the
firewall.
"""

from __future__ import annotations

import os
import stat

from .errors import HostError
from .facts import altered_package
from .machine import ACTIVE, GENERATIONS, IMAGE_USERS, PACKAGES, SECRETS, SEEDS, STATE, Machine
from .quick import dumps, loads, sha256
from .systemd import LOOPING, RUNNING, STOPPED, Noted, Systemd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

PENDING = STATE + "/pending.json"
"""Steps that a run has begun and not finished: units to restart. They survive a kill -9, and the next run finishes
them.
"""
MENDED = STATE + "/mended.json"
"""Packages that were altered or missing and were uploaded again: folder → the altered path, empty when missing."""
FIREWALL = STATE + "/firewall.json"
"""At the firewall's loading: the digests of the rules file and of the kernel's listing."""

NOTHING: dict[str, Any] = {
    "host": "",
    "packages": [],
    "files": [],
    "units": [],
    "users": [],
    "sysctls": [],
    "links": [],
    "secrets": [],
    "requires": [],
    "firewall": None,
}
"""The manifest of a machine that has nothing of ours."""

_LINK_FOLDERS = ("/etc/systemd/system", "/usr/local/bin", "/etc/sysctl.d")


class Observed:
    """The machine's state, compared with its present manifest and the wanted one."""

    def __init__(self) -> None:
        self.generation = 0
        self.manifest_digest = ""
        self.manifest: dict[str, Any] = NOTHING
        self.altered: dict[str, str] = {}
        """Path in the active generation → how it differs from what was written."""
        self.links: dict[str, str] = {}
        self.has_image_users = False
        """Its image contains our users and commands, which are never removed."""
        """Every link into the active generation, and what is at the path of a wanted link: target, ``-`` or ``file``.
        """
        self.users: dict[str, str] = {}
        self.sysctls: dict[str, str] = {}
        self.units: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        """``well``, ``other`` (content, owner or mode), ``-``."""
        self.firewall = ""
        """``loaded``, ``altered`` in the kernel, ``old`` (loaded from other rules), ``-``; empty: not looked at."""
        self.pending: list[str] = []
        self.missing_packages: list[str] = []
        """Those that have to be brought."""
        self.seeded_packages: list[str] = []
        """The missing packages that are complete in the machine's image: `apply` takes them from there."""
        self.altered_packages: dict[str, str] = {}
        """Folder → the first path by which it differs from what was unpacked."""
        self.mended_packages: dict[str, str] = {}
        """The same for packages that were uploaded again since, empty for a missing one; running units may still have
        read the altered files.
        """

    def flat(self) -> dict[str, str]:
        """Everything that a plan depends on, as text. Packages are left out, because they are uploaded between plan and
        apply.
        """
        # A unit that restarts again and again alternates between up and down, which is not a drift.
        units = {name: RUNNING if state == LOOPING else state for name, state in self.units.items()}
        shown = {"generation": str(self.generation), "manifest": self.manifest_digest}
        for kind, values in (
            ("file", self.altered),
            ("link", self.links),
            ("user", self.users),
            ("setting", self.sysctls),
            ("unit", units),
            ("secret", self.secrets),
        ):
            shown.update({f"{kind} {name}": value for name, value in values.items()})
        if self.firewall:
            shown["firewall"] = self.firewall
        if self.pending:
            shown["unfinished"] = " ".join(self.pending)
        return shown


def digest_of(flat: dict[str, str]) -> str:
    """The digest of `Observed.flat`; a plan holds it, and apply refuses when it has changed."""
    return sha256(dumps(flat).encode())


def service_manager(machine: Machine) -> Systemd:
    return Systemd(machine) if machine.real else Noted(machine)


def unseen(
    wanted: dict[str, Any], users: Collection[str], links: dict[str, str], packages: Collection[str]
) -> Observed:
    """What `observe` would return for a machine that was never deployed to: for plans of machines that do not exist
    yet.

    ``users``, ``links`` and ``packages`` are those of its image.
    """
    seen = Observed()
    seen.links = {link["path"]: links.get(link["path"], "-") for link in wanted["links"]}
    seen.users = {user["name"]: "present" if user["name"] in users else "-" for user in wanted["users"]}
    seen.sysctls = {item["key"]: "" for item in wanted["sysctls"]}
    seen.secrets = {secret["name"]: "-" for secret in wanted["secrets"]}
    seen.units = {unit["name"]: STOPPED for unit in wanted["units"]}
    folders = [folder_of(package) for package in wanted["packages"]]
    seen.seeded_packages = [folder for folder in folders if folder in packages]
    seen.missing_packages = [folder for folder in folders if folder not in packages]
    return seen


def observe(
    machine: Machine, systemd: Systemd, wanted: dict[str, Any], secrets: dict[str, str | None] | None = None
) -> Observed:
    """Observes everything that ``wanted`` or the active manifest names. Changes nothing. A secret whose content is None
    does not exist yet, so any present one counts as different.
    """
    seen = Observed()
    _generation(machine, seen)
    known = (seen.manifest, wanted)
    seen.links = owned_links(machine)
    seen.has_image_users = machine.lstat(IMAGE_USERS) is not None
    for link in (link for manifest in known for link in manifest["links"]):
        seen.links.setdefault(link["path"], _at(machine, link["path"]))
    for user in wanted["users"]:
        seen.users[user["name"]] = "present" if machine.user(user["name"]) is not None else "-"
    for name in machine.users():
        seen.users.setdefault(name, "present")
    for item in wanted["sysctls"]:
        seen.sysctls[item["key"]] = " ".join(machine.text(sysctl_path(item["key"])).split())
    for secret in (secret for manifest in known for secret in manifest["secrets"]):
        seen.secrets.setdefault(secret["name"], _secret(machine, secret, secrets or {}))
    # A run that was cut off, or a manifest that was damaged, may leave a unit that neither manifest names any more.
    others = {path.rpartition("/")[2] for path in seen.links} | set(machine.names(ACTIVE + "/units"))
    named = [unit["name"] for manifest in known for unit in manifest["units"]]
    left = [name for name in sorted(others) if name.endswith(".service")]
    seen.units = systemd.states(list(dict.fromkeys([*named, *left])))
    if wanted["firewall"] and machine.real:
        seen.firewall = _firewall(machine, wanted["firewall"])
    begun = loads(machine.read(PENDING) or b"{}").get("restart", [])
    seen.pending = [unit["name"] for unit in wanted["units"] if unit["name"] in begun]
    seen.mended_packages = dict(loads(machine.read(MENDED) or b"{}"))
    for package in wanted["packages"]:
        _package(machine, folder_of(package), seen)
    return seen


def folder_of(package: dict[str, Any]) -> str:
    return "{name}--{version}-{sha}".format(sha=package["sha256"][:12], **package)


def sysctl_path(key: str) -> str:
    return "/proc/sys/" + key.replace(".", "/")


def generations(machine: Machine) -> list[int]:
    return sorted(int(name) for name in machine.names(GENERATIONS) if name.isdigit())


def manifest_of(machine: Machine, generation: int) -> tuple[dict[str, Any], str]:
    """The manifest of a generation and its digest. Raises ``ValueError`` when it cannot be read."""
    data = machine.read(f"{GENERATIONS}/{generation}/manifest.json")
    if data is None:
        raise ValueError("there is no manifest.json")
    manifest = loads(data)
    if not isinstance(manifest, dict) or not NOTHING.keys() <= manifest.keys():
        raise ValueError("manifest.json is not a manifest")
    return manifest, sha256(data)


def listing(machine: Machine, table: str) -> str | None:
    """Digest of the firewall table as the kernel has it, counters left out; None when it has none."""
    done = machine.run(["/usr/sbin/nft", "--stateless", "list", "table", "inet", table], change=False)
    return sha256(done.out.encode()) if done.code == 0 else None


def rules_digest(machine: Machine, firewall: dict[str, Any]) -> str:
    return sha256(machine.read(ACTIVE + "/" + firewall["rules"]) or b"")


def owned_links(machine: Machine) -> dict[str, str]:
    """Every link into the active generation in the folders where we put links, of any origin."""
    folders = list(_LINK_FOLDERS)
    folders += [
        f"/etc/systemd/system/{name}" for name in machine.names("/etc/systemd/system") if name.endswith(".wants")
    ]
    found = {}
    for folder in folders:
        for name in machine.names(folder):
            target = machine.link(f"{folder}/{name}")
            if target is not None and target.startswith(ACTIVE + "/") and not name.startswith("."):
                found[f"{folder}/{name}"] = target
    return found


def _generation(machine: Machine, seen: Observed) -> None:
    target = machine.link(ACTIVE)
    if target is None:
        return
    number = os.path.basename(target)
    if not number.isdigit():
        raise HostError(
            f"{ACTIVE} cannot be used",
            f"it leads to {target}, which is no generation",
            "make it lead to generations/<number> again",
        )
    seen.generation = int(number)
    try:
        seen.manifest, seen.manifest_digest = manifest_of(machine, seen.generation)
    except ValueError as error:
        seen.altered["manifest.json"] = str(error)
        return
    home = f"{GENERATIONS}/{seen.generation}"
    for file in seen.manifest["files"]:
        difference = _difference(machine, home + "/" + file["path"], file)
        if difference:
            seen.altered[file["path"]] = difference
    for package in seen.manifest["packages"]:
        for program in package["programs"]:
            if machine.link(f"{home}/bin/{program}") != program_target(package, program):
                seen.altered["bin/" + program] = "not the link that was laid"


def program_target(package: dict[str, Any], program: str) -> str:
    return f"../../../packages/{folder_of(package)}/bin/{program}"


def _difference(machine: Machine, path: str, wanted: dict[str, Any], content: str | None = None) -> str:
    """How a file differs from the manifest; empty when it does not."""
    found = machine.lstat(path)
    if found is None:
        return "missing"
    if not stat.S_ISREG(found.st_mode):
        return "not a file"
    if machine.read(path) != (wanted["content"] if content is None else content).encode():
        return "content"
    if stat.S_IMODE(found.st_mode) != wanted["mode"]:
        return f"mode {stat.S_IMODE(found.st_mode):04o}"
    if os.geteuid() == 0 and (found.st_uid, found.st_gid) != (
        machine.user(wanted["owner"]),
        machine.group(wanted["group"]),
    ):
        return f"owner {found.st_uid}:{found.st_gid}"
    return ""


def _secret(machine: Machine, secret: dict[str, Any], secrets: dict[str, str | None]) -> str:
    path = f"{SECRETS}/{secret['name']}"
    if machine.lstat(path) is None:
        return "-"
    content = secrets.get(secret["name"])
    if content is None and secret["name"] in secrets:
        return "other"
    if content is None:
        content = (machine.read(path) or b"").decode("utf-8", "surrogateescape")
        return "other" if _difference(machine, path, {**secret, "content": content}) not in ("", "content") else "well"
    return "other" if _difference(machine, path, secret, content) else "well"


def _at(machine: Machine, path: str) -> str:
    found = machine.lstat(path)
    if found is None:
        return "-"
    return machine.link(path) or "file"


def _firewall(machine: Machine, firewall: dict[str, Any]) -> str:
    if not machine.exists("/usr/sbin/nft"):
        return "-"
    now = listing(machine, firewall["table"])
    if now is None:
        return "-"
    noted = loads(machine.read(FIREWALL) or b"{}")
    if noted.get("listing") != now:
        return "altered"
    return "loaded" if noted.get("rules") == rules_digest(machine, firewall) else "old"


def _package(machine: Machine, folder: str, seen: Observed) -> None:
    altered = ""
    if machine.lstat(PACKAGES + "/" + folder) is not None:
        altered = altered_package(machine, folder)
        if not altered:
            return
        seen.altered_packages[folder] = altered
    seed = machine.lstat(SEEDS + "/" + folder) is not None and not altered_package(machine, folder, SEEDS)
    (seen.seeded_packages if seed else seen.missing_packages).append(folder)
