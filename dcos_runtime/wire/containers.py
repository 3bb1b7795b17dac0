"""What a container is made of, and what is told about one that runs (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/containers.proto`; change that, and make it anew.
"""

from __future__ import annotations

from dcos_runtime.wire import base
from dcos_runtime.wire.common import (
    ContainerID,
    Credential,
    Labels,
    Parameter,
    Parameters,
    Secret,
)


class Image(base.Message, frozen=True, kw_only=True):
    class Type(base.Enum):
        APPC = "APPC"
        DOCKER = "DOCKER"
        UNKNOWN = "UNKNOWN"

    class Appc(base.Message, frozen=True, kw_only=True):
        name: str
        id: str | None = None
        labels: Labels | None = None

    class Docker(base.Message, frozen=True, kw_only=True):
        name: str
        credential: Credential | None = None
        config: Secret | None = None

    type: Image.Type
    appc: Image.Appc | None = None
    docker: Image.Docker | None = None
    cached: bool | None = None  # default true

    def __post_init__(self) -> None:
        if self.type._value_ == "UNKNOWN":
            base.expect("type")


class CapabilityInfo(base.Message, frozen=True, kw_only=True):
    class Capability(base.Enum):
        UNKNOWN = "UNKNOWN"
        CHOWN = "CHOWN"
        DAC_OVERRIDE = "DAC_OVERRIDE"
        DAC_READ_SEARCH = "DAC_READ_SEARCH"
        FOWNER = "FOWNER"
        FSETID = "FSETID"
        KILL = "KILL"
        SETGID = "SETGID"
        SETUID = "SETUID"
        SETPCAP = "SETPCAP"
        LINUX_IMMUTABLE = "LINUX_IMMUTABLE"
        NET_BIND_SERVICE = "NET_BIND_SERVICE"
        NET_BROADCAST = "NET_BROADCAST"
        NET_ADMIN = "NET_ADMIN"
        NET_RAW = "NET_RAW"
        IPC_LOCK = "IPC_LOCK"
        IPC_OWNER = "IPC_OWNER"
        SYS_MODULE = "SYS_MODULE"
        SYS_RAWIO = "SYS_RAWIO"
        SYS_CHROOT = "SYS_CHROOT"
        SYS_PTRACE = "SYS_PTRACE"
        SYS_PACCT = "SYS_PACCT"
        SYS_ADMIN = "SYS_ADMIN"
        SYS_BOOT = "SYS_BOOT"
        SYS_NICE = "SYS_NICE"
        SYS_RESOURCE = "SYS_RESOURCE"
        SYS_TIME = "SYS_TIME"
        SYS_TTY_CONFIG = "SYS_TTY_CONFIG"
        MKNOD = "MKNOD"
        LEASE = "LEASE"
        AUDIT_WRITE = "AUDIT_WRITE"
        AUDIT_CONTROL = "AUDIT_CONTROL"
        SETFCAP = "SETFCAP"
        MAC_OVERRIDE = "MAC_OVERRIDE"
        MAC_ADMIN = "MAC_ADMIN"
        SYSLOG = "SYSLOG"
        WAKE_ALARM = "WAKE_ALARM"
        BLOCK_SUSPEND = "BLOCK_SUSPEND"
        AUDIT_READ = "AUDIT_READ"
        PERFMON = "PERFMON"
        BPF = "BPF"
        CHECKPOINT_RESTORE = "CHECKPOINT_RESTORE"

    capabilities: list[CapabilityInfo.Capability] = []


class SeccompInfo(base.Message, frozen=True, kw_only=True):
    profile_name: str | None = None
    unconfined: bool | None = None


class LinuxInfo(base.Message, frozen=True, kw_only=True):
    class IpcMode(base.Enum):
        UNKNOWN = "UNKNOWN"
        PRIVATE = "PRIVATE"
        SHARE_PARENT = "SHARE_PARENT"

    capability_info: CapabilityInfo | None = None
    bounding_capabilities: CapabilityInfo | None = None
    effective_capabilities: CapabilityInfo | None = None
    share_pid_namespace: bool | None = None
    seccomp: SeccompInfo | None = None
    ipc_mode: LinuxInfo.IpcMode | None = None
    shm_size: base.UInt32 | None = None
    share_cgroups: bool | None = None  # default true

    def __post_init__(self) -> None:
        if self.ipc_mode is not None and self.ipc_mode._value_ == "UNKNOWN":
            base.absent(self, "ipc_mode")


