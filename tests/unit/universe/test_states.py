"""What state.json says, to whom, and what is refused in it."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from dcos_universe import states
from dcos_universe.errors import UniverseError
from dcos_universe.model import Revision
from dcos_universe.states import RevisionState, States


def entry(**more: object) -> Revision:
    return Revision.of(
        {
            "packagingVersion": "3.0",
            "name": "web",
            "version": "1",
            "maintainer": "m",
            "description": "d",
            "tags": [],
            **more,
            "releaseVersion": 4,
            "config": {"type": "object"},
        }
    )


def test_no_file_says_nothing(tmp_path: Path) -> None:
    found = states.read(tmp_path)
    assert (found.yanked("web", 4), found.deprecated("web", 4)) == (None, None)
    assert found.channel("web", 4) == "stable"
    assert found.noted(entry()) is not None
    assert not list(tmp_path.iterdir())


def test_changes_are_read_back_and_leave_nothing_beside(tmp_path: Path) -> None:
    states.change(tmp_path, lambda s: s.changed("web", 4, RevisionState(yanked="loses data", channel="candidate")))
    found = states.read(tmp_path)
    assert found.yanked("web", 4) == "loses data"
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
    states.change(tmp_path, lambda s: s.changed("web", 4, RevisionState()))
    assert json.loads((tmp_path / "state.json").read_text())["packages"] == {}


def test_what_is_in_a_channel_is_in_those_below(tmp_path: Path) -> None:
    found = States({("web", 5): RevisionState(channel="candidate")})
    assert [found.in_channel("web", n, c) for n in (4, 5) for c in ("stable", "candidate")] == [True, True, False, True]
    with pytest.raises(UniverseError, match="no channel 'gold'"):
        found.in_channel("web", 4, "gold")


def test_a_deprecated_revision_says_so_in_what_old_clients_show() -> None:
    said = States({("web", 4): RevisionState(deprecated="take web2")})
    plain = said.noted(entry(selected=True))
    assert plain["preInstallNotes"] == "DEPRECATED: take web2"
    assert plain["selected"] is False
    keys = list(plain)
    assert keys.index("preInstallNotes") < keys.index("releaseVersion") < keys.index("config")
    assert said.noted(entry(preInstallNotes="Read me."))["preInstallNotes"] == "DEPRECATED: take web2\n\nRead me."
    assert set(said.noted(entry())) - set(entry().entry) == {"preInstallNotes"}


def test_changes_at_once_are_all_there(tmp_path: Path) -> None:
    def yank(number: int) -> None:
        states.change(tmp_path, lambda s: s.changed("web", number, RevisionState(yanked=f"reason {number}")))

    threads = [threading.Thread(target=yank, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [number for _, number, _ in states.read(tmp_path)] == list(range(20))


BROKEN = {
    "not json": b"{",
    "an array": b"[]",
    "another format": b'{"format": 2}',
    "no format": b"{}",
    "an unknown key": b'{"format": 1, "x": 1}',
    "a bad name": b'{"format": 1, "packages": {"Web": {"1": {"yanked": "x"}}}}',
    "a name with a line end": b'{"format": 1, "packages": {"web\\n": {"1": {"yanked": "x"}}}}',
    "a bad number": b'{"format": 1, "packages": {"web": {"01": {"yanked": "x"}}}}',
    "a negative number": b'{"format": 1, "packages": {"web": {"-1": {"yanked": "x"}}}}',
    "an empty reason": b'{"format": 1, "packages": {"web": {"1": {"yanked": " "}}}}',
    "a reason of two lines": b'{"format": 1, "packages": {"web": {"1": {"yanked": "a\\nb"}}}}',
    "a reason beyond ASCII": b'{"format": 1, "packages": {"web": {"1": {"yanked": "\\u00e9"}}}}',
    "a number for a reason": b'{"format": 1, "packages": {"web": {"1": {"yanked": 1}}}}',
    "an unknown channel": b'{"format": 1, "packages": {"web": {"1": {"channel": "gold"}}}}',
    "no channels": b'{"format": 1, "channels": []}',
    "a channel twice": b'{"format": 1, "channels": ["a", "a"]}',
    "bytes that are no text": b"\xff\xfe",
    "endless depth": b'{"format": ' + b"[" * 100_000,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_bytes(content)
    with pytest.raises(UniverseError) as refused:
        states.read(tmp_path)
    assert str(tmp_path / "state.json") in str(refused.value)
    assert refused.value.why and refused.value.hint


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_only_a_regular_file_is_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    if kind == "link":
        (tmp_path / "other").write_text('{"format": 1}')
        path.symlink_to("other")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(UniverseError, match="cannot be read"):
        states.read(tmp_path)
