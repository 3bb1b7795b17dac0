"""Builds ``dcos-runtime``: our daemons and the `dcos` command with their locked dependencies, for one kind of machine.

Dependencies are wheels from the index in the operator's pip configuration, checked by the hashes of the lock. The
package does not depend on the builder's paths, times or directory order: the same inputs give the same bytes.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from dcos_installer.bundle import elf
from dcos_installer.bundle.archive import Built, BundleError, cache_home, keep, kept, pack
from dcos_installer.data import locks_dir
from dcos_installer.plan.facts import Target
from dcos_installer.process import run
from dcos_installer.services import installed
from dcos_runtime import __version__
from dcos_runtime.build import WORKSHOP

NAME = "dcos-runtime"

COMMAND = ("dcos", "dcos_runtime.cli.main")
"""The command for users of a cluster, and the module whose ``main()`` it runs."""

UNIVERSE = (
    *("__init__.py", "py.typed", "errors.py", "model.py", "mustache.py", "render.py"),
    *("schema_cost.py", "schema_walk.py", "validate.py", "artifacts.py", "parsing.py", "reading.py", "states.py"),
    *("schemas", "index", "check", "layout.py", "serving"),
)
"""The parts of ``dcos_universe`` that run on machines. They need no further library."""

_FORMAT = 1
"""The version of the build: another number rebuilds every package."""

_PIP_SECONDS = 900.0
_COMPILE_SECONDS = 300.0
_COMPILE_PARTS = 4
"""Fixed, because the assignment of files to processes affects the bytecode."""

_OLDEST_GLIBC = 17
_DROPPED_SUFFIXES = (".pyi", ".pyx", ".pxd", ".pxi", ".c", ".h", ".hash", ".pyc")
_DROPPED_FOLDERS = ("tests", "test", "__pycache__")
_DROPPED_METADATA = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "top_level.txt")
_PIP_SETTINGS_OF_OTHERS = ("PIP_TARGET", "PIP_USER", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV")
"""Variables that would make pip install elsewhere, or not at all. The operator's choice of an index stays."""

_LAUNCHER = '''\
#!/usr/bin/python{python} -IBS
"""Starts {program} from the package that this file lies in, with nothing but that package and the standard library."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "lib"))

from dcos_runtime.start import program

sys.exit(program("{module}"))
'''

_COMPILE = """\
import py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
home = sys.argv[1]
for name in sys.stdin.read().split("\\0"):
    py_compile.compile(home + "/" + name, dfile="dcos-runtime/" + name, doraise=True, invalidation_mode=mode, quiet=1)
"""


def programs() -> dict[str, str]:
    """Programs of the package, and the module whose ``main()`` each runs: the command, and those of services."""
    daemons = {f"dcos-{service.name}": service.program for service in installed() if service.program}
    return dict(sorted((*daemons.items(), COMMAND)))