class NetworkInfo(base.Message, frozen=True, kw_only=True):
    class Protocol(base.Enum):
        IPv4 = "IPv4"
        IPv6 = "IPv6"
        UNKNOWN = "UNKNOWN"

    class IPAddress(base.Message, frozen=True, kw_only=True):
        protocol: NetworkInfo.Protocol | None = None  # default IPv4
        ip_address: str | None = None

        def __post_init__(self) -> None:
            if self.protocol is not None and self.protocol._value_ == "UNKNOWN":
                base.absent(self, "protocol")

    class PortMapping(base.Message, frozen=True, kw_only=True):
        host_port: base.UInt32
        container_port: base.UInt32
        protocol: str | None = None

    ip_addresses: list[NetworkInfo.IPAddress] = []
    name: str | None = None
    groups: list[str] = []
    labels: Labels | None = None
    port_mappings: list[NetworkInfo.PortMapping] = []


class RLimitInfo(base.Message, frozen=True, kw_only=True):
    class RLimit(base.Message, frozen=True, kw_only=True):
        class Type(base.Enum):
            UNKNOWN = "UNKNOWN"
            RLMT_AS = "RLMT_AS"
            RLMT_CORE = "RLMT_CORE"
            RLMT_CPU = "RLMT_CPU"
            RLMT_DATA = "RLMT_DATA"
            RLMT_FSIZE = "RLMT_FSIZE"
            RLMT_LOCKS = "RLMT_LOCKS"
            RLMT_MEMLOCK = "RLMT_MEMLOCK"
            RLMT_MSGQUEUE = "RLMT_MSGQUEUE"
            RLMT_NICE = "RLMT_NICE"
            RLMT_NOFILE = "RLMT_NOFILE"
            RLMT_NPROC = "RLMT_NPROC"
            RLMT_RSS = "RLMT_RSS"
            RLMT_RTPRIO = "RLMT_RTPRIO"
            RLMT_RTTIME = "RLMT_RTTIME"
            RLMT_SIGPENDING = "RLMT_SIGPENDING"
            RLMT_STACK = "RLMT_STACK"

        type: RLimitInfo.RLimit.Type | None = None
        hard: base.UInt64 | None = None
        soft: base.UInt64 | None = None

        def __post_init__(self) -> None:
            if self.type is not None and self.type._value_ == "UNKNOWN":
                base.absent(self, "type")
            if self.hard is not None and self.hard > base.UINT64:
                base.too_large("hard")
            if self.soft is not None and self.soft > base.UINT64:
                base.too_large("soft")

    rlimits: list[RLimitInfo.RLimit] = []


class TTYInfo(base.Message, frozen=True, kw_only=True):
    class WindowSize(base.Message, frozen=True, kw_only=True):
        rows: base.UInt32
        columns: base.UInt32

    window_size: TTYInfo.WindowSize | None = None


class MountPropagation(base.Message, frozen=True, kw_only=True):
    class Mode(base.Enum):
        UNKNOWN = "UNKNOWN"
        HOST_TO_CONTAINER = "HOST_TO_CONTAINER"
        BIDIRECTIONAL = "BIDIRECTIONAL"

    mode: MountPropagation.Mode | None = None

    def __post_init__(self) -> None:
        if self.mode is not None and self.mode._value_ == "UNKNOWN":
            base.absent(self, "mode")


