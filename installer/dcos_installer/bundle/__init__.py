"""The runtime bundle: content-addressed packages, built once for each kind of machine, uploaded where they are missing.

`build` builds or finds the package for a `plan.facts.Target`; `upload` uploads packages to hosts. The installer's
phases and the roles' play use both; nothing here depends on manifests.
"""

from __future__ import annotations

from dcos_installer.bundle.archive import Built
from dcos_installer.bundle.runtime import build, find
from dcos_installer.bundle.upload import upload

__all__ = ["Built", "build", "find", "upload"]
