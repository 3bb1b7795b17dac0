"""Where in ZooKeeper a key is: ``<path>/<folder>/<rest, quoted>`` is ``folder/rest``, and the other way round."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote, unquote

from dcos_runtime.store import StoreError


@dataclass(frozen=True)
class Layout:
    """``loose``: the folder of keys without a slash; None: there are none. ``own``: names at ``path`` that no key has.

    ``safe``: characters that need not be quoted, as they are there already.
    """

    path: str
    loose: str | None = None
    own: frozenset[str] = frozenset()
    safe: str = ""

    def node(self, key: str) -> str:
        """Raises ``StoreError`` for what cannot be a key."""
        folder, slash, rest = key.partition("/")
        if not slash and self.loose is not None:
            return f"{self.path}/{self.loose}/{quoted(key, self.safe)}"
        if folder in ("", self.loose, ".", "..", *self.own) or not rest:
            raise StoreError(f"{key!r} cannot be a key")
        return f"{self.path}/{quote(folder, safe='')}/{quoted(rest, self.safe)}"

    def folder(self, name: str) -> str:
        """The node that holds all keys of a folder, by its name in ZooKeeper."""
        return f"{self.path}/{name}"

    def key(self, folder: str, name: str) -> str:
        """Of a node, by its name and that of its folder."""
        return unquote(name) if folder == self.loose else f"{unquote(folder)}/{unquote(name)}"

    def key_at(self, node: str) -> str | None:
        """Of the node at this path; None when it is no key's."""
        folder, slash, name = node.removeprefix(f"{self.path}/").partition("/")
        return self.key(folder, name) if slash and node.startswith(f"{self.path}/") else None

    def may_hold(self, folder: str, prefixes: Collection[str]) -> bool:
        """Whether keys with one of ``prefixes`` may be in the folder of this name."""
        if folder in self.own:
            return False
        if folder == self.loose:
            return any("/" not in prefix for prefix in prefixes)
        start = f"{unquote(folder)}/"
        return any(start.startswith(prefix) or prefix.startswith(start) for prefix in prefixes)

    def only_folders(self, prefixes: Collection[str]) -> list[str] | None:
        """The folders that hold all of ``prefixes``; None when any folder may."""
        if not all("/" in prefix for prefix in prefixes):
            return None
        return sorted({quote(prefix.partition("/")[0], safe="") for prefix in prefixes})


def quoted(text: str, safe: str = "") -> str:
    """One node name: no slash, and never ``.`` or ``..``, which ZooKeeper refuses."""
    name = quote(text, safe=safe)
    return name.replace(".", "%2E") if name in (".", "..") else name
