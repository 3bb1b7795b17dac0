"""The clusters this user knows: one folder each in ``$DCOS_DIR/clusters``, laid out as DC/OS' own command does it.

Every change is made under a lock and every file replaced in one step, so commands that run at the same time lose
nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_runtime import durable
from dcos_runtime.cli.errors import USAGE, CliError

SETTINGS_FILE = "dcos.toml"
CA_FILE = "dcos_ca.crt"
_ATTACHED = "attached"


def dcos_dir(environment: Mapping[str, str]) -> Path:
    """``$DCOS_DIR``, else ``~/.dcos``."""
    if configured := environment.get("DCOS_DIR"):
        return Path(configured)
    try:
        return Path.home() / ".dcos"
    except RuntimeError:
        raise CliError(
            "there is no place for the settings: HOME is not set, and this user is not in the password database",
            exit_code=USAGE,
            hints=["set HOME, or DCOS_DIR to a folder of yours"],
        ) from None


@dataclass(frozen=True)
class KnownCluster:
    """One known cluster. ``problem``: why its file cannot be used; ``settings`` are empty then."""

    folder: Path
    attached: bool
    settings: Mapping[str, Any]
    problem: CliError | None = None

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def file(self) -> Path:
        return self.folder / SETTINGS_FILE

    @property
    def name(self) -> str:
        return self.text("cluster", "name") or self.id

    @property
    def url(self) -> str:
        """Its URL, without a slash at the end. Raises `CliError` when the cluster's file has none."""
        if self.problem is not None:
            raise self.problem
        url = self.text("core", "dcos_url")
        if url is None:
            raise CliError(
                f"{self.file} does not say where the cluster is: core.dcos_url is missing",
                hints=["dcos cluster setup URL writes it again"],
            )
        return url.rstrip("/")

    @property
    def token(self) -> str | None:
        return self.text("core", "dcos_acs_token")

    @property
    def ssl_verify(self) -> str:
        """``true``, ``false`` or a file; by default the system's CAs."""
        value = self._value("core", "ssl_verify")
        return str(value).lower() if isinstance(value, bool) else self.text("core", "ssl_verify") or "true"

    @property
    def masters(self) -> list[str]:
        """URLs of the gateways, with or without the one in ``dcos_url``."""
        value = self._value("cluster", "masters")
        ones = value if isinstance(value, list) else []
        return [one.rstrip("/") for one in ones if isinstance(one, str) and one.startswith("https://")]

    def gateways(self) -> list[str]:
        """``dcos_url`` first, then the others."""
        return list(dict.fromkeys((self.url, *self.masters)))

    def answers_at(self, url: str) -> bool:
        """Whether one of its gateways has this URL's origin."""
        try:
            from dcos_runtime.cli.connection.http import origin  # this import takes longer than most commands

            return origin(url) in {origin(one) for one in self.gateways()}
        except (CliError, ValueError):
            return False

    def text(self, section: str, key: str) -> str | None:
        value = self._value(section, key)
        return value if isinstance(value, str) and value else None

    def _value(self, section: str, key: str) -> Any:
        table = self.settings.get(section)
        return table.get(key) if isinstance(table, dict) else None


