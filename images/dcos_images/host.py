"""The machine that builds: its release and architecture, and its apt's settings for package sources."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dcos_images.errors import ImageError
from dcos_images.process import ask

# The settings for reaching package sources, and for the life of their signatures, are those of the site; whether
# signatures are checked at all is not.
_TAKEN_OVER = re.compile(
    r"Acquire::((http|https|ftp)(::.*)?|Check-Date|Check-Valid-Until|(Max|Min)-ValidTime|Retries|ForceIPv[46])"
)


@dataclass(frozen=True)
class BuildHost:
    """The properties of the building machine that an image depends on. ``arch`` is Debian's name: ``amd64``."""

    codename: str
    arch: str
    apt_dir: Path = Path("/etc/apt")


def this_host(os_release: Path = Path("/etc/os-release")) -> BuildHost:
    """The machine that this code runs on. Raises `ImageError` when it does not run Debian."""
    codename = debian_codename(read_os_release(os_release.read_text()) if os_release.is_file() else {})
    return BuildHost(codename=codename, arch=ask(["dpkg", "--print-architecture"]).strip())


def read_os_release(text: str) -> dict[str, str]:
    """The fields of an os-release file."""
    fields = {}
    for line in text.splitlines():
        name, found, value = line.partition("=")
        if found and not line.startswith("#"):
            fields[name.strip()] = "".join(shlex.split(value))
    return fields


def debian_codename(fields: Mapping[str, str]) -> str:
    """The release's name in os-release's fields. Raises `ImageError` when it is not Debian's."""
    codename = fields.get("VERSION_CODENAME", "")
    if fields.get("ID") != "debian" or not codename:
        raise ImageError(
            "images are built on Debian only",
            why=f"this host calls itself {fields.get('PRETTY_NAME', 'nothing: it has no os-release')!r}",
            hint="build on a Debian 12 or 13 host; its own package sources are used",
        )
    return codename


def apt_settings(host: BuildHost) -> str:
    """The host's apt settings for reaching package sources, as a configuration file."""
    dumped = ask(["apt-config", "dump", "--no-empty", "--format", "%F %v%n", "Acquire"])
    lines = keep_settings(dumped.splitlines())
    for option, path in (("netrc", host.apt_dir / "auth.conf"), ("netrcparts", host.apt_dir / "auth.conf.d")):
        if path.exists():
            lines.append(f'Dir::Etc::{option} "{path}";')
    return "".join(f"{line}\n" for line in lines)


def keep_settings(dumped: Iterable[str]) -> list[str]:
    """The lines of apt's settings (``name value`` a line) that are used, as configuration lines."""
    kept = []
    for line in dumped:
        name, _, value = line.partition(" ")
        if _TAKEN_OVER.fullmatch(name) and '"' not in value:
            kept.append(f'{name} "{value}";')
    return kept


def cache_home(environ: Mapping[str, str] | None = None) -> Path:
    """``$XDG_CACHE_HOME/dcos/images``; a relative value is ignored, as the XDG specification asks."""
    environ = os.environ if environ is None else environ
    configured = environ.get("XDG_CACHE_HOME", "")
    if configured.startswith("/"):
        return Path(configured) / "dcos" / "images"
    try:
        home = Path(environ.get("HOME") or "~").expanduser()
    except RuntimeError as error:
        raise ImageError(
            "this user has no home folder to keep images in",
            why="HOME is not set, and the user is not in the password database",
            hint="set XDG_CACHE_HOME to a folder of yours",
        ) from error
    return home / ".cache" / "dcos" / "images"
