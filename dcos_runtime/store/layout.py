"""Which node of ZooKeeper a key has: ``<path>/<folder>/<rest, quoted>`` for ``folder/rest``; and a node's key."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote, unquote

from dcos_runtime.store import StoreError


@dataclass(frozen=True)
class Layout:
    """``loose``: the folder for keys without a slash; None: such keys are refused. ``own``: names below ``path`` that
    are reserved, and never keys. ``safe``: characters that stay unquoted, because existing nodes have them so.
    """

    path: str
    loose: str | None = None
    own: frozenset[str] = frozenset()
    safe: str = ""

    def node(self, key: str) -> str:
        """The path of a key's node. Raises ``StoreError`` for a text that cannot be a key."""
        folder, slash, rest = key.partition("/")
        if not slash and self.loose is not None:
            return f"{self.path}/{self.loose}/{quoted(key, self.safe)}"
        if folder in ("", self.loose, ".", "..", *self.own) or not rest:
            raise StoreError(f"{key!r} cannot be a key")
        return f"{self.path}/{quote(folder, safe='')}/{quoted(rest, self.safe)}"

    def folder(self, name: str) -> str:
        """The path of the node that holds all keys of a folder; ``name`` is the folder's name in ZooKeeper."""
        return f"{self.path}/{name}"

    def key(self, folder: str, name: str) -> str:
        """The key of a node, by its name and the name of its folder."""
        return unquote(name) if folder == self.loose else f"{unquote(folder)}/{unquote(name)}"

    def key_at(self, node: str) -> str | None:
        """The key of the node at this path; None when it has none."""
        folder, slash, name = node.removeprefix(f"{self.path}/").partition("/")
        return self.key(folder, name) if slash and node.startswith(f"{self.path}/") else None

    def may_hold(self, folder: str, prefixes: Collection[str]) -> bool:
        """Whether the folder of this name may hold keys that begin with one of ``prefixes``."""
        if folder in self.own:
            return False
        if folder == self.loose:
            return any("/" not in prefix for prefix in prefixes)
        start = f"{unquote(folder)}/"
        return any(start.startswith(prefix) or prefix.startswith(start) for prefix in prefixes)

    def only_folders(self, prefixes: Collection[str]) -> list[str] | None:
        """The folders that hold every key with one of ``prefixes``; None if any folder may hold such keys."""
        if not all("/" in prefix for prefix in prefixes):
            return None
        return sorted({quote(prefix.partition("/")[0], safe="") for prefix in prefixes})


def quoted(text: str, safe: str = "") -> str:
    """The text as one node name: without a slash, and never ``.`` or ``..``, which ZooKeeper refuses."""
    name = quote(text, safe=safe)
    return name.replace(".", "%2E") if name in (".", "..") else name
