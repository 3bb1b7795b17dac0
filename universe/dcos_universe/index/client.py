"""Gets the index of a repository and keeps it: verified if a root was given, and by deltas if there are any."""

from __future__ import annotations

import hashlib
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard
from tuf.api.metadata import TargetFile

from dcos_runtime import urls
from dcos_universe.errors import UniverseError
from dcos_universe.index import durable, fetching
from dcos_universe.index.delta import Held, steps
from dcos_universe.index.fetching import Fetch, FetchedResponse, FetchError, Unreachable
from dcos_universe.index.files import INDEXES, content_type
from dcos_universe.index.trusted import (
    ABSENT,
    ENDLESS,
    MISSING,
    TAMPERED,
    RepositoryRefused,
    Trusted,
    not_fetched,
    reason_of,
)
from dcos_universe.model import Json

__all__ = ["LARGEST", "Client", "RepositoryRefused"]

LARGEST = 256 << 20
"""The largest index of a repository, in bytes. (The public one had 12 million.)"""

_LARGEST_HEAD = 1 << 20
_DIGITS = 1000
_ACCEPTED = ",".join(content_type(release) for release in ("1.12", "1.10", "1.8"))
_FACTS = "index.facts"
_NO_DELTAS = "none"


@dataclass(frozen=True)
class _Kept:
    """The index that was taken last, and the ETags of it and of its head of deltas."""

    held: Held
    etag: str
    head_etag: str


