"""A machine's record, its host and its cluster in the form of the nspawn provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dcos_installer.config.model import ClusterSpec, HostSpec, Settings, SshSpec
from dcos_installer.providers.nspawn.machine import NspawnRecord

RECORD = NspawnRecord(
    cluster_id="0f8fad5b-d9cb-469f-a165-70867728950e",
    name="h1",
    unique_name="dcos-0f8fad5b-h1",
    uuid="5" * 32,
    address="198.18.7.11",
    prefix_length=24,
    mac="02:00:00:00:00:01",
    host_side="dm0123456789",
    bridge="dcos-0f8fad5b",
    tree="/cache/tree",
    image_key="k",
    cpus=1.5,
    mem_mb=512,
    disk_mb=None,
)


def host(name: str, address: str) -> HostSpec:
    return HostSpec(name=name, address=address, roles=frozenset({"agent"}), ssh=SshSpec(address=address), cpus=1)


def spec(*hosts: HostSpec, **settings: Any) -> ClusterSpec:
    return ClusterSpec(
        name="lab",
        cluster_id=RECORD.cluster_id,
        provider="nspawn",
        hosts=hosts,
        settings=Settings(**settings),
        options={"dcos_network": "198.18.7.0/24"},
        inventory_path=Path("lab.ini"),
    )
