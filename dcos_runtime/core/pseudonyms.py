"""Pseudonyms for secrets in a recording: they have the secret's length, are equal for equal secrets, and cannot be
reversed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import msgspec

from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.uris import unpacked_under_uris

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_TABLE = "".join(_LETTERS[byte % len(_LETTERS)] for byte in range(256)).encode()
_LAST = {1: "AEIMQUYcgkosw048", 2: "AQgw"}
"""The last characters of base64, by the number of ``=`` after them: unused bits are 0."""

_URI = re.compile(r"(?P<begin>(?:[A-Za-z][A-Za-z0-9+.-]*:)?[/\\]*)(?P<head>[^?#]*)(?P<tail>.*)", re.DOTALL)
_PIECE = re.compile(r"[^/\\?#]+")
_SECRET = frozenset(
    (
        *("secret", "password", "credential", "credentials", "token"),
        *("node_stage_secrets", "node_publish_secrets", "volume_context", "mount_flags"),
    )
)
"""Fields that are hidden as a whole. The last four tell a volume's plugin how it gets at the volume."""
_PAIRS = frozenset({"variables", "parameters", "parameter"})
"""Fields with environment variables, and with options of Docker and of volume drivers, which may set some. Their names
are recorded.
"""
_ADDRESS_JSON = re.compile(rb'(?<="webui_url":)("(?:[^"\\]|\\.)*")')
_ADDRESS_MSGPACK = re.compile(rb"\xa9webui_url(?:([\xa0-\xbf])|\xd9(.)|\xda(..)|\xdb(....))", re.DOTALL)
_REMEMBERED, _LONG = 512, 64 << 10
"""How many texts and messages are cached, since all tasks of an app share them; their total size is limited, too."""
_SHORT = '"\\\b\t\n\f\r'
_CONTROL = "".join(chr(number) for number in range(1, 0x20) if chr(number) not in _SHORT)
_SPECIAL = re.compile(r"[^ !#-\[\]-\x7f]")
"""Characters that are kept: a letter would have another size, or another meaning."""


