"""JSON and sha256 without the imports of their usual modules: `re` and OpenSSL take longer than a whole check.

The same C code does the work; in a Python without these internals the usual modules are used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def sha256(data: bytes) -> str:
    """The digest in hex."""
    try:
        from _sha2 import sha256 as algorithm  # type: ignore[import-not-found,unused-ignore]  # where this Python has it
    except ImportError:
        try:
            from _sha256 import sha256 as algorithm  # type: ignore[import-not-found,no-redef,unused-ignore]  # where this Python has it
        except ImportError:
            from hashlib import sha256 as algorithm  # type: ignore[no-redef,unused-ignore]  # where this Python has it
    digest: str = algorithm(data).hexdigest()
    return digest


def loads(data: bytes) -> Any:
    """The value of ``data``, JSON in UTF-8. Raises ``ValueError``."""
    text = data.decode()
    try:
        from _json import make_scanner  # type: ignore[import-not-found,unused-ignore]  # where this Python has it

        scan = make_scanner(_Plain)  # type: ignore[arg-type,unused-ignore]  # where this Python has it
    except (ImportError, AttributeError, TypeError):
        import json

        return json.loads(text)
    try:
        value, end = scan(text.strip(), 0)
    except StopIteration:
        raise ValueError("this is no JSON") from None
    if end != len(text.strip()):
        raise ValueError("there is more after the JSON")
    return value


def dumps(value: Any) -> str:
    """``value`` as JSON in ASCII; keys of objects sorted, so that equal values have equal texts."""
    try:
        from _json import encode_basestring_ascii as quoted  # type: ignore[import-not-found,unused-ignore]  # where this Python has it
    except ImportError:
        from json.encoder import py_encode_basestring_ascii as quoted  # type: ignore[attr-defined,no-redef,unused-ignore]  # where this Python has it
    return _text(value, quoted)


class _Plain:
    """The attributes that the scanner needs of its decoder."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = None
    memo: dict[str, str] = {}


def _text(value: Any, quoted: Any) -> str:
    if isinstance(value, str):
        return str(quoted(value))
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join([_text(item, quoted) for item in value]) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join([f"{quoted(key)}: {_text(value[key], quoted)}" for key in sorted(value)]) + "}"
    raise TypeError(f"{type(value).__name__} has no place in an answer")
