"""The entry of `dcos`: runs the command line and turns every error into text on stderr and an exit code.

0 is success, 1 a failure, 2 a command line that cannot be used, 130 an interrupt. Only what ends a process cleanly is
imported at the top, so that an interrupt during the other imports is as quiet as a later one.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import TextIO

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line (default: the process's own) and returns its exit code. Never raises, never exits."""
    try:
        _prepare_streams()
        code = _run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has closed it, which is a success.
        _discard(sys.stdout)
        code = 0
    try:
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)
    return code


def _prepare_streams() -> None:
    """Output to a stream that the caller closed is dropped, and a name that the locale cannot show is no failure."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123 - open until the process ends
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _run(arguments: list[str]) -> int:
    import click

    from dcos_runtime.cli.app import dcos
    from dcos_runtime.cli.errors import CliError

    try:
        if instruction := os.environ.get("_DCOS_COMPLETE"):
            from click.shell_completion import shell_complete

            return shell_complete(dcos, {}, "dcos", "_DCOS_COMPLETE", instruction)
        # Not click's own main, which writes on an interrupt and makes a broken pipe a failure.
        with dcos.make_context("dcos", arguments) as context:
            dcos.invoke(context)
        sys.stdout.flush()
        return 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        with contextlib.suppress(OSError):
            error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except CliError as error:
        _complain(error.text())
        return error.exit_code
    except BrokenPipeError:
        raise
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
        _complain(
            CliError(what, hints=["look at where the output goes, at the disk and at whose files are read"]).text()
        )
        _discard(sys.stdout)
        return 1
    except Exception as error:
        return _unexpected(error)


def _unexpected(error: Exception) -> int:
    """A bug of ours: prints one line for a report. The traceback is shown only with debug output."""
    import logging
    import traceback
    from pathlib import Path

    from dcos_runtime.cli.output import clean

    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    _complain(f"dcos: unexpected {type(error).__name__} at {where}: {clean(str(error))}")
    _complain("  This is a fault in dcos itself. --log-level=debug shows where it came from.")
    logging.getLogger("dcos").debug("traceback", exc_info=error)
    return 1


def _complain(text: str) -> None:
    # stderr may be closed: the exit code still tells.
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _discard(stream: TextIO) -> None:
    """The interpreter flushes the stream once more at its end, which would fail, and end the process with 120."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except OSError:
        pass  # it is not a file of this process (a test's buffer): nothing will be flushed to it


if __name__ == "__main__":
    sys.exit(main())