class Pseudonyms:
    """``key`` is random for each recording, and not stored: without it nobody can check a guessed secret."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._messages: dict[bytes, bytes] = {}
        self._texts: dict[str, str] = {}

    def of(self, secret: str) -> str:
        """Letters and digits instead, one for each character. A character outside of ASCII gets one with the same size
        in UTF-8 and in JSON, because cores check sizes. NUL stays, because it has a meaning.
        """
        found = self._texts.get(secret)
        if found is None:
            if len(self._texts) >= _REMEMBERED or len(secret) > _LONG:
                self._texts.clear()
            found = self._texts[secret] = self._made(secret)
        return found

    def _made(self, secret: str) -> str:
        made = hashlib.shake_256(self._key + secret.encode("utf-8", "surrogatepass")).digest(len(secret))
        letters = made.translate(_TABLE).decode()
        if _SPECIAL.search(secret) is None:
            return letters
        parts: list[str] = []
        end = 0
        for match in _SPECIAL.finditer(secret):
            place = match.start()
            parts += (letters[end:place], _instead(match.group(), made[place]))
            end = place + 1
        return "".join((*parts, letters[end:]))

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
            document = _decoded(data)
            parts = [(document, "")]
            while parts:
                parts += self._hide(*parts.pop())
            return codec.encode(document)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return b"?" * len(data)  # it cannot be read, and may hold secrets

    def _hide(self, value: Any, name: str) -> list[tuple[Any, str]]:
        """Hides, in place, the field ``name`` of a decoded object, or the items of the list in it. Returns the parts
        of it that are still to be hidden, with their names.
        """
        if type(value) is list:
            return [(item, name) for item in value if type(item) is dict or type(item) is list]
        if type(value) is not dict:
            return []
        parts: list[tuple[Any, str]] = []
        for key, item in value.items():
            if key in _SECRET:
                value[key] = self._all(item)
            elif type(item) is dict or type(item) is list:
                parts.append((item, key))
            elif key == "data" and type(item) is str:
                value[key] = self.base64(item)
            elif key == "webui_url" and type(item) is str:
                value[key] = self.uri(item)
        if name in _PAIRS:
            _change(value, "value", self.of)
        elif name == "http":
            _change(value, "path", self.path)
        elif name == "discovery":
            _change(value, "name", self.of)
        elif name in ("command", "shell_command"):
            _change(value, "value", self.of)
            arguments = value.get("arguments")
            if isinstance(arguments, list):
                value["arguments"] = [self.of(item) if isinstance(item, str) else item for item in arguments]
        elif name == "uris":
            _change(value, "value", self.uri)
        return parts

    def _all(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.base64(value)
        if isinstance(value, list):
            return [self._all(item) for item in value]
        if isinstance(value, dict):
            return {key: item if key == "type" else self._all(item) for key, item in value.items()}
        return value

    def base64(self, text: str) -> str:
        """A valid base64 text for a valid one, in canonical form, since it may be decoded and encoded again."""
        bare = text.rstrip("=")
        made, padding = self.of(bare), text[len(bare) :]
        if (last := _LAST.get(len(padding))) is not None and made:
            made = made[:-1] + last[ord(made[-1]) % len(last)]
        return made + padding

    def uri(self, text: str, shortest: int = 0) -> str:
        """Hides what may be credentials in a URI, however malformed it is, its query and its fragment: all before the
        last @, and all from the first ? or # on. What stands between slashes is hidden piece by piece, and the name of
        an archive stays one: cores look at it. Pseudonyms have ``shortest`` characters at least: for cores that compare
        URIs and do not look at their sizes, nor at the names of archives.
        """
        match = _URI.fullmatch(text)
        assert match is not None
        begin, head, tail = match.groups()
        before, at, after = head.rpartition("@")
        if "@" in tail and ":" in head:  # a password with a ? or # in it
            before, at, after = head, "", ""
        hidden = begin + self._pieces(before, shortest) + at + after + self._pieces(tail, shortest)
        if shortest == 0 and unpacked_under_uris(text) and not unpacked_under_uris(hidden):
            for end in (len(text) - len(tail), len(text)):  # a file's name may have a ? or # in it
                name = text[:end].rstrip("/").rfind("/") + 1
                restored = hidden[:name] + text[name:end] + hidden[end:]
                if unpacked_under_uris(restored):
                    return restored
        return hidden

    def _pieces(self, text: str, shortest: int) -> str:
        return _PIECE.sub(lambda match: self.of(match.group().ljust(shortest)), text)

    def path(self, text: str) -> str:
        """An invalid path is refused, and quoted in the refusal: so it stays."""
        return "/" + self.of(text[1:]) if text.startswith("/") else text

    def addresses(self, data: bytes) -> bytes:
        """The same bytes without the secrets in each ``webui_url``, in JSON or msgpack."""
        if b"webui_url" not in data:
            return data
        data = _ADDRESS_JSON.sub(self._address, data)
        if data[:1] in (b"{", b"["):
            return data
        pieces: list[bytes] = []
        end = 0
        for match in _ADDRESS_MSGPACK.finditer(data):
            short, *others = match.groups()
            size = short[0] & 31 if short else int.from_bytes(next(one for one in others if one is not None), "big")
            try:
                text = data[match.end() : match.end() + size].decode()
            except UnicodeDecodeError:
                continue  # the end of a text, and what follows it
            if match.start() >= end:
                pieces += (data[end : match.end()], self.uri(text).encode())
                end = match.end() + size
        return b"".join((*pieces, data[end:]))

    def _address(self, match: re.Match[bytes]) -> bytes:
        """Our codec writes only necessary escapes: if the length differs, this is another text that looks similar."""
        try:
            hidden = codec.encode(self.uri(msgspec.json.decode(match[1], type=str)))
        except (msgspec.MsgspecError, UnicodeError):
            return match[1]
        return hidden if len(hidden) == len(match[1]) else match[1]

    def framework(self, info: FrameworkInfo) -> FrameworkInfo:
        """The same with its ``webui_url`` without secrets."""
        if not info.webui_url or (hidden := self.uri(info.webui_url)) == info.webui_url:
            return info
        return msgspec.structs.replace(info, webui_url=hidden)


def _decoded(data: bytes) -> Any:
    """JSON in any form. Numbers that are out of range stay texts: the cores do not look at them."""
    try:
        return msgspec.json.decode(data, strict=False)
    except msgspec.ValidationError:
        return json.loads(data, parse_int=_digits, parse_float=_digits)


def _digits(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


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
