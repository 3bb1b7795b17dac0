"""Finds dead code: definitions of the packages that no code in them uses, without tests."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("dcos_runtime", "installer/dcos_installer", "images/dcos_images", "universe/dcos_universe")
GENERATED = "Made by `python -m dcos_runtime.wire.generator`"

ALLOWED = {
    "cli.tree.CommandTree.format_commands": "click calls it",
    "daemon_client._NoRedirects.redirect_request": "urllib calls it",
    "declaration.DECLARATION": "`providers.registry` finds it",
    "data.data_root": "tests ask where the packages lie, in a checkout and in a wheel",
    "index.trusted._Updater._persist_file": "python-tuf calls it",
    "data.inventories_dir": "where the examples lie in a wheel, for packagers",
    "agent.fetching.sources._Response._read_next_chunk_size": "http.client calls it",
    "agent.fetching.sources._Response._read_and_discard_trailer": "http.client calls it",
    "agent.fetching.streams._Unpacked.readinto": "io calls it",
    "agent.fetching.streams._Unpacked.seekable": "io calls it",
    "flags.leading.plain_leader_flags": "for a new daemon with a leader: docs/leading.md",
    "host_verbs.BehindDashes.collect_usage_pieces": "click calls it",
    "host_verbs.BehindDashes.parse_args": "click calls it",
    "hosts.connection._Decide.missing_host_key": "paramiko calls it",
    "host.start.Sent.create_module": "importlib calls it",
    "host.start.Sent.exec_module": "importlib calls it",
    "services.descriptor.ServiceFile._one_source": "pydantic calls it",
    "ansible.action.dcos_host.ActionModule": "Ansible calls it",
    "inventory_variables.table": "tests.support.generated writes docs/inventory.md by it",
    "wire.base.Enum._missing_": "enum calls it",
    "wire.base.ExplicitUnknown._missing_": "the same",
    "wire.recordio.Decoder.clean": "tests of the codec ask whether a record is half read",
}
"""Definitions that are used without their name, by the end of their dotted names, with the reason."""

REGISTERED = {"command", "fixture", "group", "model_validator", "field_validator", "overload", "property_setter"}
"""Decorators that pass a function on to a caller."""


@dataclass(frozen=True)
class Definition:
    module: str
    name: str
    owner: str = ""
    """The class that it belongs to; empty for a definition of the module itself."""

    def __str__(self) -> str:
        return ".".join(part for part in (self.module, self.owner, self.name) if part)


def _module(root: Path, path: Path) -> str:
    return ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__")


def _sources(root: Path) -> Iterator[tuple[str, ast.Module, bool]]:
    """Each module, and whether it was written by hand: Mesos' messages all exist, whether we send them or not."""
    for package in PACKAGES:
        folder = root / package
        for path in sorted(folder.rglob("*.py")):
            text = path.read_text()
            yield _module(folder, path), ast.parse(text), GENERATED not in text[:1000]


def _registered(node: ast.AST) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any(ast.unparse(one).partition("(")[0].rpartition(".")[2] in REGISTERED for one in decorators)


def _definitions(module: str, body: list[ast.stmt], owner: str = "") -> Iterator[Definition]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not node.name.startswith("__") and not _registered(node):
                yield Definition(module, node.name, owner)
            if isinstance(node, ast.ClassDef):
                yield from _definitions(module, node.body, f"{owner}.{node.name}".strip("."))
        elif not owner and isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and not target.id.startswith("__"):
                    yield Definition(module, target.id)


class _Uses:
    """The places where names are read: in a module by themselves, imported from one, and after a dot."""

    def __init__(self) -> None:
        self.own: dict[str, set[str]] = defaultdict(set)
        self.imported: dict[str, set[str]] = defaultdict(set)
        self.after_dot: set[str] = set()
        self.behind: dict[str, set[str]] = defaultdict(set)
        """By the name in front of the dot."""
        self.texts: set[str] = set()
        """Names in texts: for `getattr`, in `__all__`."""
        self.called: dict[str, set[str]] = defaultdict(set)
        """The same, of one module."""
        self.entries: set[str] = set()
        """``module:name`` of pyproject.toml and of roles."""

    def look(self, module: str, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name, ctx=ast.Load()):
                    self.own[module].add(name)
                case ast.Attribute(value=value, attr=name):
                    self.after_dot.add(name)
                    front = value.id if isinstance(value, ast.Name) else getattr(value, "attr", "")
                    self.behind[front].add(name)
                case ast.keyword(arg=str(name)):
                    self.after_dot.add(name)
                case ast.MatchClass(kwd_attrs=names):
                    self.after_dot.update(names)
                case ast.ImportFrom(module=origin, names=names, level=level):
                    origin = ".".join([*module.split(".")[:-level], origin or ""]).strip(".") if level else origin or ""
                    for alias in names:
                        self.imported[origin].add(alias.name)
                        if alias.asname:
                            self.behind[alias.name] |= self.behind[alias.asname]
                case ast.Constant(value=str(text)) if re.fullmatch(r"[A-Za-z_][\w.:]*", text):
                    self.texts.update(re.split("[.:]", text))
                    self.called[module].update(re.split("[.:]", text))

    def has(self, one: Definition) -> bool:
        if one.owner:
            return one.name in self.after_dot or one.name in self.own[one.module] or one.name in self.texts
        if one.name in self.own[one.module] or one.name in self.imported[one.module]:
            return True
        packages = one.module.rsplit(".", 1)[0]
        if one.name in self.imported[packages]:  # by the imports of `__init__`
            return True
        if f"{one.module}:{one.name}" in self.entries or one.name in self.called[one.module]:
            return True
        return one.name in self.behind[one.module.rpartition(".")[2]] or one.name in self.behind["module"]


def unused(root: Path = ROOT) -> list[str]:
    trees = list(_sources(root))
    uses = _Uses()
    aliases: dict[str, set[str]] = defaultdict(set)
    for module, tree, _ in trees:
        uses.look(module, tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    if alias.asname:
                        aliases[alias.name.rpartition(".")[2]].add(alias.asname)
    for name, others in aliases.items():
        for other in others:
            uses.behind[name] |= uses.behind[other]
    for path in sorted((root / "roles").rglob("*.py")):
        uses.look(path.stem, ast.parse(path.read_text()))
    for path in [*(root / "roles").rglob("*"), root / "pyproject.toml"]:
        if path.is_file() and path.suffix in (".yml", ".py", ".j2", ".toml"):
            uses.entries.update(re.findall(r"[\w.]+:\w+", path.read_text()))
            uses.texts.update(re.findall(r"[A-Za-z_]\w*", path.read_text()))
    found = [
        str(one)
        for module, tree, by_hand in trees
        if by_hand
        for one in _definitions(module, tree.body)
        if not uses.has(one)
    ]
    return [name for name in found if not any(name.endswith("." + allowed) for allowed in ALLOWED)]


def main() -> int:
    found = unused()
    for name in found:
        print(f"unused: {name} is defined, and nothing in the packages uses it")
    print(f"unused: {len(found)} of what the packages define")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
