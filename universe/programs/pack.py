"""Puts a program's source into a package: `python universe/programs/pack.py PROGRAM TEMPLATE…` renews it there.

It is a zip archive of Python in base64, in the variable PROGRAM of the app, with the modules of `dcos_runtime` that the
program imports: the machine of its task has no other. Where what it holds equals the source it stays as it is:
compressors differ from machine to machine, and a package should not.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import re
import sys
import zipfile
from pathlib import Path

VARIABLE = "PROGRAM"
_SHARED = "dcos_runtime"
_ROOT = Path(__file__).resolve().parents[2]
_EPOCH = (2023, 1, 1, 0, 0, 0)
_MAIN = b"import runpy\n\nrunpy.run_module('%s', run_name='__main__', alter_sys=True)\n"


def contents(program: Path) -> dict[str, bytes]:
    """The files of the archive by name."""
    found = {f"{program.name}/{path.name}": path.read_bytes() for path in sorted(program.glob("*.py"))}
    shared: dict[str, bytes] = {}
    left = {name for source in found.values() for name in _shared_by(source)}
    while left:
        name = left.pop()
        shared[f"{_SHARED}/{name}.py"] = source = (_ROOT / _SHARED / f"{name}.py").read_bytes()
        left |= {one for one in _shared_by(source) if f"{_SHARED}/{one}.py" not in shared}
    if shared:
        shared[f"{_SHARED}/__init__.py"] = b""
    return {"__main__.py": _MAIN % program.name.encode(), **found, **dict(sorted(shared.items()))}


def _shared_by(source: bytes) -> set[str]:
    """The modules of `dcos_runtime` that a module imports."""
    found = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.ImportFrom)]
    whole = {alias.name for one in found if one.module == _SHARED for alias in one.names}
    return whole | {one.module.split(".")[1] for one in found if one.module and one.module.startswith(f"{_SHARED}.")}


def packed(files: dict[str, bytes]) -> str:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return base64.b64encode(out.getvalue()).decode()


def unpacked(text: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(text, validate=True))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def program_in(template: str) -> str:
    """The value of PROGRAM in the text of a template."""
    found = re.search(rf'"{VARIABLE}":\s*"([A-Za-z0-9+/=]*)"', template)
    if found is None:
        raise ValueError(f"the template has no {VARIABLE} in its env")
    return found[1]


def renew(program: Path, template: Path) -> bool:
    """Whether something had to be changed."""
    text = template.read_text()
    before = program_in(text)
    wanted = contents(program)
    if before and unpacked(before) == wanted:
        return False
    template.write_text(text.replace(json.dumps(before), json.dumps(packed(wanted)), 1))
    return True


if __name__ == "__main__":
    for name in sys.argv[2:]:
        print(f"{name}: {'renewed' if renew(Path(sys.argv[1]), Path(name)) else 'as it was'}")
