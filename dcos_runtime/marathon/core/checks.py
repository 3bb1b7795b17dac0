"""Health checks and checks of apps as clients give them. Pure."""

from __future__ import annotations

from dcos_runtime.marathon.core import limits
from dcos_runtime.marathon.core.app import AppCheck, CheckCommand, CommandCheck, HealthCheck, HttpCheck, TcpCheck
from dcos_runtime.marathon.core.fields import NOT_HERE, Fields
from dcos_runtime.wire.quoting import shown

PROTOCOLS = ("HTTP", "HTTPS", "TCP", "MESOS_HTTP", "MESOS_HTTPS", "MESOS_TCP", "COMMAND")
MAX_CHECKS, MAX_ARGUMENTS = 100, 10_000
_NO_PORT = "Health check port indices must address an element of the ports array or container port mappings."


def read_health(fields: Fields, port_count: int) -> list[HealthCheck]:
    found = fields.objects("healthChecks", lambda check: _health_check(check, port_count), MAX_CHECKS)
    if sum(check.by_agent for check in found) > 1:
        text = (
            "a task has one health check that its agent makes (COMMAND and MESOS_…); make the others with HTTP, HTTPS"
        )
        fields.problem("healthChecks", f"{text} or TCP")
    return found


def _check_command(fields: Fields, protocol: str) -> str | None:
    inner = fields.object("command")
    if protocol != "COMMAND":
        if inner is not None:
            fields.problem("command", "only a check of the protocol COMMAND has one")
        return None
    if inner is None:
        fields.problem("command", "undefined; a check of the protocol COMMAND needs one")
        return None
    command = inner.text("value", least=1)
    inner.unknown()
    if command is None:
        inner.problem("value", "undefined")
    elif (size := len(command.encode())) > limits.MAX_STRING:
        inner.problem("value", f"has {size} bytes; Linux runs no command of more than {limits.MAX_STRING}")
    return command


def _health_check(fields: Fields, port_count: int) -> HealthCheck:
    protocol = fields.text("protocol") or "HTTP"
    command = _check_command(fields, protocol)
    if protocol not in PROTOCOLS:
        fields.problem("protocol", f"got '{shown(protocol)}', expected one of {', '.join(PROTOCOLS)}")
    fields.refuse("ipProtocol", ("IPv4",), f"IPv6 is {NOT_HERE}")
    port = fields.optional_integer("port", 0, 65535)
    index = fields.optional_integer("portIndex", 0)
    if protocol == "COMMAND":
        if port is not None or index is not None:
            fields.problem("port" if port is not None else "portIndex", "a check of the protocol COMMAND has no port")
    elif index is None and port is None and port_count:
        index = 0
    if protocol != "COMMAND" and port is None and (index is None or index >= port_count):
        fields.problem("portIndex", _NO_PORT)
    return HealthCheck(
        protocol=protocol,
        command=command,
        path=fields.text("path"),
        port=port,
        port_index=index,
        grace_period_seconds=fields.integer("gracePeriodSeconds", 300, 0, limits.MAX_SECONDS),
        interval_seconds=fields.integer("intervalSeconds", 60, 0, limits.MAX_SECONDS),
        timeout_seconds=fields.integer("timeoutSeconds", 20, 0, limits.MAX_SECONDS),
        delay_seconds=fields.integer("delaySeconds", 15, 0, limits.MAX_SECONDS),
        max_consecutive_failures=fields.integer("maxConsecutiveFailures", 3, 0),
        ignore_http1xx=fields.flag("ignoreHttp1xx", False),
    )


KINDS = ("http", "tcp", "exec")


def read(fields: Fields, port_count: int) -> AppCheck | None:
    """The check of an app, whose results are shown and change nothing (Marathon's ``AppCheck``)."""
    inner = fields.object("check")
    if inner is None:
        return None
    http, tcp, command = (inner.object(kind) for kind in KINDS)
    given = [kind for kind in KINDS if inner.has(kind)]
    if len(given) != 1:
        inner.problem("", f"must have exactly one of {', '.join(KINDS)}")
    found = AppCheck(
        http=None if http is None else _http(http, port_count),
        tcp=None if tcp is None else TcpCheck(port_index=_port_index(tcp, port_count)),
        exec=None if command is None else CommandCheck(command=_command(command)),
        interval_seconds=inner.integer("intervalSeconds", 60, 0, limits.MAX_SECONDS),
        timeout_seconds=inner.integer("timeoutSeconds", 20, 0, limits.MAX_SECONDS),
        delay_seconds=inner.integer("delaySeconds", 15, 0, limits.MAX_SECONDS),
    )
    for one in (http, tcp, command, inner):
        if one is not None:
            one.unknown()
    return found


def _http(fields: Fields, port_count: int) -> HttpCheck:
    if fields.one_of("scheme", ("HTTP", "HTTPS"), "HTTP") == "HTTPS":
        fields.problem("scheme", f"HTTPS is {NOT_HERE}: the kernel makes no such checks, but health checks")
    return HttpCheck(port_index=_port_index(fields, port_count), path=fields.text("path"))


def _port_index(fields: Fields, port_count: int) -> int:
    index = fields.integer("portIndex", 0, 0)
    if index >= port_count:
        fields.problem("portIndex", _NO_PORT)
    return index


def _command(fields: Fields) -> CheckCommand:
    inner = fields.object("command")
    if inner is None:
        fields.problem("command", "undefined")
        return CheckCommand()
    shell, argv = inner.text("shell", least=1), inner.texts("argv", MAX_ARGUMENTS)
    if (shell is None) == (not argv):
        inner.problem("", "must have exactly one of shell and argv")
    for name, text in (("shell", shell), *((f"argv({index})", arg) for index, arg in enumerate(argv))):
        if text is not None and (size := len(text.encode())) > limits.MAX_STRING:
            inner.problem(name, f"has {size} bytes; Linux runs no command of more than {limits.MAX_STRING}")
    inner.unknown()
    return CheckCommand(shell=shell, argv=argv)
