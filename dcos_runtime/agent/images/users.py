"""The user of an image, ``USER[:GROUP]`` by name or number, looked up in the image's own /etc/passwd and /etc/group."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.agent.images.tree import Tree

LARGEST_FILE = 4 << 20
LAST_ID = (1 << 32) - 2
_PASSWD_FIELDS, _GROUP_FIELDS = 7, 4


def resolve(layers: Sequence[Path], text: str) -> ContainerUser:
    """Raises `ImageError` and ``OSError``."""
    tree = Tree(layers[0], layers[1:])
    return of(text, tree.read(("etc", "passwd"), LARGEST_FILE), tree.read(("etc", "group"), LARGEST_FILE))


def of(text: str, passwd: str, group: str) -> ContainerUser:
    """Pure. ``passwd`` and ``group``: the files' content, empty where there are none. Raises `ImageError`."""
    user, colon, group_text = text.partition(":")
    users, groups = _rows(passwd, _PASSWD_FIELDS), _rows(group, _GROUP_FIELDS)
    number = _number(user)
    row = next((one for one in users if one[0] == user or (number is not None and _number(one[2]) == number)), None)
    if row is None and number is None:
        raise ImageError(f"the image runs as {user[:80]!r}, and its /etc/passwd has no such user")
    uid = number if row is None else _number(row[2])
    gid = 0 if row is None else _number(row[3])
    name = user if row is None else row[0]
    if colon and group_text:
        gid = _number(group_text)
        if gid is None:
            gid = next((_number(one[2]) for one in groups if one[0] == group_text), None)
    if uid is None or gid is None:
        raise ImageError(f"the image runs as {text[:80]!r}, and its /etc/passwd and /etc/group do not say who that is")
    member_of = {_number(one[2]) for one in groups if name in one[3].split(",")} if not group_text else set()
    others = sorted(one for one in member_of | {gid} if one is not None)
    return ContainerUser(name, uid, gid, tuple(others), "/" if row is None else row[5] or "/")


def _rows(content: str, fields: int) -> list[list[str]]:
    rows = [line.split(":") for line in content.splitlines()]
    return [row for row in rows if len(row) == fields]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= LAST_ID else None
