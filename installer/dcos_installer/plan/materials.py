"""What manifests are made from besides the specification: the roles' templates and options, the packages' names, and
what is public of the cluster's secrets.

Read once, here; the functions that make manifests get it as a value and touch no file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jinja2
import yaml

from dcos_installer.data import roles_dir
from dcos_installer.errors import InstallerError
from dcos_installer.plan.facts import Target
from dcos_installer.plan.manifest import Package

ROLES = ("common", "zookeeper", "master", "marathon", "auth", "gateway", "agent")
"""In the order in which their units start on a host that has several."""


class MaterialsMissing(InstallerError):
    """A role's files are not there, or a package for a machine's Python has not been built."""


@dataclass(frozen=True)
class Trust:
    """What is public of the cluster's secrets, as PEM: the CA's certificate, and the key that tokens are held to."""

    ca: str
    token_key: str


NO_TRUST = Trust(ca="# made by the first deploy\n", token_key="# made by the first deploy\n")
"""Stands in the plan of a cluster whose secrets are yet to be made."""


@dataclass(frozen=True)
class RoleMaterials:
    """One role's templates, its options (defaults, without the role's prefix), the packages for each target, and whom
    the cluster's machines trust.
    """

    name: str
    options: Mapping[str, Any]
    packages: Mapping[Target, Sequence[Package]]
    _templates: Mapping[str, jinja2.Template]
    _files: Mapping[str, str]
    trust: Trust = NO_TRUST

    def render(self, template: str, **values: Any) -> str:
        """The text of a template in the role's ``templates/``; ``options`` is known in it. Undefined names raise."""
        return self._templates[template].render(options=self.options, **values)

    def file(self, name: str) -> str:
        """The text of a file in the role's ``files/``, as it stands."""
        return self._files[name]

    def package(self, target: Target, name: str) -> Package:
        """The package ``name`` for ``target``. Raises `MaterialsMissing`."""
        for package in self.packages.get(target, ()):
            if package.name == name:
                return package
        raise MaterialsMissing(
            f"there is no package {name} for {target}",
            why="the bundle was built for other machines",
            hint="build the bundle for this target first (bundle.build does)",
        )


@dataclass(frozen=True)
class Materials:
    """All roles' materials."""

    roles: Mapping[str, RoleMaterials]
    packages: Mapping[Target, Sequence[Package]] = field(default_factory=dict)

    def role(self, name: str) -> RoleMaterials:
        return self.roles[name]

    def with_packages(self, packages: Mapping[Target, Sequence[Package]]) -> Materials:
        """The same materials, with the packages that a bundle holds."""
        return Materials(
            roles={name: replace(role, packages=packages) for name, role in self.roles.items()}, packages=packages
        )

    def with_trust(self, trust: Trust | None) -> Materials:
        """The same materials, for a cluster with this CA and token key; None: they are yet to be made."""
        return replace(self, roles={name: replace(role, trust=trust or NO_TRUST) for name, role in self.roles.items()})

    def with_options(self, role: str, options: Mapping[str, Any]) -> Materials:
        """The same materials, with other options for one role. An unknown option raises `MaterialsMissing`."""
        known = self.roles[role]
        unknown = sorted(set(options) - set(known.options))
        if unknown:
            raise MaterialsMissing(
                f"the role {role} has no option {', '.join(unknown)}",
                hint=f"it has: {', '.join(sorted(known.options))}",
            )
        changed = replace(known, options={**known.options, **options})
        return replace(self, roles={**self.roles, role: changed})


def load(folder: Path | None = None) -> Materials:
    """Reads the roles' templates and defaults from ``folder`` (the installer's own when None)."""
    folder = roles_dir() if folder is None else folder
    return Materials(roles={name: _load_role(folder, name) for name in ROLES})


def _load_role(folder: Path, name: str) -> RoleMaterials:
    home = folder / name
    if not home.is_dir():
        raise MaterialsMissing(f"{home} is missing", hint="install dcos again, or restore the checkout")
    files = sorted((home / "templates").glob("*.j2"))
    environment = jinja2.Environment(
        loader=jinja2.DictLoader({path.name: path.read_text() for path in files}),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.filters.update(env=env_quoted, secs=seconds)
    defaults = yaml.safe_load((home / "defaults" / "main.yml").read_text()) or {}
    return RoleMaterials(
        name=name,
        options={key.removeprefix(f"{name}_"): value for key, value in defaults.items()},
        packages={},
        _templates={path.name: environment.get_template(path.name) for path in files},
        _files={path.name: path.read_text() for path in sorted((home / "files").glob("*"))},
    )


def env_quoted(value: object) -> str:
    """A value as it stands in a file that systemd reads as ``EnvironmentFile=``. Raises ``ValueError`` on line ends."""
    text = str(value)
    if "\n" in text or "\x00" in text:
        raise ValueError(f"an environment variable holds no line ends: {text!r}")
    for special in ("\\", '"', "$", "`"):
        text = text.replace(special, "\\" + special)
    return f'"{text}"'


def seconds(value: float) -> str:
    """A duration as Mesos' flags take it: ``15secs``."""
    return f"{value:.9f}".rstrip("0").rstrip(".") + "secs"