class Volume(base.Message, frozen=True, kw_only=True):
    class Mode(base.Enum):
        RW = "RW"
        RO = "RO"
        UNKNOWN = "UNKNOWN"

    class Source(base.Message, frozen=True, kw_only=True):
        class Type(base.Enum):
            UNKNOWN = "UNKNOWN"
            DOCKER_VOLUME = "DOCKER_VOLUME"
            HOST_PATH = "HOST_PATH"
            SANDBOX_PATH = "SANDBOX_PATH"
            SECRET = "SECRET"
            CSI_VOLUME = "CSI_VOLUME"

        class DockerVolume(base.Message, frozen=True, kw_only=True):
            driver: str | None = None
            name: str
            driver_options: Parameters | None = None

        class HostPath(base.Message, frozen=True, kw_only=True):
            path: str
            mount_propagation: MountPropagation | None = None

        class SandboxPath(base.Message, frozen=True, kw_only=True):
            class Type(base.Enum):
                UNKNOWN = "UNKNOWN"
                SELF = "SELF"
                PARENT = "PARENT"

            type: Volume.Source.SandboxPath.Type | None = None
            path: str

            def __post_init__(self) -> None:
                if self.type is not None and self.type._value_ == "UNKNOWN":
                    base.absent(self, "type")

        class CSIVolume(base.Message, frozen=True, kw_only=True):
            class VolumeCapability(base.Message, frozen=True, kw_only=True):
                class BlockVolume(base.Message, frozen=True, kw_only=True):
                    pass

                class MountVolume(base.Message, frozen=True, kw_only=True):
                    fs_type: str | None = None
                    mount_flags: list[str] = []

                class AccessMode(base.Message, frozen=True, kw_only=True):
                    class Mode(base.Enum):
                        UNKNOWN = "UNKNOWN"
                        SINGLE_NODE_WRITER = "SINGLE_NODE_WRITER"
                        SINGLE_NODE_READER_ONLY = "SINGLE_NODE_READER_ONLY"
                        MULTI_NODE_READER_ONLY = "MULTI_NODE_READER_ONLY"
                        MULTI_NODE_SINGLE_WRITER = "MULTI_NODE_SINGLE_WRITER"
                        MULTI_NODE_MULTI_WRITER = "MULTI_NODE_MULTI_WRITER"

                    mode: Volume.Source.CSIVolume.VolumeCapability.AccessMode.Mode

                    def __post_init__(self) -> None:
                        if self.mode._value_ == "UNKNOWN":
                            base.expect("mode")

                block: Volume.Source.CSIVolume.VolumeCapability.BlockVolume | None = None
                mount: Volume.Source.CSIVolume.VolumeCapability.MountVolume | None = None
                access_mode: Volume.Source.CSIVolume.VolumeCapability.AccessMode

            class StaticProvisioning(base.Message, frozen=True, kw_only=True):
                volume_id: str
                volume_capability: Volume.Source.CSIVolume.VolumeCapability
                node_stage_secrets: dict[str, Secret] = {}
                node_publish_secrets: dict[str, Secret] = {}
                volume_context: dict[str, str] = {}

            plugin_name: str
            static_provisioning: Volume.Source.CSIVolume.StaticProvisioning | None = None

        type: Volume.Source.Type | None = None
        docker_volume: Volume.Source.DockerVolume | None = None
        host_path: Volume.Source.HostPath | None = None
        sandbox_path: Volume.Source.SandboxPath | None = None
        secret: Secret | None = None
        csi_volume: Volume.Source.CSIVolume | None = None

        def __post_init__(self) -> None:
            if self.type is not None and self.type._value_ == "UNKNOWN":
                base.absent(self, "type")

    mode: Volume.Mode
    container_path: str
    host_path: str | None = None
    image: Image | None = None
    source: Volume.Source | None = None

    def __post_init__(self) -> None:
        if self.mode._value_ == "UNKNOWN":
            base.expect("mode")


