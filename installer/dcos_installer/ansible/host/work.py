"""What has to be done to a machine: the difference between its state and its manifest. Pure, except `problems`, which
reads the machine.

Check reports `Work.changes`; apply carries the same `Work` out and reports the same list.
"""

from __future__ import annotations

from .machine import ACTIVE, SECRETS, Machine
from .observe import NOTHING, Observed, folder_of
from .systemd import FAILED, LOOPING, RUNNING, STOPPED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Work:
    """One machine's changes, as a list for people and as instructions."""

    def __init__(self) -> None:
        self.changes: list[dict[str, str]] = []
        self.new_generation = False
        self.users: list[dict[str, Any]] = []
        self.users_gone: list[str] = []
        self.secrets: list[dict[str, Any]] = []
        self.secrets_gone: list[str] = []
        self.links: dict[str, str] = {}
        self.links_gone: list[str] = []
        self.sysctls: list[dict[str, Any]] = []
        self.stops: list[str] = []
        self.daemon_reload = False
        self.acts: list[tuple[str, dict[str, Any]]] = []
        """(``start``, ``restart`` or ``reload``; the unit), in order."""

    def add(self, kind: str, name: str, action: str, why: str = "") -> None:
        self.changes.append({"kind": kind, "name": name, "action": action, "why": why})

    @property
    def unfinished(self) -> list[str]:
        """The steps that the next run has to repeat if this one is cut off."""
        return [unit["name"] for _, unit in self.acts]


def work_for(wanted: dict[str, Any], digest: str, seen: Observed) -> Work:
    """The work to get from ``seen`` to ``wanted``."""
    work = Work()
    had = seen.manifest
    for user in wanted["users"]:
        if seen.users[user["name"]] == "-":
            work.users.append(user)
            work.add("user", user["name"], "add")
    kept = {user["name"] for user in wanted["users"]}
    for name in sorted(seen.users):
        if name not in kept and seen.users[name] == "present":
            work.users_gone.append(name)
            work.add("user", name, "remove")
    changed = _packages(work, had, wanted, seen) | _files(work, had, wanted, seen) | _secrets(work, had, wanted, seen)
    work.new_generation = digest != seen.manifest_digest or bool(seen.altered)
    if work.new_generation and not work.changes:
        work.add("manifest", wanted["host"], "change", _manifest_difference(had, wanted))
    _links(work, wanted, seen)
    for item in wanted["sysctls"]:
        now = seen.sysctls[item["key"]]
        if now != item["value"]:
            work.sysctls.append(item)
            work.add("setting", item["key"], "set", f"{now or 'unset'} → {item['value']}")
    _units(work, had, wanted, seen, changed)
    return work


def problems(machine: Machine, wanted: dict[str, Any], seen: Observed, secrets: dict[str, str | None]) -> list[str]:
    """All reasons why ``wanted`` cannot be applied here. Changes nothing."""
    found = []
    if machine.real:
        for need in wanted["requires"]:
            if not machine.exists(need["path"]):
                found.append(f"{need['path']} is missing: install the package {need['package']}")
    for link in wanted["links"]:
        now = seen.links.get(link["path"], "-")
        if link["path"].startswith("/usr/local/bin/") and now != "-" and not now.startswith(ACTIVE + "/"):
            found.append(f"{link['path']} exists and is not ours: move it away")
    for secret in wanted["secrets"]:
        if secret["name"] not in secrets and seen.secrets[secret["name"]] == "-":
            found.append(f"the secret {secret['name']} is not on the host and was not sent")
    if seen.generation and _locked_out(machine, wanted, secrets):
        found.append(
            "ZooKeeper's password in the operator's zookeeper.json is another than the one that this host's daemons"
            " locked their data with, and that cannot be changed: restore zookeeper.json from a backup"
        )
    return found


def _locked_out(machine: Machine, wanted: dict[str, Any], secrets: dict[str, str | None]) -> bool:
    """Whether the password of ZooKeeper would change in all files that hold it. A single file that differs was altered
    on this machine, and is corrected.
    """
    here, brought = [], set()
    for name in (secret["name"] for secret in wanted["secrets"] if secret["name"].startswith("zk-")):
        here.append(_credentials(machine.text(f"{SECRETS}/{name}")))
        brought.add(_credentials(secrets.get(name) or ""))
    return len(here) > 1 and len(set(here)) == 1 and "" not in (*here, *brought) and not brought & set(here)


def _credentials(url: str) -> str:
    """The credentials in ``zk://USER:PASSWORD@HOSTS/PATH``."""
    credentials, at, _ = url.partition("://")[2].partition("@")
    return credentials if at else ""


