"""What readers with the root would refuse is not published over what is there."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dcos_universe.errors import UniverseError
from dcos_universe.publishing import publication, signatures
from dcos_universe.trust.signing import LEDGER
from tests.support.universe.publisher import Publisher, names, write_package


def _over(new: Path, published: Path) -> None:
    def read(path: str) -> bytes | None:
        return (published / path).read_bytes() if (published / path).is_file() else None

    signatures.refuse_rollback(publication.read(new), read)


def test_of_two_publishers_with_ledgers_of_their_own_the_second_is_refused(
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    one = Publisher(tmp_path / "one", now=now)
    one.begin()
    first = one.publish()
    client = one.client(first)
    client.refresh()
    ledger = (one.ceremony.folder / LEDGER).read_bytes()
    write_package(one.source, "gamma")
    second = one.publish(now=now + timedelta(seconds=1))
    _over(second, first)
    _over(second, second)
    seen = one.client(second)
    seen.refresh()

    # The other one begins where the first has begun, and does not know of the second tree.
    (one.ceremony.folder / LEDGER).write_bytes(ledger)
    shutil.rmtree(one.out)
    shutil.copytree(first, one.out)
    write_package(one.source, "delta")
    other = one.publish(now=now + timedelta(seconds=2))
    with pytest.raises(UniverseError, match="of the same version") as told:
        _over(other, second)
    assert "timestamp.json" in told.value.why and LEDGER in told.value.hint
    shutil.rmtree(second)
    shutil.copytree(other, second)
    assert ("delta", 0) not in names(seen.refresh()), "who has seen the second tree does not see this one"

    # Only the timestamp has gone on: the snapshot is still another of the same version.
    one.sign(now=now + timedelta(days=5))
    again = one.copy("again")
    newer = one.ceremony.folder / LEDGER
    assert newer.read_bytes() != ledger
    _over(again, other)
    with pytest.raises(UniverseError, match=r"older \(timestamp: version 2\)"):
        _over(other, again)


def test_a_tree_without_the_last_root_or_any_signature_is_refused(tmp_path: Path) -> None:
    one = Publisher(tmp_path / "one")
    one.begin()
    first = one.publish()
    one.rotate()
    one.sign()
    second = one.copy("second")
    _over(second, first)
    with pytest.raises(UniverseError, match="older"):
        _over(first, second)
    shutil.rmtree(one.out)
    one.build()
    with pytest.raises(UniverseError, match="this tree is not"):
        _over(one.out, first)
    _over(first, one.out)
