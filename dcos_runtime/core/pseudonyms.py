"""Pseudonyms for what a recording must not tell: as long as the secret, the same for the same, of no use to anybody."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import msgspec

from dcos_runtime.wire import codec

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_LAST = {1: "AEIMQUYcgkosw048", 2: "AQgw"}
"""What base64 may end with, by the number of ``=`` behind it: the bits that are over are 0."""

_CREDENTIALS = re.compile(r"(?<=//)[^/?#]*(?=@)|(?<=\?).*", re.DOTALL)
_SECRET = frozenset({"secret", "password", "credential", "credentials", "token"})
_REMEMBERED = 512
_SHORT = '"\\\b\t\n\f\r'
_CONTROL = "".join(chr(number) for number in range(1, 0x20) if chr(number) not in _SHORT)


class Pseudonyms:
    """``key`` is random, of one recording, and kept nowhere: without it no secret can be tried."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._messages: dict[bytes, bytes] = {}

    def of(self, secret: str) -> str:
        """Letters and digits instead, as many as there were characters; for any other than these one that takes as much
        room in UTF-8 and in JSON, since sizes are decided on. NUL stays: that one decides something.
        """
        if not secret:
            return secret
        made = hashlib.shake_256(self._key + secret.encode("utf-8", "surrogatepass")).digest(len(secret))
        return "".join(map(_instead, secret, made))

    def message(self, data: bytes) -> bytes:
        """A message with TaskInfos or CommandInfos in it, JSON, with pseudonyms for all that may be a secret there:
        commands, environment variables, opaque data, credentials, and what URIs hold of these."""
        found = self._messages.get(data)
        if found is None:
            if len(self._messages) >= _REMEMBERED:
                self._messages.clear()
            found = self._messages[data] = self._hidden(data)
        return found

    def _hidden(self, data: bytes) -> bytes:
        try:
            document = msgspec.json.decode(data, strict=False)
        except (msgspec.DecodeError, RecursionError):
            return b"?" * len(data)  # nobody can read it, and it may hold anything
        return codec.encode(self._walk(document))

    def _walk(self, value: Any, name: str = "") -> Any:
        if isinstance(value, list):
            return [self._walk(item, name) for item in value]
        if not isinstance(value, dict):
            return value
        hidden = {key: self._walk(item, key) for key, item in value.items()}
        for key in _SECRET & hidden.keys():
            hidden[key] = self._all(value[key])
        if name in ("command", "shell_command"):
            _change(hidden, "value", self.of)
            arguments = hidden.get("arguments")
            if isinstance(arguments, list):
                hidden["arguments"] = [self.of(item) if isinstance(item, str) else item for item in arguments]
        elif name == "variables":
            _change(hidden, "value", self.of)
        elif name == "uris":
            _change(hidden, "value", self.uri)
        _change(hidden, "data", self.base64)
        return hidden

    def _all(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.base64(value)
        if isinstance(value, list):
            return [self._all(item) for item in value]
        if isinstance(value, dict):
            return {key: item if key == "type" else self._all(item) for key, item in value.items()}
        return value

    def base64(self, text: str) -> str:
        """Still base64 if it was, and as an encoder would write it: it may be decoded and encoded again."""
        bare = text.rstrip("=")
        made, padding = self.of(bare), text[len(bare) :]
        if (last := _LAST.get(len(padding))) is not None and made:
            made = made[:-1] + last[ord(made[-1]) % len(last)]
        return made + padding

    def uri(self, text: str) -> str:
        """Its credentials and its query only."""
        return _CREDENTIALS.sub(lambda match: self.of(match.group()), text)


def _change(values: dict[str, Any], name: str, change: Callable[[str], str]) -> None:
    value = values.get(name)
    if isinstance(value, str):
        values[name] = change(value)


def _instead(letter: str, byte: int) -> str:
    number = ord(letter)
    if letter == "\0":
        return letter
    if letter in _SHORT:
        return _SHORT[byte % len(_SHORT)]
    if number < 0x20:
        return _CONTROL[byte % len(_CONTROL)]
    if number < 0x80:
        return _LETTERS[byte % len(_LETTERS)]
    return chr((0xC0 + byte % 64) if number < 0x800 else (0x4E00 + byte) if number < 0x10000 else (0x1F300 + byte))
