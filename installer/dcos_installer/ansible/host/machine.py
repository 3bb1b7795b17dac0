"""The machine, as the other code on the host uses it: files below a root, commands, and one method for every change."""

from __future__ import annotations

import errno
import os
import stat

from .errors import HostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

HOME = "/opt/dcos"
GENERATIONS = HOME + "/generations"
PACKAGES = HOME + "/packages"
SEEDS = "/usr/lib/dcos/packages"
"""Packages that came with the machine's image, as they are in `PACKAGES`."""
IMAGE_USERS = "/usr/lib/sysusers.d/dcos.conf"
"""The users that came with it."""
STATE = HOME + "/state"
ACTIVE = HOME + "/active"
PREVIOUS = HOME + "/previous"
SECRETS = "/etc/dcos-secrets"
LASTING = "/var/lib/dcos"
"""The daemons' state."""
STATES = LASTING + "/"

PACKAGE_TIME = 946684800
"""The modification time of every file of a package (2000-01-01); a file with another time was edited."""
PACKAGE_NAMES = ".dcos-names"
"""In every package: the sorted paths of all its files, one a line, by which missing ones are found."""


class HostCommandResult:
    """A command that ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err


class Machine:
    """Paths are the machine's own; ``root`` is put before them, so that a folder can stand for a machine.
    ``patience`` is the factor of all deadlines: more than 1 where it is slow.
    """

    def __init__(self, root: str = "/", patience: float = 1.0) -> None:
        self.root = "" if root == "/" else root.rstrip("/")
        self.patience = patience

    @property
    def real(self) -> bool:
        """Whether this is the machine itself, not a folder that stands for one."""
        return not self.root

    def at(self, path: str) -> str:
        return self.root + path

    def step(self, what: str) -> None:
        """Called before every change, with a description of it. Tests end the process here."""

    # --- looking -----------------------------------------------------------------------------------------------------

    def read(self, path: str) -> bytes | None:
        """The file's content; None when there is none."""
        try:
            with open(self.at(path), "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def text(self, path: str) -> str:
        """The file's text, stripped; empty when it cannot be read."""
        try:
            return (self.read(path) or b"").decode("utf-8", "replace").strip()
        except OSError:
            return ""

    def link(self, path: str) -> str | None:
        """Where the link leads; None when there is no link."""
        try:
            return os.readlink(self.at(path))
        except OSError:
            return None

    def lstat(self, path: str) -> os.stat_result | None:
        try:
            return os.lstat(self.at(path))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def exists(self, path: str) -> bool:
        """Whether the path exists; inside a root, links are resolved inside it."""
        followed = 0
        while followed < 20:
            target = self.link(path)
            if target is None:
                return os.path.lexists(self.at(path))
            path = target if target.startswith("/") else os.path.normpath(os.path.dirname(path) + "/" + target)
            followed += 1
        return False

    def names(self, path: str) -> list[str]:
        """The folder's entries, sorted; none when it is not there."""
        try:
            return sorted(os.listdir(self.at(path)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def free_bytes(self, path: str) -> int:
        """What is free for us on the file system of ``path`` or of its nearest parent that is there."""
        place = self.at(path)
        while not os.path.isdir(place):
            place = os.path.dirname(place) or "/"
        found = os.statvfs(place)
        return found.f_bavail * found.f_frsize

    # --- changing ----------------------------------------------------------------------------------------------------

    def folder(self, path: str, mode: int = 0o755) -> None:
        """Makes the folder, with its parents, unless it is there."""
        if os.path.isdir(self.at(path)):
            return
        parent = os.path.dirname(path)
        if parent not in ("", "/", path):
            self.folder(parent)
        elif self.root:
            os.makedirs(self.root, exist_ok=True)
        self.step("make the folder " + path)
        os.mkdir(self.at(path), mode)
        os.chmod(self.at(path), mode)  # independent of the umask

    def create(self, path: str, data: bytes, mode: int, uid: int = -1, gid: int = -1) -> None:
        """Writes a new file and syncs it to the disk. An existing file is replaced, but not in one step."""
        self.step("write " + path)
        descriptor = os.open(self.at(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            if os.geteuid() == 0 and (uid, gid) != (-1, -1):
                os.fchown(descriptor, uid, gid)
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def replace(self, path: str, data: bytes, mode: int, uid: int = -1, gid: int = -1) -> None:
        """Replaces a file in one step: after a crash it holds the old content or the new one."""
        folder, name = os.path.split(path)
        temporary = folder + "/." + name + ".new"
        self.remove(temporary)
        try:
            self.create(temporary, data, mode, uid, gid)
            self.rename(temporary, path)
        except OSError:
            self.remove(temporary)
            raise

    def symlink(self, target: str, path: str) -> None:
        """Makes a link in one step; a file or link at ``path`` is replaced."""
        folder, name = os.path.split(path)
        temporary = folder + "/." + name + ".new"
        self.remove(temporary)
        self.step("link " + path + " to " + target)
        os.symlink(target, self.at(temporary))
        self.rename(temporary, path)

    def rename(self, old: str, new: str) -> None:
        self.step("rename " + old + " to " + new)
        os.rename(self.at(old), self.at(new))
        self.sync(os.path.dirname(new))

    def remove(self, path: str) -> None:
        """Removes a file, a link, or a folder with its content. Does nothing when it is missing. A folder that a file
        system is mounted at is emptied, and stays.
        """
        found = self.lstat(path)
        if found is None:
            return
        self.step("remove " + path)
        if stat.S_ISDIR(found.st_mode):
            from shutil import rmtree

            mounted = []

            def failed(_: Any, where: str, error: Any) -> None:
                number = getattr(error[1], "errno", None)
                if number == errno.EBUSY and os.path.ismount(where):
                    mounted.append(where)
                elif number != errno.ENOTEMPTY or not any(one.startswith(where + "/") for one in mounted):
                    raise error[1]

            rmtree(self.at(path), onerror=failed)
        else:
            os.unlink(self.at(path))

    def sync(self, folder: str) -> None:
        """Syncs a folder's entries to the disk."""
        descriptor = os.open(self.at(folder), os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:  # some file systems have nothing to sync there
                raise
        finally:
            os.close(descriptor)

    def run(self, argv: Sequence[str], seconds: float = 60.0, change: bool = True) -> HostCommandResult:
        """Runs a command to its end. Raises `HostError` when it is missing or does not end in time: ``seconds`` on a
        usual machine.
        """
        import subprocess

        seconds *= self.patience

        if change:
            self.step("run " + " ".join(argv))
        try:
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=seconds
            )
        except OSError as error:
            raise HostError("cannot run " + argv[0], str(error), "is the operating system complete?") from None
        except subprocess.TimeoutExpired as error:
            said = error.stderr or error.stdout or b""
            evidence = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
            raise HostError(
                " ".join(argv) + " did not end within %g s" % seconds,
                "it was killed",
                "see what holds it up on the host, and run again",
                evidence,
            ) from None
        return HostCommandResult(done.returncode, done.stdout, done.stderr)

    # --- users -------------------------------------------------------------------------------------------------------

    def user(self, name: str) -> int | None:
        """The user's id; None when there is no such user."""
        return self._id("/etc/passwd", name)

    def group(self, name: str) -> int | None:
        return self._id("/etc/group", name)

    def add_user(self, name: str, home: str, comment: str) -> None:
        """Adds a system user and a group of the same name, without a shell."""
        if self.real:
            argv = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", home]
            done = self.run([*argv, "--shell", "/usr/sbin/nologin", "--comment", comment, name])
            if done.code:
                raise HostError("cannot add the user " + name, done.err.strip(), "look at /etc/passwd and /etc/group")
            return
        self.folder("/etc")
        used = {
            fields[2] for table in ("/etc/passwd", "/etc/group") for fields in self._table(table) if len(fields) > 2
        }
        number = next(str(number) for number in range(900, 0, -1) if str(number) not in used)
        for table, line in (
            ("/etc/group", f"{name}:x:{number}:\n"),
            ("/etc/passwd", f"{name}:x:{number}:{number}:{comment}:{home}:/usr/sbin/nologin\n"),
        ):
            if not any(fields[0] == name for fields in self._table(table)):
                self.replace(table, (self.read(table) or b"") + line.encode(), 0o644)

    def users(self) -> list[str]:
        """Users that deploys have added: those of services, also of services that are gone. Those that the image has
        are not among them: they stay.
        """
        found = [fields for fields in self._table("/etc/passwd") if len(fields) > 5]
        ours = {fields[0] for fields in found if fields[0].startswith("dcos-") and fields[5].startswith(STATES)}
        kept = [line.split() for line in self.text(IMAGE_USERS).splitlines()]
        return sorted(ours - {words[1] for words in kept if len(words) > 1 and words[0] == "u"})

    def remove_user(self, name: str) -> None:
        """Removes a user of ours, with its group. Its files belong to root then, because its number can be reused."""
        home = STATES + name[len("dcos-") :]
        if self.lstat(home) is not None and os.geteuid() == 0:
            self.step("give " + home + " to root")
            for folder, folders, files in os.walk(self.at(home)):
                for entry in [folder, *(os.path.join(folder, each) for each in folders + files)]:
                    os.chown(entry, 0, 0, follow_symlinks=False)
        if self.real:
            done = self.run(["userdel", name])
            if done.code:
                raise HostError("cannot remove the user " + name, done.err.strip(), "end its processes, then run again")
            return
        for table in ("/etc/passwd", "/etc/group"):
            lines = (self.read(table) or b"").decode("utf-8", "replace").splitlines(keepends=True)
            kept = [line for line in lines if line.partition(":")[0] != name]
            if kept != lines:
                self.replace(table, "".join(kept).encode(), 0o644)

    def _id(self, table: str, name: str) -> int | None:
        for fields in self._table(table):
            if fields[0] == name and len(fields) > 2:
                return int(fields[2])
        if self.real:  # not in the file: a directory service may know it
            import grp
            import pwd

            try:
                return pwd.getpwnam(name).pw_uid if table == "/etc/passwd" else grp.getgrnam(name).gr_gid
            except KeyError:
                return None
        return 0 if name == "root" else None

    def _table(self, path: str) -> list[list[str]]:
        return [line.split(":") for line in (self.read(path) or b"").decode("utf-8", "replace").splitlines() if line]