def _packages(work: Work, had: dict[str, Any], wanted: dict[str, Any], seen: Observed) -> set[str]:
    old = {package["name"]: package for package in had["packages"]}
    new = {package["name"]: package for package in wanted["packages"]}
    missing = dict.fromkeys([*seen.missing_packages, *seen.seeded_packages], "")
    altered = {**seen.mended_packages, **missing, **seen.altered_packages}
    changed = set()
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) == new.get(name) and folder_of(new[name]) in altered:
            changed.add("package:" + name)
            what = altered[folder_of(new[name])]
            work.add(
                "package",
                name,
                "mend",
                "altered on the host: " + what if what else "missing on the host: uploaded again",
            )
        elif old.get(name) != new.get(name):
            changed.add("package:" + name)
            before, after = old.get(name), new.get(name)
            if after is None:
                work.add("package", name, "remove")
            elif before is None:
                work.add("package", name, "add", folder_of(after))
            else:
                work.add("package", name, "change", f"{folder_of(before)} → {folder_of(after)}")
    return changed


def _files(work: Work, had: dict[str, Any], wanted: dict[str, Any], seen: Observed) -> set[str]:
    old = {file["path"]: file for file in had["files"]}
    new = {file["path"]: file for file in wanted["files"]}
    changed = set()
    for path in sorted(old.keys() | new.keys() | seen.altered.keys()):
        if old.get(path) != new.get(path):
            action = "remove" if path not in new else "change" if path in old else "add"
            work.add("file", path, action)
        elif path in seen.altered:
            work.add("file", path, "mend", "altered on the host: " + seen.altered[path])
        else:
            continue
        changed.add(path)
    return changed


def _secrets(work: Work, had: dict[str, Any], wanted: dict[str, Any], seen: Observed) -> set[str]:
    changed = set()
    for secret in wanted["secrets"]:
        state = seen.secrets[secret["name"]]
        if state != "well":
            work.secrets.append(secret)
            work.add("secret", secret["name"], "add" if state == "-" else "change")
            changed.add("secret:" + secret["name"])
    kept = {secret["name"] for secret in wanted["secrets"]}
    for secret in had["secrets"]:
        if secret["name"] not in kept and seen.secrets.get(secret["name"], "-") != "-":
            work.secrets_gone.append(secret["name"])
            work.add("secret", secret["name"], "remove")
    return changed


def _manifest_difference(had: dict[str, Any], wanted: dict[str, Any]) -> str:
    if had is NOTHING:
        return "first generation"
    return ", ".join(key for key in sorted(wanted.keys() | had.keys()) if wanted.get(key) != had.get(key))


def _links(work: Work, wanted: dict[str, Any], seen: Observed) -> None:
    kept = {link["path"]: link["target"] for link in wanted["links"]}
    for path, target in sorted(kept.items()):
        now = seen.links.get(path, "-")
        if now != target:
            work.links[path] = target
            work.add("link", path, "add" if now == "-" else "change", "" if now == "-" else f"was {now}")
    for path, now in sorted(seen.links.items()):
        from_image = seen.has_image_users and path.startswith("/usr/local/bin/")
        if path not in kept and now.startswith(ACTIVE + "/") and not from_image:
            work.links_gone.append(path)
            work.add("link", path, "remove")


def _units(work: Work, had: dict[str, Any], wanted: dict[str, Any], seen: Observed, changed: set[str]) -> None:
    names = {unit["name"] for unit in wanted["units"]}
    texts = any(name.startswith("units/") for name in changed)
    # A new generation's unit files have a new time, so systemd has to read even unchanged ones again.
    work.daemon_reload = bool(work.new_generation or texts or work.links or work.links_gone or seen.pending)
    known = list(dict.fromkeys([*(unit["name"] for unit in had["units"]), *seen.units]))
    for name in reversed(known):
        if name not in names and seen.units[name] != STOPPED:
            work.stops.append(name)
            work.add("unit", name, "stop", "no longer wanted")
    for unit in wanted["units"]:
        text = "units/" + unit["name"]
        reasons = [name + " changed" for name in (text, *unit["reads"]) if name in changed]
        if unit["name"] in seen.pending:
            reasons.append("an earlier run was cut off")
        firewall = wanted["firewall"] if wanted["firewall"] and wanted["firewall"]["unit"] == unit["name"] else None
        if firewall and seen.firewall in ("-", "altered"):
            reasons.append("the table is gone" if seen.firewall == "-" else "the table was altered")
        elif firewall and seen.firewall == "old" and not reasons:
            reasons.append("the table was loaded from other rules")
        state = seen.units[unit["name"]]
        if state == LOOPING:
            # A start would only wait for systemd's own next attempt.
            work.acts.append(("restart", unit))
            work.add("unit", unit["name"], "restart", ", ".join(["it does not stay up", *reasons]))
        elif state != RUNNING:
            new = unit not in had["units"] and state == STOPPED
            why = "" if new else "it failed" if state == FAILED else "it is stopped"
            work.acts.append(("start", unit))
            work.add("unit", unit["name"], "start", why)
        elif reasons:
            action = "restart" if text in changed else unit["on_change"]
            work.acts.append((action, unit))
            work.add("unit", unit["name"], action, ", ".join(reasons))
