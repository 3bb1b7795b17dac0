"""The only module that uses fabric and paramiko: a connection to a machine, typed, with host keys always checked.

fabric's own connection accepts any host key, known or not, and reads configuration files of its own. Here known_hosts
decides, read by OpenSSH; an unknown key is refused, and only the hop's settings define how a machine is reached.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import fabric
import paramiko

from dcos_installer.errors import InstallerError
from dcos_installer.hosts.known_keys import KnownKeys, known_keys
from dcos_installer.hosts.proxy_command import ProxyCommand
from dcos_installer.hosts.route import Hop

_ALIVE_SECONDS = 10.0
"""A machine that has said nothing for so long is asked for a sign of life."""
_DEAD_SECONDS = 30.0
"""After so long without one it is given up, wherever on the way to it the silence is."""
_SIGN = "keepalive@openssh.com"
_WINDOW = 4 << 20
_PACKET = 1 << 15
_PART = 1 << 18
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
_DIGESTS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512")
"""Ciphers in order of preference, without weak ones. paramiko's own order has GCM last, which has half again the
throughput.
"""
_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")}
"""The signature algorithms of a kind of key; other kinds have one, with their own name."""
_LOOK_SECONDS = 0.5
"""Seconds between a reader's or writer's checks whether the channel is still open."""

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # errors are raised, and reported by the caller


AGAIN = "run the command again"


class NotReached(InstallerError):
    """Nothing was run on a machine: SSH did not reach it, or not as the wanted user."""


class _Refused(Exception):
    """A host key that must not be trusted, and why."""

    def __init__(self, why: str, hint: str) -> None:
        self.why, self.hint = why, hint
        super().__init__(why)


class _Decide:
    """paramiko's policy for host keys. It decides about every key, before the login, because paramiko's own table is
    empty.

    That table holds one key for each type and name; known_hosts may have several, while a key is changed.
    """

    def __init__(self, known: KnownKeys, hop: Hop) -> None:
        self._known, self._hop = known, hop

    def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
        kind, text = key.get_name(), key.get_base64()
        shown = f"{kind} {_fingerprint(text)}"
        if text in self._known.revoked:
            raise _Refused(
                f"the host key of {self._hop.shown} was revoked (@revoked in known_hosts): {shown}",
                "give the machine a new host key, and put that into known_hosts",
            )
        if any(known == text for _, known in self._known.good):
            return
        if self._known.good:
            same = [f"{one} {_fingerprint(known)}" for one, known in self._known.good if one == kind]
            known = " and ".join(same or [f"{one} {_fingerprint(known)}" for one, known in self._known.good])
            raise _Refused(
                f"its host key is not the one in known_hosts: it showed {shown}, {known} is known",
                "there may be an attacker in between; only if you know that the key was changed, put the new one into"
                " known_hosts",
            )
        why = f"the host key of {self._hop.shown} is unknown: it showed {shown}"
        if self._known.authorities:
            why += "; known_hosts names a certificate authority for it, and host certificates are not read here"
        raise _Refused(why, f"compare it with the machine's own, then put it into known_hosts as {self._known.name}")


class _Noting(paramiko.packet.Packetizer):  # type: ignore[misc]  # paramiko has no types
    """Notes when the other side has said something last: data, a sign of life, whatever."""

    def __init__(self, sock: Any) -> None:
        super().__init__(sock)
        self.heard = time.monotonic()

    def read_message(self) -> Any:
        message = super().read_message()
        self.heard = time.monotonic()
        return message


class Session:
    """One command's channel: bytes in, bytes out, its exit code. Several threads may use it."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        channel.settimeout(_LOOK_SECONDS)

    def read(self, *, stderr: bool = False) -> bytes | None:
        """The next bytes; empty at the end; None when nothing came for a moment."""
        try:
            data: bytes = self._channel.recv_stderr(_PART) if stderr else self._channel.recv(_PART)
        except TimeoutError:
            return None
        return data

    def write(self, data: bytes) -> bool:
        """Whether the other side took all of it; it takes nothing more once the command has ended."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._channel.send(rest[:_PACKET]) :]
            except TimeoutError:
                if self.ended:
                    return False
            except (OSError, EOFError):
                return False
        return True

    def end_input(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            self._channel.shutdown_write()

    @property
    def ended(self) -> bool:
        """Whether the exit code of the command has arrived, or never will."""
        ready: bool = self._channel.exit_status_ready()
        return ready

    def exit_code(self) -> int | None:
        """Waits for the exit code; None: the connection ended first."""
        code: int = self._channel.recv_exit_status()
        return None if code < 0 else code


class HostConnection:
    """A connection to a machine, through all hops. Any thread may close it."""

    def __init__(self, hops: Sequence[Hop], timeout: float) -> None:
        self._hops = tuple(hops)
        self._timeout = timeout
        self._mutex = threading.Lock()
        self._closed = threading.Event()
        self.lost = ""
        """Why the connection was given up by this end; empty: it was not."""
        self._made: list[Any] = []
        self._proxy: ProxyCommand | None = None
        gateway: Any = None
        for hop in self._hops:
            made = _connection(hop, gateway, timeout)
            self._made.append(made)
            gateway = made

    def open(self) -> None:
        """Connects. Raises `NotReached`, with the hop that failed."""
        for hop, made in zip(self._hops, self._made, strict=True):
            _trust(made, known_keys(hop.known_as, hop.port, hop.known_hosts_files), hop)
            with _as_installer_error(hop, self._proxied):
                if hop.proxy_command and made.gateway is None:
                    made.connect_kwargs["sock"] = self._through(hop.proxy_command)
                made.open()
            with self._mutex:
                closed = self._closed.is_set()
            if closed:
                self.close()
                raise NotReached(f"the connection to {hop.shown} was given up", why="it was interrupted", hint=AGAIN)
        threading.Thread(target=self._watch, args=(self._made[-1].transport,), daemon=True).start()

    def _watch(self, transport: Any) -> None:
        """Gives the connection up when its last hop falls silent.

        A host on the way that hangs still acknowledges what TCP sends, and TCP to the next hop is not ours: so the
        machine itself is asked, and its answer has come all the way.
        """
        asking: threading.Thread | None = None
        while not self._closed.wait(_ALIVE_SECONDS / 4) and transport.is_active():
            silent = time.monotonic() - transport.packetizer.heard
            if silent > _DEAD_SECONDS:
                self.lost = f"nothing was heard of it for {silent:.0f} s, or of a host on the way to it"
                self.close()
            elif silent > _ALIVE_SECONDS and (asking is None or not asking.is_alive()):
                asking = threading.Thread(target=_ask_for_a_sign, args=(transport,), daemon=True)
                asking.start()

    def run(self, line: str) -> Session:
        """Starts ``line`` under the user's shell there. Raises `NotReached`."""
        with _as_installer_error(self._hops[-1]):
            channel = self._made[-1].transport.open_session(
                window_size=_WINDOW, max_packet_size=_PACKET, timeout=self._timeout
            )
            channel.exec_command(line)
            return Session(channel)

    def close(self) -> None:
        with self._mutex:
            self._closed.set()
        for made in reversed(self._made):
            with contextlib.suppress(Exception):
                made.client.close()
        if self._proxy is not None:
            self._proxy.close()

    def _through(self, command: str) -> socket.socket:
        with self._mutex:
            if not self._closed.is_set():
                self._proxy = ProxyCommand(command)
                return self._proxy.socket
        raise ConnectionAbortedError("it was interrupted")

    def _proxied(self) -> str:
        """The last error output of the ProxyCommand, if there is one."""
        said = self._proxy.said if self._proxy is not None else ""
        return f"; its ProxyCommand says: {said}" if said else ""