class ContainerInfo(base.Message, frozen=True, kw_only=True):
    class Type(base.Enum):
        DOCKER = "DOCKER"
        MESOS = "MESOS"
        UNKNOWN = "UNKNOWN"

    class DockerInfo(base.Message, frozen=True, kw_only=True):
        class Network(base.Enum):
            HOST = "HOST"
            BRIDGE = "BRIDGE"
            NONE = "NONE"
            USER = "USER"
            UNKNOWN = "UNKNOWN"

        class PortMapping(base.Message, frozen=True, kw_only=True):
            host_port: base.UInt32
            container_port: base.UInt32
            protocol: str | None = None

        image: str
        network: ContainerInfo.DockerInfo.Network | None = None  # default HOST
        port_mappings: list[ContainerInfo.DockerInfo.PortMapping] = []
        privileged: bool | None = None  # default false
        parameters: list[Parameter] = []
        force_pull_image: bool | None = None
        volume_driver: str | None = None

        def __post_init__(self) -> None:
            if self.network is not None and self.network._value_ == "UNKNOWN":
                base.absent(self, "network")

    class MesosInfo(base.Message, frozen=True, kw_only=True):
        image: Image | None = None

    type: ContainerInfo.Type
    volumes: list[Volume] = []
    hostname: str | None = None
    docker: ContainerInfo.DockerInfo | None = None
    mesos: ContainerInfo.MesosInfo | None = None
    network_infos: list[NetworkInfo] = []
    linux_info: LinuxInfo | None = None
    rlimit_info: RLimitInfo | None = None
    tty_info: TTYInfo | None = None

    def __post_init__(self) -> None:
        if self.type._value_ == "UNKNOWN":
            base.expect("type")


class Device(base.Message, frozen=True, kw_only=True):
    class Number(base.Message, frozen=True, kw_only=True):
        major_number: base.UInt64
        minor_number: base.UInt64

        def __post_init__(self) -> None:
            if self.major_number > base.UINT64:
                base.too_large("major_number")
            if self.minor_number > base.UINT64:
                base.too_large("minor_number")

    path: str | None = None
    number: Device.Number | None = None


class CgroupInfo(base.Message, frozen=True, kw_only=True):
    class Blkio(base.Message, frozen=True, kw_only=True):
        class Operation(base.Enum):
            UNKNOWN = "UNKNOWN"
            TOTAL = "TOTAL"
            READ = "READ"
            WRITE = "WRITE"
            SYNC = "SYNC"
            ASYNC = "ASYNC"
            DISCARD = "DISCARD"

        class Value(base.Message, frozen=True, kw_only=True):
            op: CgroupInfo.Blkio.Operation | None = None
            value: base.UInt64 | None = None

            def __post_init__(self) -> None:
                if self.op is not None and self.op._value_ == "UNKNOWN":
                    base.absent(self, "op")
                if self.value is not None and self.value > base.UINT64:
                    base.too_large("value")

        class CFQ(base.Message, frozen=True, kw_only=True):
            class Statistics(base.Message, frozen=True, kw_only=True):
                device: Device.Number | None = None
                sectors: base.UInt64 | None = None
                time: base.UInt64 | None = None
                io_serviced: list[CgroupInfo.Blkio.Value] = []
                io_service_bytes: list[CgroupInfo.Blkio.Value] = []
                io_service_time: list[CgroupInfo.Blkio.Value] = []
                io_wait_time: list[CgroupInfo.Blkio.Value] = []
                io_merged: list[CgroupInfo.Blkio.Value] = []
                io_queued: list[CgroupInfo.Blkio.Value] = []

                def __post_init__(self) -> None:
                    if self.sectors is not None and self.sectors > base.UINT64:
                        base.too_large("sectors")
                    if self.time is not None and self.time > base.UINT64:
                        base.too_large("time")

        class Throttling(base.Message, frozen=True, kw_only=True):
            class Statistics(base.Message, frozen=True, kw_only=True):
                device: Device.Number | None = None
                io_serviced: list[CgroupInfo.Blkio.Value] = []
                io_service_bytes: list[CgroupInfo.Blkio.Value] = []

        class Statistics(base.Message, frozen=True, kw_only=True):
            cfq: list[CgroupInfo.Blkio.CFQ.Statistics] = []
            cfq_recursive: list[CgroupInfo.Blkio.CFQ.Statistics] = []
            throttling: list[CgroupInfo.Blkio.Throttling.Statistics] = []

    class NetCls(base.Message, frozen=True, kw_only=True):
        classid: base.UInt32 | None = None

    net_cls: CgroupInfo.NetCls | None = None


class ContainerStatus(base.Message, frozen=True, kw_only=True):
    container_id: ContainerID | None = None
    network_infos: list[NetworkInfo] = []
    cgroup_info: CgroupInfo | None = None
    executor_pid: base.UInt32 | None = None