class Client:
    """A repository at ``where``: the URL of its folder, of its ``…/repo``, or of one of its files; or a local folder.

    With ``root`` (the bytes of a root.json that came in a trusted way) only what its keys have signed is taken; without
    it, whatever the server sends. ``state`` is a folder for this repository alone; the process may be killed at any
    moment. ``index`` is the wanted repository file, by default ``repo-up-to-<release>``. Not for two threads at once.
    """

    def __init__(
        self,
        where: str | Path,
        *,
        root: bytes | None = None,
        state: Path,
        index: str = "",
        release: str = "2.0",
        fetch: Fetch | None = None,
    ) -> None:
        self.url = where.absolute().as_uri() if isinstance(where, Path) else where
        self.release = release
        self.base, named = folder_and_index(self.url)
        self.index = index or named or f"repo-up-to-{release}"
        self._root = root
        self._state = state
        self._fetch: Fetch = fetch or fetching.fetch
        self._last: tuple[bytes, _Kept] | None = None

    def refresh(self) -> Json:
        """The index as the repository has it now: ``{"packages": [entry, …]}``.

        Raises `RepositoryRefused`, and `UniverseError` if the index cannot be used; the index that was kept then stays.
        """
        self._state.mkdir(parents=True, exist_ok=True)
        with durable.alone(self._state, "the state of a repository,"):
            for name in ("index.json", _FACTS):
                durable.sweep(self._state, name)
            return self._plain() if self._root is None else self._verified(self._look(self._root))

    def cached(self) -> Json | None:
        """The last index that was taken, however old it is; nobody is asked. None if there is none."""
        kept = self._kept()
        return None if kept is None else kept.held.index

    def artifacts(self, package: str) -> Json | None:
        """The digests of all artifacts that the package's revisions name (``artifacts/<package>.json``); None if the
        repository has no such file. Raises `RepositoryRefused`.
        """
        name = f"artifacts/{urllib.parse.quote(package, safe='')}.json"
        if self._root is None:
            answer = self._asked(f"{self.base}/{name}", _LARGEST_HEAD * 8)
            if answer.status in ABSENT:
                return None
            if answer.status != 200:
                raise self._answered(f"{self.base}/{name}", answer.status)
            return _json(answer.body, f"{self.base}/{name}")
        self._state.mkdir(parents=True, exist_ok=True)
        with durable.alone(self._state, "the state of a repository,"):
            # Looked at anew: what was seen before may have been removed or have expired.
            trusted = self._look(self._root)
            found = trusted.find(name)
            return None if found is None else _json(trusted.get(found), name)

    # --- with a root -------------------------------------------------------------------------------------------------

    def _look(self, root: bytes) -> Trusted:
        trusted = Trusted(self.base, root, self._state / "metadata", self._fetch)
        trusted.refresh()
        return trusted

    def _verified(self, trusted: Trusted) -> Json:
        wanted = trusted.find(f"{self.index}.json")
        if wanted is None:
            raise RepositoryRefused(
                f"the repository at {self.base} is refused", MISSING, f"it has no {self.index}.json"
            )
        kept = self._kept()
        digest = _digest(wanted)
        if kept is not None and kept.held.digest == digest:
            return kept.held.index
        made = self._stepped(trusted, kept.held, digest) if kept is not None else None
        if made is None:
            made = Held.of(self._whole(trusted, wanted))
        if digest is not None and made.digest != digest:
            raise RepositoryRefused(
                f"the repository at {self.base} is refused", TAMPERED, "its index has another digest than signed"
            )
        self._keep(made)
        return made.index

    def _stepped(self, trusted: Trusted, held: Held, digest: str | None) -> Held | None:
        """The index made by deltas, or None. Steps need no signature, because their result has to have the digest that
        is signed."""
        head = f"delta/{self.index}.json"
        content = self._twin(trusted, head, _LARGEST_HEAD)
        if content is None or digest is None:
            return None
        return self._follow(_json(content, head), held, digest)

    def _follow(self, head: Json, held: Held, digest: str) -> Held | None:
        try:
            for step in steps(head, held.digest) or ():
                held = held.stepped(_json(self._step(step), str(step["file"])))
        except (UniverseError, KeyError, TypeError, ValueError):
            return None
        return held if held.digest == digest else None

    def _step(self, step: Json) -> bytes:
        """The content of a step's file, which has the size and digest that the head tells."""
        size = min(int(step["bytes"]), LARGEST)
        path = urllib.parse.quote(str(step["file"]))
        url = f"{self.base}/{path}.gz"
        answer = self._asked(url, size + 1024)
        content = fetching.gunzip(answer.body, url, size) if answer.status == 200 else b""
        if answer.status == 404:
            url = f"{self.base}/{path}"
            content = self._asked(url, size).body
        if hashlib.sha256(content).hexdigest() != step["sha256"]:
            raise Unreachable(url, "its digest is not the one in its head")
        return content

    def _whole(self, trusted: Trusted, wanted: TargetFile) -> Json:
        if wanted.length > LARGEST:
            raise RepositoryRefused(
                f"the repository at {self.base} is refused",
                ENDLESS,
                f"{wanted.path} has {wanted.length} bytes, more than {LARGEST}",
            )
        content = self._twin(trusted, wanted.path, wanted.length)
        if content is None:
            content = trusted.get(wanted)
        if hashlib.sha256(content).hexdigest() != wanted.hashes["sha256"]:
            raise RepositoryRefused(
                f"the repository at {self.base} is refused", TAMPERED, f"{wanted.path} is not what its twin holds"
            )
        return _json(content, wanted.path)

    def _twin(self, trusted: Trusted, name: str, most: int) -> bytes | None:
        """The file unpacked from its zstd twin, which is verified first; None if no twin is signed."""
        found = trusted.find(f"{name}.zst")
        if found is None:
            return None
        try:
            return _unzstd(trusted.get(found), most)
        except zstandard.ZstdError as error:
            raise RepositoryRefused(
                f"the repository at {self.base} is refused", TAMPERED, f"{name}.zst: {error}"
            ) from error

    # --- without one -------------------------------------------------------------------------------------------------

    def _plain(self) -> Json:
        kept = self._kept()
        head_etag = ""
        if self.index in INDEXES and (kept is None or kept.head_etag != _NO_DELTAS):
            url = f"{self.base}/delta/{self.index}.json"
            answer = self._asked(
                url, _LARGEST_HEAD, {"If-None-Match": kept.head_etag} if kept and kept.head_etag else {}
            )
            head_etag = answer.headers.get("etag", "") if answer.status == 200 else ""
            if answer.status in ABSENT:
                head_etag = _NO_DELTAS
            if kept is not None and answer.status == 304:
                return kept.held.index
            if kept is not None and answer.status == 200:
                made = self._followed(answer, kept.held, url)
                if made is not None:
                    self._keep(made, "", head_etag)
                    return made.index
        return self._asked_whole(kept, head_etag)

    def _followed(self, answer: FetchedResponse, held: Held, url: str) -> Held | None:
        try:
            head = _json(answer.body, url)
        except UniverseError:
            return None
        return self._follow(head, held, str(head.get("digest")))

    def _asked_whole(self, kept: _Kept | None, head_etag: str) -> Json:
        url = f"{self.base}/{self.index}.json" if self.url.rstrip("/") == self.base else self.url
        headers = {
            "Accept": f"{_ACCEPTED},application/json;q=0.5,*/*;q=0.1",
            "User-Agent": f"cosmos dcos/{self.release}",
        }
        if kept is not None and kept.etag:
            headers["If-None-Match"] = kept.etag
        answer = self._asked(url, LARGEST, headers)
        if answer.status == 404 and url != self.url:
            # The URL is not a folder of our layout: a server may have a repository at any path, such as /repo-1.7.
            url = self.url
            answer = self._asked(url, LARGEST, headers)
        if kept is not None and answer.status == 304:
            return kept.held.index
        if answer.status != 200:
            raise self._answered(url, answer.status)
        if answer.body[:4] == b"PK\x03\x04":
            raise UniverseError(
                f"the repository at {self.url} has a form that is not understood",
                why="it is a zip file, the form of DC/OS before 1.7",
                hint="add its repo-up-to-<release>.json or the URL of its server",
            )
        held = Held.of(_json(answer.body, url))
        self._keep(held, answer.headers.get("etag", ""), head_etag)
        return held.index

    def _answered(self, url: str, status: int) -> RepositoryRefused:
        what = f"the repository at {self.url} cannot be fetched"
        return RepositoryRefused(what, reason_of(status), f"{url} is answered with {status}")

    def _asked(self, url: str, most: int, headers: Mapping[str, str] = {}) -> FetchedResponse:
        try:
            return self._fetch(url, most, headers)
        except FetchError as error:
            raise not_fetched(f"the repository at {self.base} cannot be fetched", error) from error

    # --- what is kept ------------------------------------------------------------------------------------------------

    def _kept(self) -> _Kept | None:
        """The index that is kept. None also when the index file and its facts do not match, as after a crash, or are of
        another index."""
        try:
            record = (self._state / _FACTS).read_bytes()
            if self._last is not None and self._last[0] == record:
                return self._last[1]
            content = (self._state / "index.json").read_bytes()
            facts = json.loads(record)
            if facts["sha256"] != hashlib.sha256(content).hexdigest() or facts["index"] != self._of:
                return None
            kept = _Kept(Held.of(_decoded(content)), str(facts["etag"]), str(facts["head_etag"]))
            self._last = record, kept
            return kept
        except (OSError, ValueError, KeyError, TypeError, UniverseError):
            return None

    @property
    def _of(self) -> str:
        return f"{self.url} {self.index}"

    def _keep(self, held: Held, etag: str = "", head_etag: str = "") -> None:
        content = json.dumps(held.index).encode()
        facts = {
            "index": self._of,
            "sha256": hashlib.sha256(content).hexdigest(),
            "etag": etag,
            "head_etag": head_etag,
        }
        record = json.dumps(facts).encode()
        durable.write(self._state / "index.json", content)
        durable.write(self._state / _FACTS, record)
        self._last = record, _Kept(held, etag, head_etag)