def _ask_for_a_sign(transport: Any) -> None:
    """Whatever the answer is; it waits for one as long as the connection lasts."""
    with contextlib.suppress(Exception):
        transport.global_request(_SIGN, wait=True)


def _connection(hop: Hop, gateway: Any, timeout: float) -> Any:
    # Only these settings are used: no /etc/fabric.yml, no ~/.ssh/config, no INVOKE_* of the environment.
    config = fabric.Config(ssh_config=paramiko.SSHConfig(), lazy=True)
    agent_key = None if hop.use_agent else _key_in_agent(hop)
    return fabric.Connection(
        host=hop.address,
        user=hop.user,
        port=hop.port,
        config=config,
        gateway=gateway,
        forward_agent=False,
        connect_timeout=max(1, round(timeout)),
        connect_kwargs={
            "key_filename": [str(path) for path in hop.identity_files],
            "pkey": agent_key,
            "allow_agent": hop.use_agent,
            "look_for_keys": False,
            "banner_timeout": timeout,
            "auth_timeout": timeout,
            "channel_timeout": timeout,
        },
    )


def _transport(known: KnownKeys, sock: Any, **rest: Any) -> Any:
    made = paramiko.Transport(sock, packetizer_class=_Noting, **rest)
    options = made.get_security_options()
    options.ciphers, options.digests = _CIPHERS, _DIGESTS
    # As in ssh: a machine with several keys is asked for one of the known kinds.
    wanted = {algorithm for kind, _ in known.good for algorithm in _ALGORITHMS.get(kind, (kind,))}
    options.key_types = tuple(sorted(options.key_types, key=lambda one: one not in wanted))
    return made