class Clusters:
    """Reads and changes of ``$DCOS_DIR/clusters``."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "clusters"

    def all(self) -> list[KnownCluster]:
        """By id. Raises `CliError` when the folder cannot be read."""
        with self._locked(shared=True):
            return self._read_all()

    def attached(self) -> KnownCluster | None:
        """The attached cluster. Raises `CliError` when there is not exactly one."""
        attached = [cluster for cluster in self.all() if cluster.attached]
        if len(attached) > 1:
            raise CliError(
                "more than one cluster is attached",
                details=[f"{cluster.name} ({cluster.folder})" for cluster in attached],
                hints=["say which: dcos cluster attach NAME"],
            )
        return attached[0] if attached else None

    def find(self, wanted: str) -> KnownCluster:
        """By id, name, or the beginning of either. Raises `CliError` when that is not one cluster."""
        known = self.all()
        for fits in (
            [cluster for cluster in known if cluster.id == wanted],
            [cluster for cluster in known if cluster.name == wanted],
            [cluster for cluster in known if wanted and cluster.id.startswith(wanted)],
            [cluster for cluster in known if wanted and cluster.name.startswith(wanted)],
        ):
            if len(fits) == 1:
                return fits[0]
            if fits:
                raise CliError(
                    f"{wanted!r} may be any of {len(fits)} clusters",
                    details=[f"{cluster.id} {cluster.name}" for cluster in fits],
                    hints=["give more of its id"],
                    exit_code=USAGE,
                )
        raise CliError(
            f"no cluster {wanted!r} is known here",
            details=[f"known: {cluster.name} ({cluster.id})" for cluster in known],
            hints=["dcos cluster setup URL makes one known"],
        )

    def save(
        self,
        cluster_id: str,
        changes: Mapping[str, Mapping[str, Any]],
        *,
        ca: bytes | None = None,
        attach: bool = False,
    ) -> KnownCluster:
        """Changes settings of the cluster; the value None removes a setting. Raises `CliError`. A damaged file is
        replaced. ``ca`` is written beside it.
        """
        folder = self.folder / cluster_id
        with self._locked(), _as_cli_error("write", folder):
            durable.private_folder(folder)
            settings: dict[str, Any] = dict(self._read(folder).settings)
            for section, values in changes.items():
                before = settings.get(section)
                after = {**(before if isinstance(before, dict) else {}), **values}
                settings[section] = {key: value for key, value in after.items() if value is not None}
            if ca is not None:
                durable.write(folder / CA_FILE, ca)
            from dcos_runtime.cli.clusters import toml

            durable.write(folder / SETTINGS_FILE, toml.dumps(settings).encode())
            if attach:
                self._attach(folder)
            return self._read(folder)

    def attach(self, cluster: KnownCluster) -> None:
        with self._locked(), _as_cli_error("attach", cluster.folder):
            self._attach(cluster.folder)

    def remove(self, cluster: KnownCluster) -> None:
        with self._locked(), _as_cli_error("remove", cluster.folder):
            shutil.rmtree(cluster.folder)

    def _attach(self, folder: Path) -> None:
        for other in self.folder.glob(f"*/{_ATTACHED}"):
            if other.parent != folder:
                other.unlink(missing_ok=True)
        if not (folder / _ATTACHED).exists():
            durable.write(folder / _ATTACHED, b"")

    def _read_all(self) -> list[KnownCluster]:
        with _as_cli_error("read", self.folder):
            try:
                folders = sorted(one for one in self.folder.iterdir() if (one / SETTINGS_FILE).is_file())
            except (FileNotFoundError, NotADirectoryError):
                return []
        return [self._read(one) for one in folders]

    def _read(self, folder: Path) -> KnownCluster:
        path = folder / SETTINGS_FILE
        attached = (folder / _ATTACHED).exists()
        hints = ["dcos cluster setup URL writes it again", f"dcos cluster remove {folder.name} forgets the cluster"]
        import tomllib

        try:
            _tighten(path)
            return KnownCluster(folder, attached, tomllib.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return KnownCluster(folder, attached, {})
        except OSError as error:
            problem = CliError(f"cannot read {path}: {error.strerror}", hints=hints)
        except ValueError as error:
            problem = CliError(f"{path} is not TOML: {error}", hints=hints)
        return KnownCluster(folder, attached, {}, problem)

    @contextlib.contextmanager
    def _locked(self, *, shared: bool = False) -> Iterator[None]:
        """Keeps readers from seeing an incomplete change."""
        descriptor = self._open_lock(shared=shared)
        if descriptor is None:
            yield
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _open_lock(self, *, shared: bool) -> int | None:
        """None for a reader where no lock file exists, or where it may not be opened."""
        path = self.home / ".lock"
        if shared:
            with contextlib.suppress(OSError):
                return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            return None
        with _as_cli_error("write", self.home):
            durable.private_folder(self.folder)
            return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextlib.contextmanager
def _as_cli_error(what: str, where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CliError(f"cannot {what} {where}: {error.strerror or error}") from error


def _tighten(path: Path) -> None:
    """Only its owner may read a file with a token. The mode of a file that others could read is corrected, with a
    note.
    """
    mode = path.stat().st_mode & 0o777
    if not mode & 0o077:
        return
    from dcos_runtime.cli.output import print_note

    try:
        path.chmod(mode & 0o700)
    except OSError as error:
        print_note(f"warning: others can read {path}, which may hold a token: {error.strerror}")
        return
    if b"dcos_acs_token" in path.read_bytes():
        print_note(
            f"warning: others could read {path}, which holds your token; now only you can. "
            "If you are not alone on this machine: dcos auth logout, then dcos auth login"
        )
