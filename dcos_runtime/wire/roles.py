"""Names of roles, and the tree that they make. The texts are Mesos'; that names have a largest size is ours."""

from __future__ import annotations

MAX_COMPONENTS = 32
MAX_BYTES = 512
"""Of a role's name, in UTF-8. Each ancestor of a role is kept, shown and walked through by itself: without a bound one
name costs as much as the square of its length."""

_SHOWN = 64


def role_error(name: str) -> str | None:
    """Why no role can have this name. Asked wherever a name comes in: the rest takes names for short."""
    if name == "*":
        return None
    if error := _too_large(name):
        return error
    if name.startswith("/"):
        return f"Role '{name}' cannot start with a slash"
    if name.endswith("/"):
        return f"Role '{name}' cannot end with a slash"
    if "//" in name:
        return f"Role '{name}' cannot contain two adjacent slashes"
    if not name:
        return "Role names cannot be the empty string"
    for component in name.split("/"):
        if component in (".", "..", "*"):
            return f"Role '{name}' cannot include '{component}' as a component"
        if component.startswith("-"):
            return f"Role component '{component}' is invalid because it starts with a dash"
        if any(character in "\t\n\v\f\r \x7f" for character in component):
            return f"Role component '{component}' is invalid because it contains backspace or whitespace"
    return None


def _too_large(name: str) -> str | None:
    size, components = len(name.encode(errors="surrogatepass")), name.count("/") + 1
    if size <= MAX_BYTES and components <= MAX_COMPONENTS:
        return None
    shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    if size > MAX_BYTES:
        return f"Role '{shown}' has {size} bytes, and may have {MAX_BYTES}"
    return f"Role '{shown}' has {components} components, and may have {MAX_COMPONENTS}"


def allocation_error(name: str) -> str | None:
    """Why nothing is allocated to a role of this name. Whether there is such a role is another question."""
    return _too_large(name)


def lineage(role: str) -> list[str]:
    """The role and its ancestors, itself first."""
    nodes = [role]
    while "/" in role:
        role = role.rpartition("/")[0]
        nodes.append(role)
    return nodes


def within(role: str, ancestor: str) -> bool:
    """``role`` is ``ancestor``, or below it."""
    return role == ancestor or role.startswith(ancestor + "/")