def build(
    target: Target,
    *,
    cache: Path | None = None,
    lock: Path | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> Built:
    """The package for ``target``, built now or from the cache. ``note`` gets progress.

    Raises `BundleError`, and `InstallerError` when pip cannot get what the lock names.
    """
    home = cache_home() if cache is None else cache
    lock = locks_dir() / "runtime.lock" if lock is None else lock
    interpreter = _interpreter(target)
    inputs = _inputs(target, lock, interpreter)
    home.mkdir(parents=True, exist_ok=True)
    with _exclusive_lock(home / f".{inputs}.lock"):
        found = kept(home, inputs)
        if found:
            return found
        with tempfile.TemporaryDirectory(prefix="dcos-bundle-") as folder:
            tree = Path(folder) / "tree"
            note(f"{NAME} for {target}: fetching the dependencies in {lock.name}")
            _fetch(target, lock, tree / "lib")
            note(f"{NAME} for {target}: putting it together")
            _trim(tree / "lib")
            _copy_own_code(tree / "lib")
            _write_launchers(target, tree / "bin")
            if interpreter is None:
                note(f"{NAME} for {target}: no python{_dotted(target)} here to compile with, so daemons start slower")
            else:
                _compile(interpreter, tree)
            return keep(
                home,
                inputs,
                pack(tree),
                name=NAME,
                version=__version__,
                programs=tuple(programs()),
                target=target,
                compiled=interpreter is not None,
            )


def find(target: Target, *, cache: Path | None = None) -> Built | None:
    """The package for ``target``, if it is in the cache. Raises `BundleError` if none can be built."""
    home = cache_home() if cache is None else cache
    return kept(home, _inputs(target, locks_dir() / "runtime.lock", _interpreter(target)))


def platforms(target: Target) -> list[str]:
    """The wheel platforms of a machine, newest first. Raises `BundleError` for a libc without wheels."""
    match = re.fullmatch(r"glibc-2\.(\d+)", target.libc)
    if not match or int(match[1]) < _OLDEST_GLIBC:
        raise BundleError(
            f"there are no packages for machines with {target.libc}",
            why="the dependencies come as wheels, and those need glibc 2.17 or newer",
            hint="use an operating system with glibc, such as Debian 12",
        )
    found = [f"manylinux_2_{minor}_{target.arch}" for minor in range(int(match[1]), _OLDEST_GLIBC - 1, -1)]
    return [*found, f"manylinux2014_{target.arch}", f"linux_{target.arch}"]


def own_files() -> Iterator[tuple[str, Path]]:
    """The runtime's own files, by their path below ``lib``: code and data, without generated and hidden files, and
    without those that only a checkout needs (`build.WORKSHOP`); and the parts of the universe that the package manager
    needs.
    """
    for parts, path in _files_of("dcos_runtime"):
        if not any("/".join(parts[:depth]) in WORKSHOP for depth in range(1, len(parts))):
            yield "/".join(("dcos_runtime", *parts)), path
    for parts, path in _files_of("dcos_universe"):
        if parts[0] in UNIVERSE:
            yield "/".join(("dcos_universe", *parts)), path


def _files_of(package: str) -> Iterator[tuple[tuple[str, ...], Path]]:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise BundleError(
            f"{package} cannot be found", why="this installation of dcos is incomplete", hint="install dcos again"
        )
    top = Path(next(iter(spec.submodule_search_locations)))
    for path in sorted(top.rglob("*")):
        parts = path.relative_to(top).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if not hidden and path.is_file() and path.suffix != ".pyc":
            yield parts, path


def _inputs(target: Target, lock: Path, interpreter: str | None) -> str:
    digest = hashlib.sha256(f"{_FORMAT}\n{target}\n{__version__}\n{interpreter is not None}\n".encode())
    digest.update(hashlib.sha256(lock.read_bytes()).digest())
    digest.update(repr(programs()).encode())
    for builder in (Path(__file__), Path(elf.__file__)):
        digest.update(hashlib.sha256(builder.read_bytes()).digest())
    for name, path in own_files():
        digest.update(f"{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _fetch(target: Target, lock: Path, lib: Path) -> None:
    python = _dotted(target)
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    argv += ["--require-hashes", "--only-binary=:all:", "--no-deps", "--no-compile", "--target", str(lib)]
    argv += [
        "--implementation",
        "cp",
        "--python-version",
        python,
        "--abi",
        target.python,
        "--abi",
        "abi3",
        "--abi",
        "none",
    ]
    for platform in platforms(target):
        argv += ["--platform", platform]
    environment = {name: value for name, value in os.environ.items() if name not in _PIP_SETTINGS_OF_OTHERS}
    run(
        [*argv, "--requirement", lock],
        deadline=_PIP_SECONDS,
        what=f"fetch the runtime's dependencies for {target} with pip",
        env=environment,
    )


def _trim(lib: Path) -> None:
    """Removes what no daemon reads: tests, types, sources of extensions, pip's notes, and sections of libraries."""
    shutil.rmtree(lib / "bin", ignore_errors=True)  # pip's scripts name the builder's Python
    for folder in sorted(lib.rglob("*"), reverse=True):
        if folder.is_dir() and folder.name in _DROPPED_FOLDERS:
            shutil.rmtree(folder)
    for path in sorted(lib.rglob("*")):
        if not path.is_file():
            continue
        metadata = path.parent.name.endswith(".dist-info")
        if path.name.endswith(_DROPPED_SUFFIXES) or (metadata and path.name in _DROPPED_METADATA):
            path.unlink()
            continue
        if ".so" in path.suffixes:
            path.write_bytes(elf.without_sections(path.read_bytes()))
        path.chmod(0o644)


def _copy_own_code(lib: Path) -> None:
    for name, path in own_files():
        place = lib / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
        place.chmod(0o644)


def _write_launchers(target: Target, folder: Path) -> None:
    folder.mkdir()
    for program, module in programs().items():
        launcher = folder / program
        launcher.write_text(_LAUNCHER.format(python=_dotted(target), program=program, module=module))
        launcher.chmod(0o755)


def _interpreter(target: Target) -> str | None:
    """A Python of this machine whose bytecode the target can read; None if there is none."""
    if sys.implementation.cache_tag == f"cpython-{target.python[2:]}":
        return sys.executable
    return shutil.which(f"python{_dotted(target)}")


def _compile(interpreter: str, tree: Path) -> None:
    """Writes bytecode that is never checked against its source: packages do not change.

    The hash seed is fixed and every process compiles the same files in the same order, because both affect the
    bytecode.
    """
    names = sorted(path.relative_to(tree).as_posix() for path in (tree / "lib").rglob("*.py"))
    environment = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONHASHSEED": "0"}
    for part in range(_COMPILE_PARTS):
        run(
            [interpreter, "-S", "-B", "-c", _COMPILE, tree],
            deadline=_COMPILE_SECONDS,
            what="compile the runtime",
            stdin="\0".join(names[part::_COMPILE_PARTS]),
            env=environment,
            cwd=Path("/"),
        )
    for path in (tree / "lib").rglob("*.pyc"):
        path.chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH)


def _dotted(target: Target) -> str:
    """``cp311`` → ``3.11``."""
    match = re.fullmatch(r"cp3(\d+)", target.python)
    if not match:
        raise BundleError(
            f"{target.python or 'no Python'} is no CPython 3",
            why="the daemons' packages are built for CPython alone",
            hint="machines need CPython 3.11 or newer",
        )
    return f"3.{match[1]}"


@contextlib.contextmanager
def _exclusive_lock(path: Path) -> Iterator[None]:
    """Only one builder works at a time: a second one uses the result of the first."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
