"""Names of roles, and the tree that they make. The texts are Mesos'."""

from __future__ import annotations


def role_error(name: str) -> str | None:
    """Why no role can have this name."""
    if name == "*":
        return None
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
