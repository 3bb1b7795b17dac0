"""Archives are unpacked as they are, or fail with the reason; nothing is written outside the sandbox."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path

from tests.support.agent.fetching_lab import MB, Fetch, Server, special, tar

# --- archives ---------------------------------------------------------------------------------------------------------


def test_an_archive_that_is_damaged_or_cut_anywhere_fails(fetch: Fetch, server: Server) -> None:
    noise = os.urandom(3000)
    members = [("a", noise), ("b", noise), ("c", noise)]
    plain = tar(*members, mode="w:")
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    whole = {
        "x.tar": plain,
        "x.tar.gz": tar(*members),
        "x.tar.bz2": tar(*members, mode="w:bz2"),
        "x.tar.xz": tar(*members, mode="w:xz"),
        "x.gz": gzip.compress(noise),
        "x.bz2": bz2.compress(noise),
        "x.xz": lzma.compress(noise),
        "x.zip": zipped.getvalue(),
    }
    first_member = 512 + 3072
    for name, data in whole.items():
        good = fetch(server.put(f"/{name}", data))
        assert good.code == 0, good.why
        cuts = {0, len(data) // 2, len(data) - 8}
        if name == "x.tar":
            cuts = {100, 512 + 40, first_member, first_member + 100, 3 * first_member}
        for cut in cuts:
            outcome = fetch(server.put(f"/{name}", data[:cut]))
            assert outcome.code == 1 and "damaged" in outcome.why, (name, cut, outcome.why)
        middle = len(data) // 2 if name != "x.tar" else first_member + 10
        flipped = data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]
        outcome = fetch(server.put(f"/{name}", flipped))
        assert outcome.code == 1 and name in outcome.why and "damaged" in outcome.why, (name, outcome.why)


def test_no_message_quotes_more_than_a_part_of_what_an_archive_holds(fetch: Fetch, server: Server) -> None:
    def made(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        return info

    long, deep = "x" * 5000, "/".join(["y" * 200] * 25)
    cases = [
        [made("a", tarfile.SYMTYPE, long)],
        [made("a", tarfile.LNKTYPE, long)],
        [made("a", tarfile.LNKTYPE, f"../{long}")],
        [made(long, tarfile.REGTYPE)],
        [made(f"../{deep}", tarfile.REGTYPE)],
        [made(deep, tarfile.FIFOTYPE)],
        [made("a", tarfile.SYMTYPE, "/" + "z" * 4000), made("a/b", tarfile.REGTYPE)],
        [made("a\nb\x1b[2J", tarfile.FIFOTYPE)],
    ]
    for members in cases:
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as archive:
            for member in members:
                archive.addfile(member)
        failed = fetch(server.put("/x.tar", data.getvalue()))
        assert failed.code == 1 and len(failed.why) < 500, failed.why
        assert failed.why.strip().isprintable(), failed.why
    for name, target in ((long, ""), (f"../{long}", ""), ("a", long)):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as zipped:
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK if target else stat.S_IFREG) << 16
            zipped.writestr(info, target)
        broken = data.getvalue().replace(name.encode(), b"X" + name.encode()[1:], 1)
        for whole in (data.getvalue(), broken):
            failed = fetch(server.put("/x.zip", whole))
            assert failed.code == 1 and len(failed.why) < 500, failed.why


def test_what_stands_behind_the_end_of_an_archive_fails_it(fetch: Fetch, server: Server) -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("a", "a")
        archive.comment = b"a comment"
    whole = {
        "x.tar": tar(("a", b"a"), mode="w:"),
        "x.tgz": tar(("a", b"a")),
        "x.tbz2": tar(("a", b"a"), mode="w:bz2"),
        "x.txz": tar(("a", b"a"), mode="w:xz"),
        "a.gz": gzip.compress(b"a"),
        "a.bz2": bz2.compress(b"a"),
        "a.xz": lzma.compress(b"a"),
        "x.zip": zipped.getvalue(),
    }
    for name, data in whole.items():
        assert fetch(server.put(f"/{name}", data)).text("a") == "a"
        failed = fetch(server.put(f"/{name}", data + (b"garbage" * 300 if name.startswith("a") else b"g")))
        assert failed.code == 1 and "damaged" in failed.why, (name, failed.why)
        if name.endswith(("bz2", "xz", "tar")):
            assert fetch(server.put(f"/{name}", data + bytes(512))).code == 0  # padding
    plain, other = whole["x.tar"], tar(("b", b"b"), mode="w:")
    for behind in (b"x" * 512, other, bytes(1 << 20) + b"x"):
        damaged = plain + behind
        for packed in (damaged, gzip.compress(damaged), bz2.compress(damaged)):
            failed = fetch(server.put("/y.tar", packed))
            assert failed.code == 1 and "something behind its end" in failed.why, failed.why
    for name, pack in (("b.gz", gzip.compress), ("b.bz2", bz2.compress), ("b.xz", lzma.compress)):
        assert fetch(server.put(f"/{name}", pack(b"one") + pack(b"two"))).text("b") == "onetwo"
        failed = fetch(server.put(f"/{name}", pack(b"one") + pack(b"two")[:-4]))
        assert failed.code == 1 and "damaged" in failed.why


def large_dictionary(data: bytes, bits: int) -> bytes:
    """An .xz whose header asks for a dictionary that needs so much memory."""
    header = bytearray(data[12:24])
    assert header[2:4] == b"\x21\x01"
    header[4] = bits
    header[8:] = zlib.crc32(header[:8]).to_bytes(4, "little")
    return data[:12] + bytes(header) + data[24:]


def test_an_archive_that_needs_much_memory_is_refused_with_the_figure(fetch: Fetch, server: Server) -> None:
    for name, data in (("a.xz", lzma.compress(b"a")), ("x.txz", tar(("a", b"a"), mode="w:xz"))):
        good = fetch(server.put(f"/{name}", large_dictionary(data, 30)))  # 128 MB
        assert good.code == 0 and good.text("a") == "a", good.why
        for bits, needs in ((32, "257 MiB"), (36, "1025 MiB"), (40, "4096 MiB")):
            failed = fetch(server.put(f"/{name}", large_dictionary(data, bits)))
            assert failed.code == 1 and f"needs {needs} of memory" in failed.why, failed.why
            assert "160 MiB" in failed.why
    # Whatever else asks for much gets no more than the process may take.
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 1 << 33
    failed = fetch(server.put("/pax.tar", info.tobuf() + bytes(1024)))
    assert failed.code == 1 and ("256 MiB" in failed.why or "damaged" in failed.why), failed.why


def test_folders_and_files_keep_the_modes_they_were_packed_with(fetch: Fetch, server: Server) -> None:
    info = tarfile.TarInfo("ro/sub/file")
    info.mode, info.size = 0o400, 1
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(special("ro", tarfile.DIRTYPE, mode=0o500))
        archive.addfile(special("ro/sub", tarfile.DIRTYPE, mode=0o555))
        archive.addfile(info, io.BytesIO(b"x"))
        archive.addfile(info, io.BytesIO(b"y"))  # again, over the first
        archive.addfile(special("was", tarfile.DIRTYPE, mode=0o500))
        archive.addfile(special("was", tarfile.SYMTYPE, "/usr"))
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as other:
        for name, mode in (("zipped/", stat.S_IFDIR | 0o511), ("zipped/file", stat.S_IFREG | 0o440)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            other.writestr(entry, b"")
    later = server.put("/later.tgz", tar(("ro/later", b"l")))  # into a folder that is closed at the end
    usr = Path("/usr").stat().st_mode
    outcome = fetch(server.put("/ro.tgz", packed.getvalue()), server.put("/x.zip", zipped.getvalue()), later)
    assert outcome.code == 0, outcome.why
    found = {
        path: oct(stat.S_IMODE((outcome.sandbox / path).stat().st_mode))
        for path in ("ro", "ro/sub", "ro/sub/file", "zipped", "zipped/file")
    }
    assert found == {
        "ro": "0o500",
        "ro/sub": "0o555",
        "ro/sub/file": "0o400",
        "zipped": "0o511",
        "zipped/file": "0o440",
    }
    assert outcome.text("ro/sub/file") == "y" and outcome.text("ro/later") == "l"
    assert Path("/usr").stat().st_mode == usr


def test_what_is_no_archive_says_so(fetch: Fetch, server: Server) -> None:
    for name in ("page.zip", "page.tgz", "page.gz", "page.xz"):
        assert "damaged" in fetch(server.put(f"/{name}", b"<html>please log in</html>" * 50)).why


def test_links_are_made_as_they_are_and_nothing_is_written_through_them(
    fetch: Fetch, server: Server, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    venv = tar(
        special("venv/bin/python3", tarfile.SYMTYPE, "/usr/bin/python3"),
        special("venv/up", tarfile.SYMTYPE, "../../.."),
        special("venv/lib64", tarfile.SYMTYPE, "lib"),
        ("venv/lib/one", b"1"),
        ("venv/lib64/two", b"2"),
    )
    outcome = fetch(server.put("/venv.tgz", venv))
    assert outcome.code == 0, outcome.why
    assert (outcome.sandbox / "venv/bin/python3").readlink() == Path("/usr/bin/python3")
    assert (outcome.sandbox / "venv/up").readlink() == Path("../../..")
    assert outcome.text("venv/lib/two") == "2"
    for index, target in enumerate((str(outside), "../outside", "x/../../outside")):
        through = tar(special(f"door{index}", tarfile.SYMTYPE, target), (f"door{index}/escaped", b"x"))
        failed = fetch(server.put("/through.tgz", through))
        assert failed.code == 1 and "outside the sandbox" in failed.why, failed.why
    # A member where a link is replaces the link, not what it leads to.
    (outside / "victim").write_text("mine")
    over = tar(special("v", tarfile.SYMTYPE, str(outside / "victim")), ("v", b"theirs"))
    outcome = fetch(server.put("/over.tgz", over))
    assert outcome.code == 0 and outcome.text("v") == "theirs" and (outside / "victim").read_text() == "mine"
    # So does what is fetched later, under a name that an archive made a link.
    link = server.put("/link.tgz", tar(special("later", tarfile.SYMTYPE, str(outside / "victim"))))
    assert fetch(link, server.put("/later", b"x")).code == 0
    assert [path.name for path in outside.iterdir()] == ["victim"] and (outside / "victim").read_text() == "mine"


def test_names_and_kinds_of_members(fetch: Fetch, server: Server) -> None:
    good = tar(
        ("/absolute/name", b"a"),
        ("./plain", b"p"),
        special("suid", tarfile.REGTYPE, mode=0o4755),
        ("twice", b"first"),
        ("twice", b"second"),
        special("hard", tarfile.LNKTYPE, "plain"),
        special("folder", tarfile.DIRTYPE, mode=0o500),
        ("folder/in", b"i"),
        ("grüße", b"g"),
    )
    outcome = fetch(server.put("/good.tgz", good))
    assert outcome.code == 0, outcome.why
    assert outcome.text("absolute/name") == "a" and outcome.text("twice") == "second" and outcome.text("grüße") == "g"
    assert stat.S_IMODE((outcome.sandbox / "suid").stat().st_mode) == 0o755
    assert (outcome.sandbox / "hard").samefile(outcome.sandbox / "plain")
    refused = {
        "../up": tar(("../up", b"x")),
        "a/../../up": tar(("a/../../up", b"x")),
        "/etc/passwd": tar(special("h", tarfile.LNKTYPE, "/etc/passwd")),
        "../../secret": tar(special("h", tarfile.LNKTYPE, "../../secret")),
        "device": tar(special("null", tarfile.CHRTYPE)),
        "pipe": tar(special("pipe", tarfile.FIFOTYPE)),
        "task's own": tar(("./stdout", b"x")),
        "the task's own": tar(special("here", tarfile.SYMTYPE, "."), ("here/stderr", b"x")),
    }
    for what, data in refused.items():
        failed = fetch(server.put("/bad.tgz", data))
        assert failed.code == 1 and what in failed.why, (what, failed.why)


def test_zip_keeps_modes_and_links_and_refuses_what_tar_refuses(fetch: Fetch, server: Server) -> None:
    def packed(*entries: tuple[str, int, bytes]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, mode, data in entries:
                info = zipfile.ZipInfo(name)
                info.external_attr = mode << 16
                archive.writestr(info, data)
        return buffer.getvalue()

    link = stat.S_IFLNK | 0o777
    good = packed(("run.sh", stat.S_IFREG | 0o4755, b"#!"), ("py", link, b"/usr/bin/python3"), ("/top/é", 0, b"e"))
    outcome = fetch(server.put("/good.zip", good))
    assert outcome.code == 0, outcome.why
    assert stat.S_IMODE((outcome.sandbox / "run.sh").stat().st_mode) == 0o755
    assert (outcome.sandbox / "py").readlink() == Path("/usr/bin/python3") and outcome.text("top/é") == "e"
    assert "outside" in fetch(server.put("/b.zip", packed(("../x", 0, b"x")))).why
    assert "outside" in fetch(server.put("/b.zip", packed(("d", link, b"/tmp"), ("d/x", 0, b"x")))).why


def test_bombs_end_at_the_limit(fetch: Fetch, server: Server) -> None:
    bomb = server.put("/bomb.gz", gzip.compress(b"\0" * (80 * MB)))
    assert "that is the rule" in fetch(bomb).why
    many = server.put("/many.tgz", tar(*((f"d/{index}", b"") for index in range(3000))))
    assert "that is the rule" in fetch(many, max_bytes=MB).why
    started = fetch(many)
    assert started.code == 0 and len(list((started.sandbox / "d").iterdir())) == 3000


def test_output_files_go_where_they_are_told_and_archives_into_the_sandbox(fetch: Fetch, server: Server) -> None:
    url = server.put("/a.tgz?sig=a", tar(("inside", b"i")))
    outcome = fetch(
        {"value": url, "output_file": "sub/b.tgz"}, {"value": url, "output_file": "tool", "executable": True}
    )
    assert outcome.code == 0, outcome.why
    assert outcome.text("inside") == "i" and (outcome.sandbox / "sub/b.tgz").exists()
    assert stat.S_IMODE((outcome.sandbox / "tool").stat().st_mode) == 0o755
    for name in ("../x", "/x", "stdout", "a/../../x", "."):
        assert "output_file" in fetch({"value": url, "output_file": name}).why
