"""What manifests are made from besides the specification: the services' descriptors, the templates, copied files and
options of their roles, the packages' names, and the public part of the cluster's secrets.

Read once, here; the functions that make manifests get it as a value and read no file.
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
from dcos_installer.plan.values import FILTERS, NO_TRUST, Trust
from dcos_installer.services import Catalog, Service
from dcos_installer.services import load as load_services


class MaterialsMissing(InstallerError):
    """A role's files are not there, or a package for a machine's Python has not been built."""


@dataclass(frozen=True)
class RoleMaterials:
    """One role's templates, its options (defaults, without the role's prefix), the packages for each target, and the
    keys that the cluster's machines trust.
    """

    name: str
    options: Mapping[str, Any]
    packages: Mapping[Target, Sequence[Package]]
    _templates: Mapping[str, jinja2.Template]
    _files: Mapping[str, str]
    trust: Trust = NO_TRUST

    def render(self, template: str, **values: Any) -> str:
        """The text of a template in the role's ``templates/``; it can use ``options``. Undefined names raise."""
        return self._templates[template].render(options=self.options, **values)

    def render_text(self, text: str, **values: Any) -> str:
        """The same for a template in the descriptor itself."""
        return self._templates[text].render(options=self.options, **values) if text in self._templates else text

    def file(self, name: str) -> str:
        """The text of a file in the role's ``files/``, unchanged."""
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
    """All services, and their roles' materials."""

    services: Catalog
    roles: Mapping[str, RoleMaterials]
    packages: Mapping[Target, Sequence[Package]] = field(default_factory=dict)

    def role(self, name: str) -> RoleMaterials:
        return self.roles[name]

    def with_packages(self, packages: Mapping[Target, Sequence[Package]]) -> Materials:
        """The same materials, with the packages that a bundle holds."""
        roles = {name: replace(role, packages=packages) for name, role in self.roles.items()}
        return replace(self, roles=roles, packages=packages)

    def with_trust(self, trust: Trust | None) -> Materials:
        """The same materials, for a cluster with this CA and token key; None: they do not exist yet."""
        return replace(self, roles={name: replace(role, trust=trust or NO_TRUST) for name, role in self.roles.items()})

    def with_options(self, role: str, options: Mapping[str, Any]) -> Materials:
        """The same materials, with other options for one role. An unknown option raises `MaterialsMissing`."""
        known = self.roles[role]
        unknown = sorted(set(options) - set(known.options))
        if unknown:
            raise MaterialsMissing(
                f"the role {role} has no option {', '.join(unknown)}",
                why="its defaults/main.yml does not list that",
                hint=f"it has: {', '.join(sorted(known.options))}",
            )
        changed = replace(known, options={**known.options, **options})
        return replace(self, roles={**self.roles, role: changed})


def load(folder: Path | None = None) -> Materials:
    """Reads descriptors, templates and defaults of the roles in ``folder`` (the installer's own when None).

    Raises `MaterialsMissing`, `DescriptorsInvalid`.
    """
    folder = roles_dir() if folder is None else folder
    services = load_services(folder)
    if not services.services:
        raise MaterialsMissing(
            f"there is no role in {folder}",
            why="this installation of dcos is incomplete",
            hint="install dcos again, or restore the checkout",
        )
    return Materials(services, {service.name: _load_role(folder / service.name, service) for service in services})


def _load_role(home: Path, service: Service) -> RoleMaterials:
    texts = {path.name: path.read_text() for path in sorted((home / "templates").glob("*.j2"))}
    # Templates in the descriptor itself have their own text as their name.
    inline = [item.value for item in service.sysctls]
    inline += [text for need in service.requires for text in (need.path, need.package)]
    texts |= {text: text for text in inline if "{{" in text}
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(texts),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.filters.update(FILTERS)
    return RoleMaterials(
        name=service.name,
        options=_options(home / "defaults" / "main.yml", f"{service.name.replace('-', '_')}_"),
        packages={},
        _templates={name: environment.get_template(name) for name in texts},
        _files={file.copy_of: (home / "files" / file.copy_of).read_text() for file in service.files if file.copy_of},
    )


def _options(path: Path, prefix: str) -> dict[str, Any]:
    """The role's options with their defaults; none if it has no such file."""
    defaults = yaml.safe_load(path.read_text()) if path.exists() else None
    return {key.removeprefix(prefix): value for key, value in (defaults or {}).items()}
