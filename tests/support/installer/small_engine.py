"""The real engine for hosts that are folders of this machine: with a package that takes no time, and fewer checks."""

from __future__ import annotations

from collections.abc import Callable, Collection

from dcos_installer.bundle import runtime
from dcos_installer.bundle.archive import Built, keep, pack
from dcos_installer.config.model import ClusterSpec
from dcos_installer.engine import AnsibleEngine
from dcos_installer.phases.kit.base import Context
from dcos_installer.phases.kit.engine import Bundle
from dcos_installer.phases.validate_facts import ValidateFacts
from dcos_installer.plan.facts import Target


class SmallBundle(AnsibleEngine):
    """The engine with a package that takes no time to build: the bundle has tests of its own."""

    def bundle(self, spec: ClusterSpec, targets: Collection[Target], note: Callable[[str], None]) -> Bundle:
        return {target: self._built(target) for target in targets}

    def _built(self, target: Target) -> Built:
        home = self._state.root / "bundle"
        for program in runtime.programs():
            place = home / "tree" / "bin" / program
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("#!/bin/sh\n")
            place.chmod(0o755)
        return keep(
            home,
            "inputs",
            pack(home / "tree"),
            name=runtime.NAME,
            version="1",
            programs=tuple(runtime.programs()),
            target=target,
            compiled=True,
        )


class Preflight(ValidateFacts):
    """Without the checks of what folders share with this machine: its addresses, its machine id."""

    def run(self, ctx: Context) -> None:
        assert all(facts.python and facts.arch for facts in ctx.facts.values())