def _key_in_agent(hop: Hop) -> Any:
    """The agent's key with the machine's own key file, which may have a passphrase."""
    wanted = set()
    for path in hop.identity_files:
        with contextlib.suppress(OSError, ValueError, IndexError):
            wanted.add(base64.b64decode(path.with_name(f"{path.name}.pub").read_text().split()[1]))
    with contextlib.suppress(Exception):
        for key in paramiko.Agent().get_keys():
            if key.asbytes() in wanted:
                return key
    return None


def _trust(made: Any, known: KnownKeys, hop: Hop) -> None:
    """Lets the connection trust the known keys of the machine, and no others."""
    made.client.set_missing_host_key_policy(_Decide(known, hop))
    made.connect_kwargs["transport_factory"] = functools.partial(_transport, known)


@contextlib.contextmanager
def _as_installer_error(hop: Hop, more: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Turns paramiko's errors into ours. ``more``: further text about the cause."""
    where = hop.shown
    try:
        yield
    except _Refused as error:
        raise NotReached(f"{where} is not trusted", why=error.why, hint=error.hint) from None
    except paramiko.AuthenticationException as error:
        raise NotReached(
            f"{where} refuses the login of {hop.user}",
            why=f"none of the keys was accepted: {error}",
            hint=f"let the user {hop.user} log in with this key (ansible_ssh_private_key_file), or add it to the agent",
        ) from None
    except paramiko.ChannelException as error:
        raise NotReached(
            f"{where} cannot be reached through the host before it",
            why=f"that host says: {error.text}",
            hint=f"see that the machine runs and that the jump host may connect to {where}",
        ) from None
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise NotReached(
            f"{where} cannot be reached by SSH",
            why=_reason(error) + more(),
            hint=f"see that it runs and that {where} is open to this machine",
        ) from None


def _reason(error: BaseException) -> str:
    if isinstance(error, paramiko.ssh_exception.NoValidConnectionsError):
        reasons = {(one.strerror or str(one)) for one in error.errors.values()}
        return ", ".join(sorted(reasons))
    if isinstance(error, TimeoutError):
        return "nothing answered in time"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error) or ("the connection was closed" if isinstance(error, EOFError) else type(error).__name__)


def _fingerprint(key: str) -> str:
    """The fingerprint of a key in base64, as ssh-keygen shows it."""
    digest = hashlib.sha256(base64.b64decode(key)).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
