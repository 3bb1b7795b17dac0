"""The store of daemons started by hand."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from dcos_runtime.store import StoreError
from dcos_runtime.store.sqlite import SqliteStore


async def test_what_was_written_is_loaded_again(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "new" / "state.sqlite")
    assert await store.load() == {}
    await store.write({"agents/a": b"1", "agents/b": b"\x00\xff", "x": b""})
    await store.write({"agents/a": b"2", "x": None, "absent": None})
    await store.close()
    again = SqliteStore(tmp_path / "new" / "state.sqlite")
    assert await again.load() == {"agents/a": b"2", "agents/b": b"\x00\xff"}
    await again.close()


async def test_a_second_process_is_told_that_the_store_is_taken(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state")
    await store.load()
    other = SqliteStore(tmp_path / "state")
    with pytest.raises(StoreError, match="another process has this store open"):
        await other.load()
    await other.close()
    await store.close()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be taken for one" * 20, b"short"])
async def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state").write_bytes(content)
    store = SqliteStore(tmp_path / "state")
    with pytest.raises(StoreError, match=r"state: the store is damaged .* backup"):
        await store.load()
    await store.close()
    assert (tmp_path / "state").read_bytes() == content


async def test_damage_in_the_middle_is_found_on_opening(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state")
    await store.write({f"k/{number}": os.urandom(400) for number in range(200)})
    await store.close()
    data = bytearray((tmp_path / "state").read_bytes())
    data[4096 * 3 : 4096 * 3 + 2000] = b"\xaa" * 2000
    (tmp_path / "state").write_bytes(data)
    again = SqliteStore(tmp_path / "state")
    with pytest.raises(StoreError, match="damaged"):
        await again.load()
    await again.close()


async def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "state")
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    store = SqliteStore(tmp_path / "state")
    with pytest.raises(StoreError, match="not a store of this version"):
        await store.load()
    await store.close()


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = SqliteStore(tmp_path / "file" / "state")
    with pytest.raises(StoreError, match="file"):
        await store.load()
    await store.close()


async def test_a_failed_write_changes_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state")
    await store.write({"a": b"1"})
    with pytest.raises(StoreError):
        await store.write({"a": b"2", "b": ["not bytes"]})  # type: ignore[dict-item]  # what is to be refused
    assert await store.load() == {"a": b"1"}
    await store.close()


def test_acknowledged_writes_survive_kill_9(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom dcos_runtime.store.sqlite import SqliteStore\n"
        "async def main():\n"
        "    store = SqliteStore(Path(sys.argv[1]))\n"
        "    for number in range(10**9):\n"
        "        await store.write({f'k/{number}': b'x' * 1000, 'last': b'%d' % number})\n"
        "        print(number, flush=True)\n"
        "asyncio.run(main())\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "state")], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    found = [int(writer.stdout.readline()) for _ in range(50)][-1]
    writer.send_signal(signal.SIGKILL)
    found = max([found, *(int(line) for line in writer.stdout.read().split(b"\n") if line)])
    writer.wait()

    async def read() -> dict[str, bytes]:
        store = SqliteStore(tmp_path / "state")
        try:
            return await store.load()
        finally:
            await store.close()

    entries = asyncio.run(read())
    assert int(entries["last"]) >= found
    assert set(entries) == {"last", *(f"k/{number}" for number in range(int(entries["last"]) + 1))}
