"""Permissions in ZooKeeper. With credentials everything belongs to our daemons alone; only the masters' folder may be
read by anybody.

ZooKeeper's permissions are per node, not inherited, and the nodes it makes itself are open to everybody. So the first
process with credentials closes these nodes, too, and the nodes of a cluster that had no credentials before. Each
function here may be interrupted anywhere and repeated: a folder is closed before its children are listed, so a stranger
can add none that would be missed.

An anonymous client can still read the public folder and the list of members (``/zookeeper/config``, which only the
super user can change), and ask whether a node exists (ZooKeeper wants no permission for that).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dcos_runtime.store import StoreError

_SYSTEM = ("/", "/zookeeper", "/zookeeper/quota")
_PIPELINE = 256


class AccessDenied(StoreError):
    """ZooKeeper denies this process a permission that it needs. Trying again does not help."""


@dataclass(frozen=True)
class Acls:
    """The ACLs of nodes. ``closed``: whether there are credentials, so that nodes can be closed."""

    private: Sequence[Any]
    public: Sequence[Any]
    closed: bool

    @classmethod
    def of(cls, credentials: str | None) -> Acls:
        """``credentials``: ``user:password``, or nothing for a tree open to all."""
        from kazoo import security

        if credentials is None:
            return cls(security.OPEN_ACL_UNSAFE, security.OPEN_ACL_UNSAFE, closed=False)
        user, _, password = credentials.partition(":")
        make: Any = security.make_digest_acl
        private = [make(user, password, all=True)]
        return cls(private, [*security.READ_ACL_UNSAFE, *private], closed=True)


def denied(error: Exception, url: object, has_credentials: bool) -> AccessDenied:
    """The error to raise for kazoo's ``NoAuthError`` and ``AuthFailedError``. ``url`` has to show no credentials."""
    if has_credentials:
        why = "what is there belongs to another user or password than this process was given"
        hint = "compare the user and password in its zk:// URL with those of the other masters"
    else:
        why = "it is closed to clients without credentials, and this process has none"
        hint = "write them into its URL: zk://user:password@host:port,…/path"
    return AccessDenied(f"ZooKeeper refuses access to {url} ({type(error).__name__}): {why}; {hint}")


# What follows blocks: it runs in a session's threads.


def close_system(client: Any, acls: Acls) -> None:
    """Closes what ZooKeeper made itself, so that nobody without credentials can create, write or delete anywhere."""
    if acls.closed:
        for path in _SYSTEM:
            _close(client, path, acls.private)


def make_folder(client: Any, path: str, acls: Acls, public: bool = False) -> None:
    """Makes ``path``, and closes it and the folders above it that are open to everybody."""
    from kazoo.exceptions import NoAuthError, NodeExistsError, NoNodeError

    parts = path.strip("/").split("/")
    ways = ["/" + "/".join(parts[: count + 1]) for count in range(len(parts))]
    for way in ways:
        wanted = acls.public if public and way == path else acls.private
        try:
            client.create(way, b"", acl=wanted)
            continue
        except NodeExistsError:
            pass
        except NoAuthError:  # ZooKeeper asks for permission before it looks whether the node is there
            if client.exists(way) is None:
                raise
        if not acls.closed:
            continue
        try:
            _close(client, way, wanted)
        except NoNodeError:
            client.create(way, b"", acl=wanted)
        except NoAuthError:
            if way == path:
                raise
            # A folder above of another owner; passing through it is enough.


def close_tree(client: Any, path: str, acls: Acls, public: bool = False) -> None:
    """Closes what is at and below ``path``, level by level."""
    if not acls.closed:
        return
    wanted = acls.public if public else acls.private
    level = [path]
    while level:
        _close_all(client, level, wanted)
        level = [f"{parent}/{child}" for parent in level for child in _children(client, parent)]


def is_closed(client: Any, path: str, acls: Acls) -> bool:
    return not acls.closed or _same(client.get_acls(path)[0], acls.private)


def _children(client: Any, path: str) -> list[str]:
    from kazoo.exceptions import NoNodeError

    try:
        return list(client.get_children(path))
    except NoNodeError:
        return []


def _close(client: Any, path: str, wanted: Sequence[Any]) -> None:
    if not _same(client.get_acls(path)[0], wanted):
        client.set_acls(path, wanted)


def _close_all(client: Any, paths: Sequence[str], wanted: Sequence[Any]) -> None:
    from kazoo.exceptions import NoNodeError

    for start in range(0, len(paths), _PIPELINE):
        part = paths[start : start + _PIPELINE]
        looks = [(path, client.get_acls_async(path)) for path in part]
        sets = []
        for path, look in looks:
            try:
                if not _same(look.get()[0], wanted):
                    sets.append(client.set_acls_async(path, wanted))
            except NoNodeError:  # it was removed since it was listed
                continue
        for done in sets:
            try:
                done.get()
            except NoNodeError:
                continue


def _same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return set(one) == set(other)
