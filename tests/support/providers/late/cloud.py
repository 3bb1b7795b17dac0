"""A cloud in a folder: it makes one machine for each token, shows it some time later, and gives it an address at its
boot.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.support.providers.furnished import furnish


class CloudError(Exception):
    """A refusal of the cloud."""


@dataclass(frozen=True)
class Instance:
    """A machine of the cloud. ``hidden`` is in how many looks it will not appear yet."""

    id: str
    cluster: str
    name: str
    token: str
    flavour: str
    power: str = "pending"
    """``pending``, ``running``, ``stopped`` or ``removing``."""
    address: str = ""
    hidden: int = 3


class Cloud:
    """Machines by their marks. The requests are in ``asked``, a line for each call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._instances = folder / "instances"

    def root(self, one: Instance) -> Path:
        """The machine's file system."""
        return self.folder / "machines" / one.id

    def run(self, cluster: str, name: str, token: str, flavour: str) -> Instance:
        """A new machine; the existing one, if the token was used."""
        self._step(f"run {name}")
        if name in self._broken("create"):
            raise CloudError("no capacity")
        for one in self._all():
            if one.token == token and one.power != "removing":
                return one
        number = len(self._asked("made")) + 1
        one = Instance(f"i-{number:04}", cluster, name, token, flavour)
        self._tell(f"made {one.id} {name}")
        self._put(one)
        self._step(f"ran {name}")
        return one

    def describe(self, cluster: str) -> list[Instance]:
        """The cluster's visible machines. Time passes with every look: pending ones start to run."""
        found = []
        for one in self._all():
            if one.cluster != cluster:
                continue
            if one.hidden:
                self._put(replace(one, hidden=one.hidden - 1))
                continue
            found.append(one)
            self._put(self._later(one))
        return found

    def of(self, cluster: str) -> list[Instance]:
        """Everything of the cluster, visible or not."""
        return [one for one in self._all() if one.cluster == cluster]

    def switch(self, one: Instance, power: str) -> None:
        self._step(f"{power} {one.name}")
        if power == "pending":
            (self.root(one) / "boot_id").unlink(missing_ok=True)
        self._put(replace(one, power=power))

    def move(self, one: Instance, address: str) -> None:
        self._put(replace(one, address=address))

    def remove(self, one: Instance) -> None:
        """Takes two calls of the cloud: the machine, then its disk. A stop between them is possible."""
        self._put(replace(one, power="removing"))
        self._step(f"remove {one.name}")
        if one.name in self._broken("remove"):
            raise CloudError("its disk is in use")
        shutil.rmtree(self.root(one), ignore_errors=True)
        self._instance(one.id).unlink(missing_ok=True)
        self._step(f"removed {one.name}")

    def break_(self, **what: list[str]) -> None:
        """From now on these calls fail for these machines."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "broken.json").write_text(json.dumps(what))

    def made(self) -> list[str]:
        """The names of all machines that were ever made, in order."""
        return [line.split()[2] for line in self._asked("made")]

    def _later(self, one: Instance) -> Instance:
        if one.power != "pending":
            return one
        root = self.root(one)
        furnish(root, one.name, unified=False)
        unreachable = one.name in self._broken("address")
        return replace(one, power="running", address="" if unreachable else f"198.19.77.{100 + int(one.id[2:])}")

    def _all(self) -> Iterator[Instance]:
        for path in sorted(self._instances.glob("i-*.json")):
            yield Instance(**json.loads(path.read_text()))

    def _put(self, one: Instance) -> None:
        self._instances.mkdir(parents=True, exist_ok=True)
        new = self._instances / f".{one.id}"
        new.write_text(json.dumps(asdict(one)))
        new.replace(self._instance(one.id))

    def _instance(self, id: str) -> Path:
        return self._instances / f"{id}.json"

    def _broken(self, what: str) -> list[str]:
        try:
            found: dict[str, list[str]] = json.loads((self.folder / "broken.json").read_text())
        except FileNotFoundError:
            return []
        return found.get(what, [])

    def _asked(self, what: str) -> list[str]:
        path = self.folder / "asked"
        return [line for line in path.read_text().splitlines() if line.startswith(what)] if path.exists() else []

    def _tell(self, what: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "asked").open("a") as file:
            file.write(f"{what}\n")

    def _step(self, what: str) -> None:
        """One effect outside of this process: it may be killed before or after it."""
        self._tell(what)
        try:
            left = int((self.folder / "kill").read_text())
        except FileNotFoundError:
            return
        (self.folder / "kill").write_text(str(left - 1))
        if left == 1:
            (self.folder / "kill").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
