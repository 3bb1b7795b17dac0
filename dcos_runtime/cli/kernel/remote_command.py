"""`dcos task exec` and `dcos task attach`: a command in a task's container, or the task itself, with our input, output
and terminal.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import http.client
import json
import os
import select
import signal
import struct
import sys
import termios
import threading
import tty
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from dcos_runtime.cli.connection.http import SILENT_SECONDS, Exchange, NoResponse, Response
from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.kernel.master import Agent, Agents, Task
from dcos_runtime.network_errors import cause
from dcos_runtime.wire import recordio

JSON = "application/json"
RECORDIO = "application/recordio"

_SIGNALLED = 128  # as a shell: a command that a signal ended
_BLOCK = 32 * 1024
_USUAL_SIZE = (24, 80)
_STDIN, _STDOUT, _STDERR = 0, 1, 2


DETACH = b"\x10\x11"
"""Ctrl-P Ctrl-Q, as in DC/OS and Docker."""


class _Remote:
    """Something in a container on an agent that prints, and may read."""

    refusal = ""
    """That the agent does not do it, to begin with."""
    hint = ""
    doubt = ""
    """What is not known when the agent does not answer."""
    lost = ""
    """What is with it when the connection to it is lost."""
    detachable = False

    def __init__(
        self, agents: Agents, agent: Agent, task: Task, container: Sequence[str], *, interactive: bool, terminal: bool
    ) -> None:
        self._agents = agents
        self._agent = agent
        self._task = task
        self._id: dict[str, Any] = {}
        for value in container:
            self._id = {"value": value, **({"parent": self._id} if self._id else {})}
        self._interactive = interactive
        self._terminal = terminal
        self._size = _USUAL_SIZE
        self._problem: BaseException | None = None
        self._over, self._over_write = os.pipe()
        self._held = b""
        """The first key of `DETACH`, until the next one is typed."""

    def _pass_on(self, output: tuple[Exchange, Any], feed: Exchange | None) -> None:
        """Until the output is over. Raises `CliError` and ``BrokenPipeError``: nobody reads our output."""
        reader = threading.Thread(target=self._print, args=output, daemon=True)
        try:
            with self._raw(), self._resized() as resized:
                reader.start()
                self._feed(feed, resized)
        finally:
            for exchange in (feed, output[0]):
                if exchange is not None:
                    exchange.close()
        if self._problem is not None:
            raise self._problem

    # --- calls --------------------------------------------------------------------------------------------------------

    def _begin(self, call: dict[str, Any]) -> tuple[Exchange, Any]:
        """A call whose answer is the output."""
        headers = {"Content-Type": JSON, "Accept": RECORDIO, "Message-Accept": JSON}
        exchange = self._agents.begin(self._agent, json.dumps(call).encode("ascii", "surrogateescape"), headers)
        answer = self._answered(exchange)
        return exchange, answer

    def _answered(self, exchange: Exchange) -> Any:
        try:
            answer = exchange.answer()
            if answer.status == 200:
                return answer
            response = exchange.whole(answer)
        except NoResponse as error:
            exchange.close()
            raise CliError(
                f"agent {self._agent.hostname} did not say whether {self.doubt}: {error}",
                hints=[f"{self.lost}: try again"],
            ) from error
        exchange.close()
        raise self._refused(self._agents.admitted(self._agent, response))

    def _refused(self, response: Response) -> CliError:
        what = f"agent {self._agent.hostname} {self.refusal} {self._task.id}"
        if response.status == 404 and "cannot be found" not in response.complaint():
            return CliError(
                what,
                details=["its version of dcos is older than that of this command"],
                hints=["a deploy brings the cluster to one version: dcos-installer deploy"],
            )
        said = response.complaint() or f"it answered {response.status}"
        return CliError(what, details=[said], hints=[self.hint])

    def _attach(self) -> Exchange:
        headers = {"Content-Type": RECORDIO, "Message-Content-Type": JSON, "Accept": JSON}
        exchange = self._agents.begin(self._agent, None, headers)
        exchange.send(_record({"type": "CONTAINER_ID", "container_id": self._id}))
        return exchange

    # --- output -------------------------------------------------------------------------------------------------------

    def _print(self, exchange: Exchange, answer: Any) -> None:
        """In a thread of its own: it waits for the agent, or for the reader of our output."""
        try:
            for record in _records(answer, exchange.url):
                piece = json.loads(record)
                if piece.get("type") == "DATA":
                    data = base64.b64decode(piece["data"].get("data", ""))
                    _write(_STDERR if piece["data"].get("type") == "STDERR" else _STDOUT, data)
        except NoResponse as error:
            self._problem = CliError(
                f"the connection to task {self._task.id} was lost: {error}",
                hints=[self.lost],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._problem = CliError(f"agent {self._agent.hostname} does not answer as agents do: {error}")
        except OSError as error:
            self._problem = error
        finally:
            os.close(self._over_write)

    # --- input --------------------------------------------------------------------------------------------------------

    def _feed(self, feed: Exchange | None, resized: int) -> None:
        """Passes input and sizes on, until the output is over."""
        sources = [self._over, resized]
        if self._interactive:
            sources.append(_STDIN)
        while True:
            ready, _, _ = select.select(sources, [], [])
            if self._over in ready:
                return
            if resized in ready:
                os.read(resized, 1024)
            if self._terminal and feed is not None:  # also before what was typed: the signal may come behind it
                self._send_size(feed)
            if _STDIN in ready and feed is not None:
                data = os.read(_STDIN, _BLOCK)
                if data and self.detachable:
                    data = self._held + data
                    if DETACH in data:
                        return
                    self._held = DETACH[:1] if data.endswith(DETACH[:1]) else b""
                    data = data.removesuffix(self._held)
                    if not data:
                        continue
                if not _sent(feed, _input(data)) or not data:
                    sources.remove(_STDIN)
                    if not self._terminal:  # a terminal may still change its size
                        with contextlib.suppress(OSError):
                            feed.end_body()

    def _send_size(self, feed: Exchange) -> None:
        """If it is another than before."""
        size = rows, columns = _size()
        if size == self._size:
            return
        self._size = size
        info = {"window_size": {"rows": rows, "columns": columns}}
        _sent(feed, _io({"type": "CONTROL", "control": {"type": "TTY_INFO", "tty_info": info}}))

    @contextlib.contextmanager
    def _raw(self) -> Iterator[None]:
        """Every key goes to the command, Ctrl-C too."""
        if not (self._terminal and self._interactive and os.isatty(_STDIN)):
            yield
            return
        before = termios.tcgetattr(_STDIN)
        try:
            tty.setraw(_STDIN, termios.TCSADRAIN)  # what was typed already is kept
            yield
        finally:
            termios.tcsetattr(_STDIN, termios.TCSADRAIN, before)

    @contextlib.contextmanager
    def _resized(self) -> Iterator[int]:
        """A pipe that is written to when our terminal has another size."""
        read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        before = signal.signal(signal.SIGWINCH, lambda number, frame: None)
        woken = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        try:
            yield read
        finally:
            signal.set_wakeup_fd(woken)
            signal.signal(signal.SIGWINCH, before)
            os.close(read)
            os.close(write)


class RemoteCommand(_Remote):
    """One command in the container ``container_id`` of ``task``. `run` it once."""

    refusal = "does not run it in task"
    hint = "is the program in the task's container, and does the task run?"
    doubt = "it started the command"
    lost = "a command ends when the connection to it does"

    def __init__(
        self, agents: Agents, agent: Agent, task: Task, container_id: str, *, interactive: bool, terminal: bool
    ) -> None:
        container = (*container_id.split("."), str(uuid.uuid4()))
        super().__init__(agents, agent, task, container, interactive=interactive, terminal=terminal)

    def run(self, argv: Sequence[str]) -> int:
        """Until it has ended. Its exit code; 128 and the signal that ended it. Raises `CliError` and
        ``BrokenPipeError``: nobody reads our output.
        """
        output = self._launch(argv)
        self._pass_on(output, self._attach() if self._interactive or self._terminal else None)
        return self._exit_code()

    def _launch(self, argv: Sequence[str]) -> tuple[Exchange, Any]:
        container: dict[str, Any] = {"type": "MESOS"}
        environment: list[dict[str, str]] = []
        if self._terminal:
            rows, columns = self._size = _size()
            container["tty_info"] = {"window_size": {"rows": rows, "columns": columns}}
            environment = [{"name": "TERM", "value": os.environ.get("TERM") or "dumb"}]
        wanted = {
            "container_id": self._id,
            "command": {
                "shell": False,
                "value": argv[0],
                "arguments": list(argv),
                "environment": {"variables": environment},
            },
            "container": container,
        }
        return self._begin({"type": "LAUNCH_NESTED_CONTAINER_SESSION", "launch_nested_container_session": wanted})

    def _exit_code(self) -> int:
        call = {"type": "WAIT_NESTED_CONTAINER", "wait_nested_container": {"container_id": self._id}}
        response = self._agents.call(self._agent, call)
        try:
            status = response.json()["wait_nested_container"]["exit_status"] if response.status == 200 else None
        except (ValueError, KeyError, TypeError):
            status = None
        if not isinstance(status, int):
            raise CliError(
                f"the command in task {self._task.id} has ended, and it is not known how",
                hints=["its container may have ended: dcos ps --all"],
            )
        return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else _SIGNALLED + os.WTERMSIG(status)


class RemoteTask(_Remote):
    """The terminal of the container ``container_id`` of ``task``. `run` it once; the task goes on after it."""

    refusal = "does not attach to task"
    hint = "only a task that was launched with a terminal can be attached to, and by one input at a time"
    doubt = "it attached to the task"
    lost = "the task goes on without the connection to it"
    detachable = True

    def __init__(self, agents: Agents, agent: Agent, task: Task, container_id: str, *, interactive: bool) -> None:
        container = container_id.split(".")
        super().__init__(agents, agent, task, container, interactive=interactive, terminal=interactive)

    def run(self) -> None:
        """Until the task has ended, or `DETACH` is typed. Raises `CliError` and ``BrokenPipeError``."""
        if self._interactive and not os.isatty(_STDIN):
            raise CliError(
                "standard input is no terminal: a task's terminal is typed to",
                hints=["with --no-stdin the task's output is printed, and no input is passed on"],
            )
        output = self._begin({"type": "ATTACH_CONTAINER_OUTPUT", "attach_container_output": {"container_id": self._id}})
        feed = None
        if self._interactive:
            feed = self._attach()
            self._size = (0, 0)
            self._send_size(feed)
        self._pass_on(output, feed)


def _records(answer: http.client.HTTPResponse, url: str) -> Iterator[bytes]:
    """The records of an answer, as they come. Raises `NoResponse` when it breaks off."""
    decoder = recordio.Decoder(16 << 20)
    try:
        while data := answer.read1(_BLOCK):
            yield from decoder.feed(data)
        if not decoder.clean:
            raise NoResponse(url, "it ended within a record")
    except (http.client.HTTPException, OSError, recordio.RecordError, ValueError) as error:
        raise NoResponse(url, cause(error, SILENT_SECONDS)) from error


def _size() -> tuple[int, int]:
    """Rows and columns of our terminal."""
    for descriptor in (_STDIN, _STDOUT, _STDERR):
        with contextlib.suppress(OSError):
            rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(descriptor, termios.TIOCGWINSZ, bytes(8)))
            if rows and columns:
                return rows, columns
    return _USUAL_SIZE


def _record(attach: dict[str, Any]) -> bytes:
    return recordio.encode(json.dumps({"type": "ATTACH_CONTAINER_INPUT", "attach_container_input": attach}).encode())


def _io(process_io: dict[str, Any]) -> bytes:
    return _record({"type": "PROCESS_IO", "process_io": process_io})


def _input(data: bytes) -> bytes:
    """No data: the end of the input."""
    return _io({"type": "DATA", "data": {"type": "STDIN", "data": base64.b64encode(data).decode()}})


def _sent(feed: Exchange, record: bytes) -> bool:
    """False when the agent takes no more: the command ends."""
    try:
        feed.send(record)
    except OSError:
        return False
    return True


def _write(descriptor: int, data: bytes) -> None:
    if descriptor == _STDOUT:
        sys.stdout.flush()
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
