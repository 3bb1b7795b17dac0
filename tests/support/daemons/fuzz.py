"""Hostile requests, made from valid ones by a seeded source: the same seed makes the same requests."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

WAIT = 240.0

RAW = [
    *(
        "null",
        "true",
        "0",
        "-1",
        "[]",
        "{}",
        '""',
        "[null]",
        '{"":null}',
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-0.0",
    ),
    *("9" * 30, "9" * 400, "9" * 5000, "-" + "9" * 25, "9223372036854775807", "9223372036854775808", "1.5e308"),
    *("18446744073709551616", "1e-400", "01", "+1", ".5", "0x10", "1" + "0" * 4299, '"NaN"', '"Infinity"', '"-1"'),
    *(
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '"\\u0000"',
        '"\x00"',
        '"\x7f"',
        '"\\x"',
        '"é🚀"',
        '"../../etc/passwd"',
        '"%s%n"',
    ),
    *(
        "[" * 200 + "]" * 200,
        "[" * 100_000,
        '{"a":' * 5000 + "1" + "}" * 5000,
        '"' + "x" * 100_000 + '"',
        "{,}",
        "[1,]",
    ),
    *('{"value":{}}', '{"value":[]}', '{"type":{},null', '"TASK_RUNNING"', '"SUBSCRIBE"', "undefined", "'x'"),
]
"""JSON, or almost: in place of any value."""

BYTES = [
    b"\x00",
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"{",
    b"}",
    b"[",
    b'"',
    b"\\",
    b",",
    b":",
    b"\r\n\r\n",
]

PATHS = [
    *(
        "%",
        "%00",
        "%ff",
        "%zz",
        "%c0%af",
        "%2e%2e%2f",
        "/..",
        "//",
        "/.",
        "%2F",
        "?",
        "?a",
        "?=&&=",
        "?a=%",
        "?a=%ff%00",
    ),
    *("?jsonp=%0a", "?jsonp=f&jsonp=g", "?limit=-1&offset=99999999999999999999", "?limit=NaN&order=x", "?offset=1e9"),
    *(
        "?path=%00",
        "?path=/../../etc/passwd",
        "?path=" + "a/" * 3000,
        "/" * 2000,
        "x" * 7000,
        "?" + "&a" * 3000,
        ";x",
        "#y",
    ),
    *(
        "?embed=%ff&embed[]=x",
        "?force=maybe",
        "?timeout=-1secs",
        "?timeout=9" + "9" * 400 + "secs",
        "?framework_id=\xff",
    ),
    *("?count=99999999999999999999", "?host=*&scale=true&wipe=true", "?slave_id[]=1", "?length=-2", "/../../../x"),
]

HEADERS = [
    *(
        "Accept: \xff",
        "Accept: */*;q=0",
        "Accept: " + "a/b," * 1500,
        "Accept-Encoding: gzip;q=x",
        "Content-Type: ",
        "Content-Type: a",
    ),
    *("Content-Type: application/json; charset=utf-7", "Content-Type: text/xml", "Content-Type: multipart/form-data"),
    *(
        "Content-Type: application/json; charset=\xe9",
        'Content-Type: application/json; charset="',
        "Content-Type: ;;;=;",
    ),
    *(
        "Content-Encoding: gzip",
        "Content-Encoding: br",
        "Content-Encoding: x",
        "Content-Encoding: gzip, gzip",
        "Cookie: ;;=;\xff",
    ),
    *(
        "Authorization: ",
        "Authorization: Basic",
        "Authorization: Basic %%%",
        "Authorization: Basic /w==",
        "Authorization: Basic Og==",
    ),
    *(
        "Authorization: Bearer",
        "Authorization: token=",
        'Authorization: token="',
        "Authorization: token=a.b.c",
        "Authorization: \xff",
    ),
    *(
        "Mesos-Stream-Id: \xff",
        "Mesos-Stream-Id: " + "x" * 5000,
        "Expect: 100-continue",
        "Expect: 200",
        "Range: bytes=9-1",
    ),
    *(
        "If-Modified-Since: never",
        "Upgrade: websocket",
        "Connection: upgrade, close",
        "Host: [::1",
        "Host: ",
        "X-Real-IP: \xff",
    ),
    *(
        "Origin: http://[",
        "Origin: null",
        "Sec-Fetch-Site: cross-site",
        "Transfer-Encoding: identity",
        "Content-Length: 0",
    ),
    *("X-Dcos-User: a", "X-Dcos-Passed-On: 1", "Date: \x01", "X: " + "y" * 9000, "No colon", " folded", ": no name"),
]


@dataclass(frozen=True)
class Good:
    """A request that is accepted, or would be. ``body``: JSON if it is not bytes; None for none."""

    method: str
    path: str
    body: Any = None
    headers: Sequence[str] = ()


@dataclass
class Fuzzer:
    """``goods`` are the requests that it changes."""

    goods: Sequence[Good]
    seed: int
    source: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.source = random.Random(self.seed)

    def document(self, document: Any) -> bytes:
        """The JSON of a document with an error in it, or around it."""
        source = self.source
        text = json.dumps(document)
        for _ in range(source.choice((0, 1, 1, 2, 3))):
            text = self._value_replaced(text)
        data = text.encode("utf-8", "surrogatepass")
        if source.random() < 0.4:
            data = self.spoiled(data)
        match source.randrange(24):
            case 0:
                data = text.encode(source.choice(("utf-16", "utf-32", "utf-8-sig")), "replace")
            case 1:
                data = b""
            case 2:
                data = data[1:-1]
            case 3:  # the first key twice
                data = re.sub(rb"\{(\"\w+\":)", rb"{\1null,\1", data, count=1)
            case 4:
                data = data * 2
            case 5:
                data = source.choice(RAW).encode("utf-8", "surrogatepass")
        return data

    def _value_replaced(self, text: str) -> str:
        places = [
            match.span() for match in re.finditer(r'"[^"\\]*"(?!\s*:)|-?\d+(\.\d+)?|true|false|null|\{\}|\[\]', text)
        ]
        whole = [match.start() for match in re.finditer(r"[\[{]", text)]
        if whole and self.source.random() < 0.25:  # a whole part of it
            begin = self.source.choice(whole)
            with contextlib.suppress(ValueError, RecursionError):
                _, end = json.JSONDecoder().raw_decode(text, begin)
                return text[:begin] + self.source.choice(RAW) + text[end:]
        if not places:
            return text
        begin, end = self.source.choice(places)
        return text[:begin] + self.source.choice(RAW) + text[end:]

    def spoiled(self, data: bytes) -> bytes:
        source, whole = self.source, bytearray(data)
        for _ in range(source.randint(1, 4)):
            at = source.randrange(len(whole) + 1)
            match source.randrange(5):
                case 0:
                    whole[at:at] = source.choice(BYTES)
                case 1:
                    whole[at : at + source.randint(1, 8)] = b""
                case 2:
                    whole[at : at + 1] = bytes([source.randrange(256)])
                case 3:
                    del whole[at:]
                case 4:
                    whole[at:at] = whole[at : at + source.randint(1, 40)]
        return bytes(whole)

    def request(self) -> bytes:
        """One request on a connection of its own, closed after the answer."""
        source = self.source
        good = source.choice(self.goods)
        method = (
            good.method
            if source.random() < 0.9
            else source.choice(("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "BREW"))
        )
        path = good.path
        if source.random() < 0.25:
            path += source.choice(PATHS)
        elif source.random() < 0.05:
            path = "/" + source.choice(PATHS)
        headers = [f"{name}" for name in ("Host: x", "Connection: close", *good.headers)]
        body = b""
        if good.body is not None:
            body = self.spoiled(good.body) if isinstance(good.body, bytes) else self.document(good.body)
        if source.random() < 0.06:
            packed = gzip.compress(body, mtime=0)
            body = source.choice((packed, packed[:-3], packed[:12], packed + b"x", body))
            headers.append("Content-Encoding: gzip")
        for _ in range(source.choice((0, 0, 0, 0, 1, 2))):
            headers.append(source.choice(HEADERS))
        if source.random() < 0.01:
            headers += [f"X-{number}: y" for number in range(source.choice((100, 1000)))]
        if body or method in ("POST", "PUT", "PATCH"):
            if source.random() < 0.1:
                cut = source.randrange(len(body) + 1)
                parts = [part for part in (body[:cut], body[cut:]) if part]
                body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
                headers.append("Transfer-Encoding: chunked")
            else:
                headers.append(f"Content-Length: {len(body)}")
        head = "\r\n".join([f"{method} {path} HTTP/1.1", *headers]).encode("latin-1", "replace") + b"\r\n\r\n"
        if source.random() < 0.03:
            head = self.spoiled(head)
        return head + body


_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


def ask(address: tuple[str, int] | str, data: bytes, patience: float = 2.0) -> int | None:
    """The status of the response, of which the first bytes are read. None: the connection was closed without one, or
    ``data`` is not a complete request and nothing came for ``patience`` seconds.
    """
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as connection:
        connection.settimeout(WAIT)
        connection.connect(address)
        answer = b""
        with contextlib.suppress(ConnectionError):  # refused before all was sent: there may be a response all the same
            connection.sendall(data)
        connection.settimeout(patience)
        with contextlib.suppress(ConnectionError, TimeoutError):
            while (match := _STATUS.match(answer)) is None or match[1] == b"100":
                if match is not None and b"\r\n\r\n" in answer:
                    answer = answer.partition(b"\r\n\r\n")[2]
                    continue
                piece = connection.recv(65536)
                if not piece:
                    break
                answer += piece
    match = _STATUS.match(answer)
    return int(match[1]) if match else None