def folder_and_index(url: str) -> tuple[str, str]:
    """The folder of the repository, and the index that the URL names, if it names one. ``…/repo`` and
    ``…/universe.json`` are in the repository's folder. Raises `UniverseError` for what is no URL."""
    try:
        parts = urls.parse(url)
        if parts.scheme in ("http", "https"):
            urls.parse_web(url)
    except urls.BadUrl as error:
        raise UniverseError(
            f"{url!r} is no address of a repository", why=str(error), hint="give http(s)://HOST/PATH, or a folder"
        ) from error
    path = parts.path.rstrip("/")
    folder, _, last = path.rpartition("/")
    if last == "repo":
        path, last = folder, ""
    elif last.endswith(".json"):
        path, last = folder, last.removesuffix(".json")
    else:
        last = ""
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc, path, "", "")), last


def _digest(wanted: TargetFile) -> str | None:
    custom: Any = wanted.unrecognized_fields.get("custom")
    digest = custom.get("digest") if isinstance(custom, dict) else None
    return digest if isinstance(digest, str) else None


def _unzstd(content: bytes, most: int) -> bytes:
    """Unpacks at most ``most`` bytes, whatever size the file claims. Raises ``ZstdError``, also if there are more."""
    reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(content, read_across_frames=False)
    plain = reader.read(most + 1)
    if len(plain) > most:
        raise zstandard.ZstdError(f"it holds more than {most} bytes")
    return plain


def _json(content: bytes, where: str) -> Json:
    try:
        found = _decoded(content)
    except (ValueError, RecursionError) as error:
        raise UniverseError(
            f"{where} is not understood", why=f"it is no JSON: {error}", hint="see that the URL is a repository's"
        ) from error
    if not isinstance(found, dict):
        raise UniverseError(
            f"{where} is not understood", why="it is no JSON object", hint="see that the URL is a repository's"
        )
    return found


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except ValueError:
        # A number of thousands of digits, which Python does not read: the entry is refused where it is used.
        return json.loads(content, parse_int=lambda digits: int(digits) if len(digits) < _DIGITS else float(digits))
