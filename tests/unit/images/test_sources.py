"""The host's package sources: which are used for an image, and which are left out, with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcos_images.errors import ImageError
from dcos_images.host import debian_codename, keep_settings, read_os_release
from dcos_images.sources import Source, read_sources

DEB822 = """\
# a mirror of the site
Types: deb deb-src
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abcd
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://mirror.example/debian
Suites: bookworm
Components: main
Enabled: no
"""


def apt(folder: Path, **files: str) -> Path:
    (folder / "sources.list.d").mkdir()
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        path = folder / "sources.list" if name == "main" else folder / "sources.list.d" / f"{stem}.{suffix}"
        path.write_text(text)
    return folder


def test_suites_of_the_release_its_updates_and_its_security_fixes_are_used(tmp_path: Path) -> None:
    found = read_sources("bookworm", apt(tmp_path, debian_sources=DEB822))
    key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabcd\n-----END PGP PUBLIC KEY BLOCK-----\n"
    ring = "/usr/share/keyrings/archive.gpg"
    assert found.used == (
        Source("http://mirror.example/debian", "bookworm", ("contrib", "main"), ring),
        Source("http://mirror.example/debian", "bookworm-updates", ("contrib", "main"), ring),
        Source("http://mirror.example/security", "bookworm-security", ("main",), key),
    )
    assert found.ignored == (
        "http://mirror.example/debian bookworm-backports: not a suite of bookworm (debian.sources)",
    )


def test_one_line_sources_are_read_with_their_options(tmp_path: Path) -> None:
    text = """
        # deb http://mirror.example/old bookworm main
        deb [arch=amd64 signed-by=/etc/apt/keyrings/a.gpg] http://mirror.example/debian bookworm main  # ours
        deb-src http://mirror.example/debian bookworm main
        deb http://mirror.example/debian bookworm non-free
    """
    found = read_sources("bookworm", apt(tmp_path, main=text))
    assert found.used == (
        Source("http://mirror.example/debian", "bookworm", ("main", "non-free"), "/etc/apt/keyrings/a.gpg"),
    )
    assert found.ignored == ()


def test_repositories_of_others_are_named_and_not_used(tmp_path: Path) -> None:
    vendor = "deb https://user:secret@vendor.example/apt nodistro main\ndeb https://flat.example ./\n"
    folder = apt(tmp_path, debian_sources=DEB822, vendor_list=vendor, off_disabled="deb nonsense")
    found = read_sources("bookworm", folder)
    assert all(source.uri.startswith("http://mirror.example/") for source in found.used)
    assert "https://vendor.example/apt nodistro: not a suite of bookworm (vendor.list)" in found.ignored
    assert any("flat repository" in ignored for ignored in found.ignored)
    assert "secret" not in "".join(found.ignored)


def test_what_is_written_for_the_build_reads_back_the_same(tmp_path: Path) -> None:
    found = read_sources("bookworm", apt(tmp_path, debian_sources=DEB822))
    again = tmp_path / "again"
    (again / "sources.list.d").mkdir(parents=True)
    (again / "sources.list.d" / "host.sources").write_text(found.deb822())
    assert read_sources("bookworm", again).used == found.used


def test_a_host_without_sources_of_its_release_is_told_what_to_add(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught:
        read_sources("trixie", apt(tmp_path, debian_sources=DEB822))
    assert "no package source for trixie" in str(caught.value)
    assert "give the host a source with the suite trixie" in str(caught.value)


def test_a_line_that_apt_would_not_take_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="line 2 cannot be read"):
        read_sources("bookworm", apt(tmp_path, main="\ndeb http://mirror.example/debian\n"))


def test_settings_of_how_sources_are_reached_are_taken_over_and_no_others() -> None:
    dumped = [
        "Acquire::http::Proxy http://proxy.example:3142",
        "Acquire::Check-Valid-Until false",
        "Acquire::Retries 3",
        "Acquire::AllowInsecureRepositories 1",
        "Acquire::Languages:: none",
    ]
    assert keep_settings(dumped) == [
        'Acquire::http::Proxy "http://proxy.example:3142";',
        'Acquire::Check-Valid-Until "false";',
        'Acquire::Retries "3";',
    ]


def test_only_debian_builds_images() -> None:
    debian = read_os_release('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n')
    assert debian_codename(debian) == "bookworm"
    other = read_os_release('PRETTY_NAME="Other Linux"\nID=other\nVERSION_CODENAME=one\n')
    with pytest.raises(ImageError, match="Other Linux"):
        debian_codename(other)
