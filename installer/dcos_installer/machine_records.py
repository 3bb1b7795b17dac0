"""What this operator ordered from a provider, and what each machine became: `machines.json` in the cluster's state.

A record is on the disk before the provider is asked. Its token goes to the provider, which makes one machine for each
token, however often it is asked. So a run that is killed between the creation and its record does not leave a machine
behind that nobody knows of.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping

import msgspec

from dcos_installer.config.model import HostSpec
from dcos_installer.errors import StateError
from dcos_installer.providers.base import MachineState, Order
from dcos_installer.state import ClusterState
from dcos_runtime import durable


class MachineRecord(msgspec.Struct, frozen=True):
    """One machine. Without ``seen``, it was ordered, and not seen yet."""

    token: str
    seen: bool = False
    id: str = ""
    address: str = ""


def read(state: ClusterState) -> dict[str, MachineRecord]:
    """All records, by the machine's name. Raises `StateError`."""
    try:
        return msgspec.json.decode(state.machines.read_bytes(), type=dict[str, MachineRecord])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise StateError(
            f"{state.machines} cannot be read",
            why=f"it should have the orders to the provider: {error}",
            hint="restore it; or move it away when every machine of the cluster shows in dcos-installer status",
        ) from error


def orders(state: ClusterState, hosts: Iterable[HostSpec], absent: Collection[str] = ()) -> list[Order]:
    """The orders for these machines, which are recorded. A machine that was seen and is ``absent`` now gets a new
    order.
    """
    records, found = read(state), []
    for host in hosts:
        known = records.get(host.name)
        if known is None or (known.seen and host.name in absent):
            known = records[host.name] = MachineRecord(uuid.uuid4().hex)
        found.append(Order(host, known.token))
    _write(state, records)
    return found


def saw(state: ClusterState, machines: Mapping[str, MachineState]) -> None:
    """Records the states of machines that were ordered."""
    records = read(state)
    for name, machine in machines.items():
        known = records.get(name)
        if known is not None and machine.exists:
            records[name] = MachineRecord(known.token, True, machine.id, machine.address or known.address)
    _write(state, records)


def forget(state: ClusterState, names: Iterable[str]) -> None:
    """Removes the records of removed machines: the next machine of that name is another one."""
    records = read(state)
    for name in names:
        records.pop(name, None)
    _write(state, records)


def addresses(state: ClusterState) -> dict[str, str]:
    """The machines' addresses when they were last seen."""
    return {name: record.address for name, record in read(state).items() if record.address}


def _write(state: ClusterState, records: Mapping[str, MachineRecord]) -> None:
    data = msgspec.json.encode(dict(sorted(records.items()))) + b"\n"
    if (data != b"{}\n" or state.machines.exists()) and _content(state) != data:
        durable.write(state.machines, data)


def _content(state: ClusterState) -> bytes:
    try:
        return state.machines.read_bytes()
    except FileNotFoundError:
        return b""
