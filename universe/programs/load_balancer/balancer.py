"""Keeps HAProxy as the init's apps want it: looks again at every event, and now and then without one."""

from __future__ import annotations

import errno
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from load_balancer.configuration import Settings, configuration, slots_for
from load_balancer.haproxy import HAProxy, Unusable
from load_balancer.init import Init, Unreachable
from load_balancer.labels import Seen, Server, Service, see
from load_balancer.steering import Slots, resized, steer

log = logging.getLogger("load-balancer")

# Events come in bursts: what comes within this time is looked at together.
GATHER_SECONDS = 0.2
LOOK_SECONDS = 30.0
RETRY_SECONDS = 2.0


class Balancer:
    """``ports_free`` says whether a port that this HAProxy does not hold yet can be bound."""

    def __init__(
        self,
        haproxy: HAProxy,
        init: Init,
        settings: Settings,
        groups: frozenset[str],
        *,
        strict: bool = False,
        port_free: Callable[[str, int], bool] | None = None,
    ) -> None:
        self._haproxy = haproxy
        self._init = init
        self._settings = settings
        self._groups = groups
        self._strict = strict
        self._port_free = port_free or _port_free
        self._form = ""
        self._slots: dict[str, Slots] = {}
        self._bound: set[tuple[str, int]] = set()
        self._told: set[str] = set()
        self._changed = threading.Event()

    def run(self, ending: threading.Event) -> None:
        """Until ``ending``. Raises `Unusable` when HAProxy ends."""
        # It is well, and answers 404, before the first look.
        self.apply([])
        threading.Thread(target=self._listen, args=(ending,), daemon=True).start()
        while not ending.is_set():
            self._changed.clear()
            try:
                self.apply(self._init.apps())
                wait = LOOK_SECONDS
            except Unreachable as error:
                self._tell(f"cannot ask the init: {error}; what is balanced stays as it is")
                wait = RETRY_SECONDS
            deadline = time.monotonic() + wait
            while not ending.is_set() and time.monotonic() < deadline and not self._changed.wait(0.2):
                if not self._haproxy.running:
                    raise Unusable("HAProxy has ended: see what it said above")
            ending.wait(GATHER_SECONDS)

    def _listen(self, ending: threading.Event) -> None:
        while not ending.is_set():
            try:
                for _ in self._init.events():
                    self._changed.set()
            except Unreachable as error:
                log.info("%s", error)
            ending.wait(RETRY_SECONDS)

    def apply(self, apps: Sequence[dict[str, Any]]) -> None:
        """Brings HAProxy to these apps: a new configuration only where servers' places do not do. Raises `Unusable`
        when not even the former configuration can be kept.
        """
        settings = self._settings
        tls, https = bool(settings.certificates), settings.https_port is not None
        seen = see(apps, self._groups, strict=self._strict, tls=tls, https=https)
        for text in seen.warnings:
            self._tell(text)
        seen = replace(seen, servers={name: self._resolved(ones) for name, ones in seen.servers.items()})
        services = self._bindable(seen)
        counts = {one.name: slots_for(len(seen.servers[one.name]), self._count(one.name)) for one in services}
        form = configuration(self._settings, services, resized({}, counts))
        if form != self._form and not self._configure(form, services, counts, seen):
            return
        steps = steer(self._slots, seen.servers)
        try:
            self._haproxy.tell(steps.commands)
        except (Unusable, OSError) as error:
            # Whatever it has now, it will have what is wanted after a start from nothing.
            log.warning("%s; it is given its configuration again", error)
            self._configure(form, services, counts, seen)
            return
        self._slots = dict(steps.slots)
        if steps.commands:
            log.info("%d changes of servers", len(steps.commands))

    def _count(self, backend: str) -> int:
        return len(self._slots[backend].places) if backend in self._slots else 0

    def _configure(self, form: str, services: Sequence[Service], counts: Mapping[str, int], seen: Seen) -> bool:
        """Whether the services, with their servers, are in force."""
        slots = steer(resized(self._slots, counts), seen.servers).slots
        try:
            self._haproxy.configure(configuration(self._settings, services, slots))
        except Unusable as error:
            if not self._form:
                raise
            self._tell(str(error))
            return False
        log.info("%d services", len(services))
        self._form, self._slots = form, dict(slots)
        self._bound = {(one.address, one.port) for one in services if one.port is not None}
        return True

    def _resolved(self, servers: Sequence[Server]) -> tuple[Server, ...]:
        """With addresses: HAProxy's runtime API takes no names."""
        found = []
        for one in servers:
            try:
                *_, where = socket.getaddrinfo(one.host, one.port, type=socket.SOCK_STREAM)[0]
                found.append(replace(one, host=str(where[0])))
            except OSError as error:
                self._tell(f"the machine {one.host} has no address that is known here ({error}): its tasks get nothing")
        return tuple(sorted(found))

    def _bindable(self, seen: Seen) -> list[Service]:
        """One port that cannot be bound must not keep all other services from changing."""
        own = {self._settings.health_port, self._settings.http_port, self._settings.https_port}
        kept = []
        for one in seen.services:
            if one.port is None or (one.address, one.port) in self._bound:
                kept.append(one)
            elif one.port in own or not self._port_free(one.address, one.port):
                self._tell(f"{one.app_id}: the port {one.port} cannot be bound on this machine: not balanced there")
            else:
                kept.append(one)
        return kept

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            log.warning("%s", text)


def _port_free(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("" if address == "*" else address, port))
        except OSError as error:
            return error.errno == errno.EINTR
    return True
