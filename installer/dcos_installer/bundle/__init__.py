"""The runtime bundle: content-addressed packages, built once for each kind of machine, brought where they are missing.

`build` makes or finds the package for a `plan.facts.Target`; `upload` brings packages to hosts. The installer's phases
and the roles' play use both; nothing here knows what a manifest is.
"""

from __future__ import annotations

from dcos_installer.bundle.archive import Built
from dcos_installer.bundle.runtime import build, find
from dcos_installer.bundle.upload import upload

__all__ = ["Built", "build", "find", "upload"]
