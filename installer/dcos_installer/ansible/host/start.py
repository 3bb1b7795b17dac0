"""The first lines that a machine's Python runs: takes code and request off standard input, and answers.

Sent as it stands, on the command line (`payload.COMMAND`); never imported. The other modules of this folder come on
standard input: as bytecode for a Python with our magic number, since compiling takes longer than all the rest of a
check, else as source.
"""

import sys

if sys.version_info < (3, 9):  # noqa: UP036
    sys.stdin.buffer.read()
    sys.exit("DCOS-OLD-PYTHON %d.%d" % sys.version_info[:2])

import marshal
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER

stream = sys.stdin.buffer
sizes = [int(word) for word in stream.readline().split()]
magic, compiled, source, request = [stream.read(size) for size in sizes]
if magic == MAGIC_NUMBER:
    parts = marshal.loads(compiled)
else:
    import json
    import zlib

    texts = json.loads(zlib.decompress(source))
    parts = {name: compile(text, "dcos_host/%s.py" % name, "exec", 0, True) for name, text in texts.items()}


class Sent:
    """Imports the modules that were sent, each at its first import."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):  # type: ignore[no-untyped-def]  # sent with every request
        package, _, part = name.partition(".")
        if package == "dcos_host" and (not part or part in parts):
            return ModuleSpec(name, cls, is_package=not part)  # type: ignore[arg-type]  # a loader by its methods
        return None

    @staticmethod
    def create_module(spec):  # type: ignore[no-untyped-def]  # sent with every request
        return None

    @staticmethod
    def exec_module(module):  # type: ignore[no-untyped-def]  # sent with every request
        part = module.__name__.partition(".")[2]
        if part:
            exec(parts[part], module.__dict__)


sys.meta_path.insert(0, Sent)

from dcos_host import main, quick  # type: ignore[import-not-found]  # noqa: E402  # found by `Sent`

main.main(quick.loads(request), stream)
