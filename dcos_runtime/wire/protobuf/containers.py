"""Protobuf codecs. What a container is made of, and what is told about one that runs (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/containers.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import containers as structs
from dcos_runtime.wire.protobuf._reading import DEPTH, Absent, Again, Codec, Malformed, Shape, entry, int32, length, numbers, text, uint32, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, heads, numbered, pair, sized, uint32_text, utf8, varint_text
from dcos_runtime.wire.protobuf.common import ContainerID, Credential, Labels, Parameter, Parameters, Secret, d_ContainerID, d_Credential, d_Labels, d_Parameter, d_Parameters, d_Secret, e_ContainerID, e_Credential, e_Labels, e_Parameters, e_Secret

Image_Appc = structs.Image.Appc
Image_Docker = structs.Image.Docker
Image = structs.Image
CapabilityInfo = structs.CapabilityInfo
SeccompInfo = structs.SeccompInfo
LinuxInfo = structs.LinuxInfo
NetworkInfo_IPAddress = structs.NetworkInfo.IPAddress
NetworkInfo_PortMapping = structs.NetworkInfo.PortMapping
NetworkInfo = structs.NetworkInfo
RLimitInfo_RLimit = structs.RLimitInfo.RLimit
RLimitInfo = structs.RLimitInfo
TTYInfo_WindowSize = structs.TTYInfo.WindowSize
TTYInfo = structs.TTYInfo
MountPropagation = structs.MountPropagation
Volume_Source_DockerVolume = structs.Volume.Source.DockerVolume
Volume_Source_HostPath = structs.Volume.Source.HostPath
Volume_Source_SandboxPath = structs.Volume.Source.SandboxPath
Volume_Source_CSIVolume_VolumeCapability_BlockVolume = structs.Volume.Source.CSIVolume.VolumeCapability.BlockVolume
Volume_Source_CSIVolume_VolumeCapability_MountVolume = structs.Volume.Source.CSIVolume.VolumeCapability.MountVolume
Volume_Source_CSIVolume_VolumeCapability_AccessMode = structs.Volume.Source.CSIVolume.VolumeCapability.AccessMode
Volume_Source_CSIVolume_VolumeCapability = structs.Volume.Source.CSIVolume.VolumeCapability
Volume_Source_CSIVolume_StaticProvisioning = structs.Volume.Source.CSIVolume.StaticProvisioning
Volume_Source_CSIVolume = structs.Volume.Source.CSIVolume
Volume_Source = structs.Volume.Source
Volume = structs.Volume
ContainerInfo_DockerInfo_PortMapping = structs.ContainerInfo.DockerInfo.PortMapping
ContainerInfo_DockerInfo = structs.ContainerInfo.DockerInfo
ContainerInfo_MesosInfo = structs.ContainerInfo.MesosInfo
ContainerInfo = structs.ContainerInfo
Device_Number = structs.Device.Number
Device = structs.Device
CgroupInfo_Blkio_Value = structs.CgroupInfo.Blkio.Value
CgroupInfo_Blkio_CFQ_Statistics = structs.CgroupInfo.Blkio.CFQ.Statistics
CgroupInfo_Blkio_CFQ = structs.CgroupInfo.Blkio.CFQ
CgroupInfo_Blkio_Throttling_Statistics = structs.CgroupInfo.Blkio.Throttling.Statistics
CgroupInfo_Blkio_Throttling = structs.CgroupInfo.Blkio.Throttling
CgroupInfo_Blkio_Statistics = structs.CgroupInfo.Blkio.Statistics
CgroupInfo_Blkio = structs.CgroupInfo.Blkio
CgroupInfo_NetCls = structs.CgroupInfo.NetCls
CgroupInfo = structs.CgroupInfo
ContainerStatus = structs.ContainerStatus
Image_Type = structs.Image.Type
CapabilityInfo_Capability = structs.CapabilityInfo.Capability
LinuxInfo_IpcMode = structs.LinuxInfo.IpcMode
NetworkInfo_Protocol = structs.NetworkInfo.Protocol
RLimitInfo_RLimit_Type = structs.RLimitInfo.RLimit.Type
MountPropagation_Mode = structs.MountPropagation.Mode
Volume_Source_SandboxPath_Type = structs.Volume.Source.SandboxPath.Type
Volume_Source_CSIVolume_VolumeCapability_AccessMode_Mode = structs.Volume.Source.CSIVolume.VolumeCapability.AccessMode.Mode
Volume_Source_Type = structs.Volume.Source.Type
Volume_Mode = structs.Volume.Mode
ContainerInfo_DockerInfo_Network = structs.ContainerInfo.DockerInfo.Network
ContainerInfo_Type = structs.ContainerInfo.Type
CgroupInfo_Blkio_Operation = structs.CgroupInfo.Blkio.Operation
t_Image_Type = numbered(Image_Type, {"APPC": 1, "DOCKER": 2})
t_CapabilityInfo_Capability = numbered(CapabilityInfo_Capability, {"UNKNOWN": 0, "CHOWN": 1000, "DAC_OVERRIDE": 1001, "DAC_READ_SEARCH": 1002, "FOWNER": 1003, "FSETID": 1004, "KILL": 1005, "SETGID": 1006, "SETUID": 1007, "SETPCAP": 1008, "LINUX_IMMUTABLE": 1009, "NET_BIND_SERVICE": 1010, "NET_BROADCAST": 1011, "NET_ADMIN": 1012, "NET_RAW": 1013, "IPC_LOCK": 1014, "IPC_OWNER": 1015, "SYS_MODULE": 1016, "SYS_RAWIO": 1017, "SYS_CHROOT": 1018, "SYS_PTRACE": 1019, "SYS_PACCT": 1020, "SYS_ADMIN": 1021, "SYS_BOOT": 1022, "SYS_NICE": 1023, "SYS_RESOURCE": 1024, "SYS_TIME": 1025, "SYS_TTY_CONFIG": 1026, "MKNOD": 1027, "LEASE": 1028, "AUDIT_WRITE": 1029, "AUDIT_CONTROL": 1030, "SETFCAP": 1031, "MAC_OVERRIDE": 1032, "MAC_ADMIN": 1033, "SYSLOG": 1034, "WAKE_ALARM": 1035, "BLOCK_SUSPEND": 1036, "AUDIT_READ": 1037, "PERFMON": 1038, "BPF": 1039, "CHECKPOINT_RESTORE": 1040})
t_LinuxInfo_IpcMode = numbered(LinuxInfo_IpcMode, {"UNKNOWN": 0, "PRIVATE": 1, "SHARE_PARENT": 2})
t_NetworkInfo_Protocol = numbered(NetworkInfo_Protocol, {"IPv4": 1, "IPv6": 2})
t_RLimitInfo_RLimit_Type = numbered(RLimitInfo_RLimit_Type, {"UNKNOWN": 0, "RLMT_AS": 1, "RLMT_CORE": 2, "RLMT_CPU": 3, "RLMT_DATA": 4, "RLMT_FSIZE": 5, "RLMT_LOCKS": 6, "RLMT_MEMLOCK": 7, "RLMT_MSGQUEUE": 8, "RLMT_NICE": 9, "RLMT_NOFILE": 10, "RLMT_NPROC": 11, "RLMT_RSS": 12, "RLMT_RTPRIO": 13, "RLMT_RTTIME": 14, "RLMT_SIGPENDING": 15, "RLMT_STACK": 16})
t_MountPropagation_Mode = numbered(MountPropagation_Mode, {"UNKNOWN": 0, "HOST_TO_CONTAINER": 1, "BIDIRECTIONAL": 2})
t_Volume_Source_SandboxPath_Type = numbered(Volume_Source_SandboxPath_Type, {"UNKNOWN": 0, "SELF": 1, "PARENT": 2})
t_Volume_Source_CSIVolume_VolumeCapability_AccessMode_Mode = numbered(Volume_Source_CSIVolume_VolumeCapability_AccessMode_Mode, {"UNKNOWN": 0, "SINGLE_NODE_WRITER": 1, "SINGLE_NODE_READER_ONLY": 2, "MULTI_NODE_READER_ONLY": 3, "MULTI_NODE_SINGLE_WRITER": 4, "MULTI_NODE_MULTI_WRITER": 5})
t_Volume_Source_Type = numbered(Volume_Source_Type, {"UNKNOWN": 0, "DOCKER_VOLUME": 1, "HOST_PATH": 4, "SANDBOX_PATH": 2, "SECRET": 3, "CSI_VOLUME": 5})
t_Volume_Mode = numbered(Volume_Mode, {"RW": 1, "RO": 2})
t_ContainerInfo_DockerInfo_Network = numbered(ContainerInfo_DockerInfo_Network, {"HOST": 1, "BRIDGE": 2, "NONE": 3, "USER": 4})
t_ContainerInfo_Type = numbered(ContainerInfo_Type, {"DOCKER": 1, "MESOS": 2})
t_CgroupInfo_Blkio_Operation = numbered(CgroupInfo_Blkio_Operation, {"UNKNOWN": 0, "TOTAL": 1, "READ": 2, "WRITE": 3, "SYNC": 4, "ASYNC": 5, "DISCARD": 6})
T_0a = heads('\x0a')
T_12 = heads('\x12')
T_1a = heads('\x1a')
T_22 = heads('\x22')
T_2a = heads('\x2a')
T_32 = heads('\x32')
T_3a = heads('\x3a')


def e_Image_Appc(m: Image_Appc) -> str:
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    x = m.id
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    v3 = m.labels
    if v3 is not None:
        s = e_Labels(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Image_Appc(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None, v3: Labels | None = None) -> Image_Appc:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('labels')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Labels(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Image.Appc')
    return Image_Appc(name=v1, id=v2, labels=v3)


def e_Image_Docker(m: Image_Docker) -> str:
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    v2 = m.credential
    if v2 is not None:
        s = e_Credential(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.config
    if v3 is not None:
        s = e_Secret(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Image_Docker(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: Credential | None = None, v3: Secret | None = None) -> Image_Docker:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('credential')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Credential(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('config')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Secret(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Image.Docker')
    return Image_Docker(name=v1, credential=v2, config=v3)


def e_Image(m: Image) -> str:
    o = f'\x08{m.type.wire}'
    v2 = m.appc
    if v2 is not None:
        s = e_Image_Appc(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.docker
    if v3 is not None:
        s = e_Image_Docker(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.cached
    if v4 is not None:
        o += '\x20\x01' if v4 else '\x20\x00'
    return o


def d_Image(b: bytes, e: int, j: int = 0, v1: Image_Type | None = None, v2: Image_Appc | None = None, v3: Image_Docker | None = None, v4: bool | None = None) -> Image:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Image_Type: v1 = t_Image_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('appc')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Image_Appc(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('docker')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Image_Docker(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 32:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v4 = n != 0
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 32,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Image')
    return Image(type=v1, appc=v2, docker=v3, cached=v4)


def e_CapabilityInfo(m: CapabilityInfo) -> str:
    o = ''
    if m.capabilities:
        p = [o]
        for v1 in m.capabilities:
            p.append(f'\x08{v1.wire}')
        o = ''.join(p)
    return o


def d_CapabilityInfo(b: bytes, e: int, j: int = 0) -> CapabilityInfo:
    v1: list[CapabilityInfo_Capability] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_CapabilityInfo_Capability: v1.append(t_CapabilityInfo_Capability[n] or CapabilityInfo_Capability.UNKNOWN)
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            while t == 10:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                for n in numbers(b, i, j):
                    if n >> 31: n = int32(n)
                    if n in t_CapabilityInfo_Capability: v1.append(t_CapabilityInfo_Capability[n] or CapabilityInfo_Capability.UNKNOWN)
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                j = i - 2 if t in (8, 10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return CapabilityInfo(capabilities=v1)


def e_SeccompInfo(m: SeccompInfo) -> str:
    o = ''
    x = m.profile_name
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
    v2 = m.unconfined
    if v2 is not None:
        o += '\x10\x01' if v2 else '\x10\x00'
    return o


def d_SeccompInfo(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: bool | None = None) -> SeccompInfo:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v2 = n != 0
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 16,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return SeccompInfo(profile_name=v1, unconfined=v2)


def e_LinuxInfo(m: LinuxInfo) -> str:
    o = ''
    v1 = m.capability_info
    if v1 is not None:
        s = e_CapabilityInfo(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.bounding_capabilities
    if v2 is not None:
        s = e_CapabilityInfo(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.effective_capabilities
    if v3 is not None:
        s = e_CapabilityInfo(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.share_pid_namespace
    if v4 is not None:
        o += '\x20\x01' if v4 else '\x20\x00'
    v5 = m.seccomp
    if v5 is not None:
        s = e_SeccompInfo(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v6 = m.ipc_mode
    if v6 is not None:
        o += f'\x30{v6.wire}'
    v7 = m.shm_size
    if v7 is not None:
        o += f'\x38{uint32_text(v7) if v7 >> 14 else SHORT[v7]}'
    v8 = m.share_cgroups
    if v8 is not None:
        o += '\x40\x01' if v8 else '\x40\x00'
    return o


def d_LinuxInfo(b: bytes, e: int, j: int = 0, v1: CapabilityInfo | None = None, v2: CapabilityInfo | None = None, v3: CapabilityInfo | None = None, v4: bool | None = None, v5: SeccompInfo | None = None, v6: LinuxInfo_IpcMode | None = None, v7: int | None = None, v8: bool | None = None) -> LinuxInfo:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('capability_info')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_CapabilityInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('bounding_capabilities')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_CapabilityInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('effective_capabilities')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_CapabilityInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 32:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v4 = n != 0
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('seccomp')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = d_SeccompInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 48:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_LinuxInfo_IpcMode: v6 = t_LinuxInfo_IpcMode[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 56:
            v7 = b[i - 1]; j = i
            if v7 > 127:
                t = b[j]; j += 1
                if t < 128: v7 += (t << 7) - 128
                else:
                    v7, j = varint(b, i - 1)
                    if v7 >> 32: v7 = uint32(v7)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 64:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v8 = n != 0
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26, 32, 42, 48, 56, 64,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return LinuxInfo(capability_info=v1, bounding_capabilities=v2, effective_capabilities=v3, share_pid_namespace=v4, seccomp=v5, ipc_mode=v6, shm_size=v7, share_cgroups=v8)


def e_NetworkInfo_IPAddress(m: NetworkInfo_IPAddress) -> str:
    o = ''
    v1 = m.protocol
    if v1 is not None:
        o += f'\x08{v1.wire}'
    x = m.ip_address
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    return o


def d_NetworkInfo_IPAddress(b: bytes, e: int, j: int = 0, v1: NetworkInfo_Protocol | None = None, v2: str | None = None) -> NetworkInfo_IPAddress:
    if 3 < e < 128 and b[0] == 8 and (m1 := t_NetworkInfo_Protocol.get(b[1])) is not None and b[2] == 18 and b[3] == e - 4:
        return NetworkInfo_IPAddress(protocol=m1, ip_address=b[4:].decode())
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_NetworkInfo_Protocol: v1 = t_NetworkInfo_Protocol[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return NetworkInfo_IPAddress(protocol=v1, ip_address=v2)


def e_NetworkInfo_PortMapping(m: NetworkInfo_PortMapping) -> str:
    i = m.host_port
    o = f'\x08{uint32_text(i) if i >> 14 else SHORT[i]}'
    i = m.container_port
    o += f'\x10{uint32_text(i) if i >> 14 else SHORT[i]}'
    x = m.protocol
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
    return o


def d_NetworkInfo_PortMapping(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: int | None = None, v3: str | None = None) -> NetworkInfo_PortMapping:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            v1 = b[i - 1]; j = i
            if v1 > 127:
                t = b[j]; j += 1
                if t < 128: v1 += (t << 7) - 128
                else:
                    v1, j = varint(b, i - 1)
                    if v1 >> 32: v1 = uint32(v1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            v2 = b[i - 1]; j = i
            if v2 > 127:
                t = b[j]; j += 1
                if t < 128: v2 += (t << 7) - 128
                else:
                    v2, j = varint(b, i - 1)
                    if v2 >> 32: v2 = uint32(v2)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 16, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('NetworkInfo.PortMapping')
    return NetworkInfo_PortMapping(host_port=v1, container_port=v2, protocol=v3)


def e_NetworkInfo(m: NetworkInfo) -> str:
    o = ''
    if m.groups:
        p = [o]
        for v3 in m.groups:
            s = v3
            if not s.isascii(): s = utf8(s)
            n = len(s)
            p.append(f'{T_1a[n] if n < 128 else sized(26, n)}{s}')
        o = ''.join(p)
    if m.labels is not None:
        v4 = m.labels
        s = e_Labels(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.ip_addresses:
        p = [o]
        for v5 in m.ip_addresses:
            q = ''
            w1 = v5.protocol
            if w1 is not None:
                q += f'\x08{w1.wire}'
            x = v5.ip_address
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
            n = len(q)
            p.append(f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    if m.name is not None:
        s = m.name
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_32[n] if n < 128 else sized(50, n)}{s}'
    if m.port_mappings:
        p = [o]
        for v7 in m.port_mappings:
            i = v7.host_port
            q = f'\x08{uint32_text(i) if i >> 14 else SHORT[i]}'
            i = v7.container_port
            q += f'\x10{uint32_text(i) if i >> 14 else SHORT[i]}'
            x = v7.protocol
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
            n = len(q)
            p.append(f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_NetworkInfo(b: bytes, e: int, j: int = 0, v3: list[str] | None = None, v4: Labels | None = None, v6: str | None = None, v7: list[NetworkInfo_PortMapping] | None = None, r: bool = False) -> NetworkInfo:
    v5: list[NetworkInfo_IPAddress] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 26:
            r = True
            if v3 is None: v3 = []
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3.append(b[i:j].decode())
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            if t == 34:
                r = True
                if v4 is not None: raise Again('labels')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v4 = d_Labels(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            while t == 42:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v5.append(d_NetworkInfo_IPAddress(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                if t == 50:
                    r = True
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v6 = b[i:j].decode()
                    if j >= e: break
                    t = b[j]; i = j + 2
                while t == 58:
                    r = True
                    if v7 is None: v7 = []
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v7.append(d_NetworkInfo_PortMapping(b[i:j], n))
                    if j >= e: break
                    t = b[j]; i = j + 2
                else:
                    j = i - 2 if t in (26, 34, 42, 50, 58,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if not r: return NetworkInfo(ip_addresses=v5)
    return NetworkInfo(ip_addresses=v5, name=v6, groups=v3 or [], labels=v4, port_mappings=v7 or [])


def e_RLimitInfo_RLimit(m: RLimitInfo_RLimit) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.hard
    if v2 is not None:
        o += f'\x10{varint_text(v2) if v2 >> 14 else SHORT[v2]}'
    v3 = m.soft
    if v3 is not None:
        o += f'\x18{varint_text(v3) if v3 >> 14 else SHORT[v3]}'
    return o


def d_RLimitInfo_RLimit(b: bytes, e: int, j: int = 0, v1: RLimitInfo_RLimit_Type | None = None, v2: int | None = None, v3: int | None = None) -> RLimitInfo_RLimit:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_RLimitInfo_RLimit_Type: v1 = t_RLimitInfo_RLimit_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            v2 = b[i - 1]; j = i
            if v2 > 127:
                t = b[j]; j += 1
                if t < 128: v2 += (t << 7) - 128
                else:
                    v2, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 24:
            v3 = b[i - 1]; j = i
            if v3 > 127:
                t = b[j]; j += 1
                if t < 128: v3 += (t << 7) - 128
                else:
                    v3, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 16, 24,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return RLimitInfo_RLimit(type=v1, hard=v2, soft=v3)


def e_RLimitInfo(m: RLimitInfo) -> str:
    o = ''
    if m.rlimits:
        p = [o]
        for v1 in m.rlimits:
            q = ''
            w1 = v1.type
            if w1 is not None:
                q += f'\x08{w1.wire}'
            w2 = v1.hard
            if w2 is not None:
                q += f'\x10{varint_text(w2) if w2 >> 14 else SHORT[w2]}'
            w3 = v1.soft
            if w3 is not None:
                q += f'\x18{varint_text(w3) if w3 >> 14 else SHORT[w3]}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_RLimitInfo(b: bytes, e: int, j: int = 0) -> RLimitInfo:
    v1: list[RLimitInfo_RLimit] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_RLimitInfo_RLimit(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return RLimitInfo(rlimits=v1)


def e_TTYInfo_WindowSize(m: TTYInfo_WindowSize) -> str:
    i = m.rows
    o = f'\x08{uint32_text(i) if i >> 14 else SHORT[i]}'
    i = m.columns
    o += f'\x10{uint32_text(i) if i >> 14 else SHORT[i]}'
    return o


def d_TTYInfo_WindowSize(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: int | None = None) -> TTYInfo_WindowSize:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            v1 = b[i - 1]; j = i
            if v1 > 127:
                t = b[j]; j += 1
                if t < 128: v1 += (t << 7) - 128
                else:
                    v1, j = varint(b, i - 1)
                    if v1 >> 32: v1 = uint32(v1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            v2 = b[i - 1]; j = i
            if v2 > 127:
                t = b[j]; j += 1
                if t < 128: v2 += (t << 7) - 128
                else:
                    v2, j = varint(b, i - 1)
                    if v2 >> 32: v2 = uint32(v2)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 16,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('TTYInfo.WindowSize')
    return TTYInfo_WindowSize(rows=v1, columns=v2)


def e_TTYInfo(m: TTYInfo) -> str:
    o = ''
    v1 = m.window_size
    if v1 is not None:
        s = e_TTYInfo_WindowSize(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_TTYInfo(b: bytes, e: int, j: int = 0, v1: TTYInfo_WindowSize | None = None) -> TTYInfo:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('window_size')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_TTYInfo_WindowSize(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return TTYInfo(window_size=v1)


def e_MountPropagation(m: MountPropagation) -> str:
    o = ''
    v1 = m.mode
    if v1 is not None:
        o += f'\x08{v1.wire}'
    return o


def d_MountPropagation(b: bytes, e: int, j: int = 0, v1: MountPropagation_Mode | None = None) -> MountPropagation:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_MountPropagation_Mode: v1 = t_MountPropagation_Mode[n]
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return MountPropagation(mode=v1)


def e_Volume_Source_DockerVolume(m: Volume_Source_DockerVolume) -> str:
    o = ''
    x = m.driver
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    v3 = m.driver_options
    if v3 is not None:
        s = e_Parameters(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Volume_Source_DockerVolume(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None, v3: Parameters | None = None) -> Volume_Source_DockerVolume:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('driver_options')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Parameters(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v2 is None: raise Absent('Volume.Source.DockerVolume')
    return Volume_Source_DockerVolume(driver=v1, name=v2, driver_options=v3)


def e_Volume_Source_HostPath(m: Volume_Source_HostPath) -> str:
    s = m.path
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    v2 = m.mount_propagation
    if v2 is not None:
        s = e_MountPropagation(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Volume_Source_HostPath(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: MountPropagation | None = None) -> Volume_Source_HostPath:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('mount_propagation')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_MountPropagation(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Volume.Source.HostPath')
    return Volume_Source_HostPath(path=v1, mount_propagation=v2)


def e_Volume_Source_SandboxPath(m: Volume_Source_SandboxPath) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    s = m.path
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    return o


def d_Volume_Source_SandboxPath(b: bytes, e: int, j: int = 0, v1: Volume_Source_SandboxPath_Type | None = None, v2: str | None = None) -> Volume_Source_SandboxPath:
    if 3 < e < 128 and b[0] == 8 and (m1 := t_Volume_Source_SandboxPath_Type.get(b[1])) is not None and b[2] == 18 and b[3] == e - 4:
        return Volume_Source_SandboxPath(type=m1, path=b[4:].decode())
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Volume_Source_SandboxPath_Type: v1 = t_Volume_Source_SandboxPath_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v2 is None: raise Absent('Volume.Source.SandboxPath')
    return Volume_Source_SandboxPath(type=v1, path=v2)


def e_Volume_Source_CSIVolume_VolumeCapability_BlockVolume(m: Volume_Source_CSIVolume_VolumeCapability_BlockVolume) -> str:
    return ''


def d_Volume_Source_CSIVolume_VolumeCapability_BlockVolume(b: bytes, e: int, j: int = 0) -> Volume_Source_CSIVolume_VolumeCapability_BlockVolume:
    while j < e:
        j = unknown(b, j)
    if j != e: raise Malformed('the end is missing')
    return Volume_Source_CSIVolume_VolumeCapability_BlockVolume()


def e_Volume_Source_CSIVolume_VolumeCapability_MountVolume(m: Volume_Source_CSIVolume_VolumeCapability_MountVolume) -> str:
    o = ''
    x = m.fs_type
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
    if m.mount_flags:
        p = [o]
        for v2 in m.mount_flags:
            s = v2
            if not s.isascii(): s = utf8(s)
            n = len(s)
            p.append(f'{T_12[n] if n < 128 else sized(18, n)}{s}')
        o = ''.join(p)
    return o


def d_Volume_Source_CSIVolume_VolumeCapability_MountVolume(b: bytes, e: int, j: int = 0, v1: str | None = None) -> Volume_Source_CSIVolume_VolumeCapability_MountVolume:
    v2: list[str] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2.append(b[i:j].decode())
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Volume_Source_CSIVolume_VolumeCapability_MountVolume(fs_type=v1, mount_flags=v2)


def e_Volume_Source_CSIVolume_VolumeCapability_AccessMode(m: Volume_Source_CSIVolume_VolumeCapability_AccessMode) -> str:
    o = f'\x08{m.mode.wire}'
    return o


def d_Volume_Source_CSIVolume_VolumeCapability_AccessMode(b: bytes, e: int, j: int = 0, v1: Volume_Source_CSIVolume_VolumeCapability_AccessMode_Mode | None = None) -> Volume_Source_CSIVolume_VolumeCapability_AccessMode:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Volume_Source_CSIVolume_VolumeCapability_AccessMode_Mode: v1 = t_Volume_Source_CSIVolume_VolumeCapability_AccessMode_Mode[n]
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Volume.Source.CSIVolume.VolumeCapability.AccessMode')
    return Volume_Source_CSIVolume_VolumeCapability_AccessMode(mode=v1)


def e_Volume_Source_CSIVolume_VolumeCapability(m: Volume_Source_CSIVolume_VolumeCapability) -> str:
    o = ''
    v1 = m.block
    if v1 is not None:
        s = e_Volume_Source_CSIVolume_VolumeCapability_BlockVolume(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.mount
    if v2 is not None:
        s = e_Volume_Source_CSIVolume_VolumeCapability_MountVolume(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_Volume_Source_CSIVolume_VolumeCapability_AccessMode(m.access_mode); n = len(s)
    o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Volume_Source_CSIVolume_VolumeCapability(b: bytes, e: int, j: int = 0, v1: Volume_Source_CSIVolume_VolumeCapability_BlockVolume | None = None, v2: Volume_Source_CSIVolume_VolumeCapability_MountVolume | None = None, v3: Volume_Source_CSIVolume_VolumeCapability_AccessMode | None = None) -> Volume_Source_CSIVolume_VolumeCapability:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('block')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Volume_Source_CSIVolume_VolumeCapability_BlockVolume(b[i:j], n)
            v2 = None
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('mount')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Volume_Source_CSIVolume_VolumeCapability_MountVolume(b[i:j], n)
            v1 = None
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('access_mode')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Volume_Source_CSIVolume_VolumeCapability_AccessMode(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v3 is None: raise Absent('Volume.Source.CSIVolume.VolumeCapability')
    return Volume_Source_CSIVolume_VolumeCapability(block=v1, mount=v2, access_mode=v3)


def e_Volume_Source_CSIVolume_StaticProvisioning(m: Volume_Source_CSIVolume_StaticProvisioning) -> str:
    s = m.volume_id
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    s = e_Volume_Source_CSIVolume_VolumeCapability(m.volume_capability); n = len(s)
    o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    for c, v3 in m.node_stage_secrets.items():
        s = pair(c, e_Secret(v3)); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    for c, v4 in m.node_publish_secrets.items():
        s = pair(c, e_Secret(v4)); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    for c, v5 in m.volume_context.items():
        s = pair(c, v5 if v5.isascii() else utf8(v5)); n = len(s)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{s}'
    return o


def d_Volume_Source_CSIVolume_StaticProvisioning(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: Volume_Source_CSIVolume_VolumeCapability | None = None) -> Volume_Source_CSIVolume_StaticProvisioning:
    v3: dict[str, Secret] = {}
    v4: dict[str, Secret] = {}
    v5: dict[str, str] = {}
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('volume_capability')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Volume_Source_CSIVolume_VolumeCapability(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 26:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            c, v3[c] = entry(b[i:j], n, d_Secret)
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            while t == 34:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                c, v4[c] = entry(b[i:j], n, d_Secret)
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                while t == 42:
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    c, v5[c] = entry(b[i:j], n, text)
                    if j >= e: break
                    t = b[j]; i = j + 2
                else:
                    j = i - 2 if t in (10, 18, 26, 34, 42,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Volume.Source.CSIVolume.StaticProvisioning')
    return Volume_Source_CSIVolume_StaticProvisioning(volume_id=v1, volume_capability=v2, node_stage_secrets=v3, node_publish_secrets=v4, volume_context=v5)


def e_Volume_Source_CSIVolume(m: Volume_Source_CSIVolume) -> str:
    s = m.plugin_name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    v2 = m.static_provisioning
    if v2 is not None:
        s = e_Volume_Source_CSIVolume_StaticProvisioning(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Volume_Source_CSIVolume(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: Volume_Source_CSIVolume_StaticProvisioning | None = None) -> Volume_Source_CSIVolume:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('static_provisioning')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Volume_Source_CSIVolume_StaticProvisioning(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Volume.Source.CSIVolume')
    return Volume_Source_CSIVolume(plugin_name=v1, static_provisioning=v2)


def e_Volume_Source(m: Volume_Source) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.docker_volume
    if v2 is not None:
        s = e_Volume_Source_DockerVolume(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.sandbox_path
    if v3 is not None:
        s = e_Volume_Source_SandboxPath(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.secret
    if v4 is not None:
        s = e_Secret(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v5 = m.host_path
    if v5 is not None:
        s = e_Volume_Source_HostPath(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v6 = m.csi_volume
    if v6 is not None:
        s = e_Volume_Source_CSIVolume(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Volume_Source(b: bytes, e: int, j: int = 0, v1: Volume_Source_Type | None = None, v2: Volume_Source_DockerVolume | None = None, v3: Volume_Source_SandboxPath | None = None, v4: Secret | None = None, v5: Volume_Source_HostPath | None = None, v6: Volume_Source_CSIVolume | None = None) -> Volume_Source:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Volume_Source_Type: v1 = t_Volume_Source_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('docker_volume')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Volume_Source_DockerVolume(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('sandbox_path')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Volume_Source_SandboxPath(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('secret')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_Secret(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('host_path')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = d_Volume_Source_HostPath(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 50:
            if v6 is not None: raise Again('csi_volume')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v6 = d_Volume_Source_CSIVolume(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 34, 42, 50,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Volume_Source(type=v1, docker_volume=v2, host_path=v5, sandbox_path=v3, secret=v4, csi_volume=v6)


def e_Volume(m: Volume) -> str:
    s = m.container_path
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    x = m.host_path
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    o += f'\x18{m.mode.wire}'
    v4 = m.image
    if v4 is not None:
        s = e_Image(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v5 = m.source
    if v5 is not None:
        s = e_Volume_Source(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Volume(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None, v3: Volume_Mode | None = None, v4: Image | None = None, v5: Volume_Source | None = None) -> Volume:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 24:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Volume_Mode: v3 = t_Volume_Mode[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('image')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_Image(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('source')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = d_Volume_Source(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 24, 34, 42,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v3 is None: raise Absent('Volume')
    return Volume(mode=v3, container_path=v1, host_path=v2, image=v4, source=v5)


def e_ContainerInfo_DockerInfo_PortMapping(m: ContainerInfo_DockerInfo_PortMapping) -> str:
    i = m.host_port
    o = f'\x08{uint32_text(i) if i >> 14 else SHORT[i]}'
    i = m.container_port
    o += f'\x10{uint32_text(i) if i >> 14 else SHORT[i]}'
    x = m.protocol
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
    return o


def d_ContainerInfo_DockerInfo_PortMapping(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: int | None = None, v3: str | None = None) -> ContainerInfo_DockerInfo_PortMapping:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            v1 = b[i - 1]; j = i
            if v1 > 127:
                t = b[j]; j += 1
                if t < 128: v1 += (t << 7) - 128
                else:
                    v1, j = varint(b, i - 1)
                    if v1 >> 32: v1 = uint32(v1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            v2 = b[i - 1]; j = i
            if v2 > 127:
                t = b[j]; j += 1
                if t < 128: v2 += (t << 7) - 128
                else:
                    v2, j = varint(b, i - 1)
                    if v2 >> 32: v2 = uint32(v2)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 16, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('ContainerInfo.DockerInfo.PortMapping')
    return ContainerInfo_DockerInfo_PortMapping(host_port=v1, container_port=v2, protocol=v3)


def e_ContainerInfo_DockerInfo(m: ContainerInfo_DockerInfo) -> str:
    s = m.image
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    v2 = m.network
    if v2 is not None:
        o += f'\x10{v2.wire}'
    if m.port_mappings:
        p = [o]
        for v3 in m.port_mappings:
            i = v3.host_port
            q = f'\x08{uint32_text(i) if i >> 14 else SHORT[i]}'
            i = v3.container_port
            q += f'\x10{uint32_text(i) if i >> 14 else SHORT[i]}'
            x = v3.protocol
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
            n = len(q)
            p.append(f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    v4 = m.privileged
    if v4 is not None:
        o += '\x20\x01' if v4 else '\x20\x00'
    if m.parameters:
        p = [o]
        for v5 in m.parameters:
            s = v5.key
            if not s.isascii(): s = utf8(s)
            n = len(s)
            q = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
            s = v5.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            q += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
            n = len(q)
            p.append(f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    v6 = m.force_pull_image
    if v6 is not None:
        o += '\x30\x01' if v6 else '\x30\x00'
    x = m.volume_driver
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_3a[n] if n < 128 else sized(58, n)}{x}'
    return o


def d_ContainerInfo_DockerInfo(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: ContainerInfo_DockerInfo_Network | None = None, v4: bool | None = None, v6: bool | None = None, v7: str | None = None) -> ContainerInfo_DockerInfo:
    v3: list[ContainerInfo_DockerInfo_PortMapping] = []
    v5: list[Parameter] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_ContainerInfo_DockerInfo_Network: v2 = t_ContainerInfo_DockerInfo_Network[n]
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 26:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3.append(d_ContainerInfo_DockerInfo_PortMapping(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            if t == 32:
                n = b[i - 1]; j = i
                if n > 127:
                    n, j = varint(b, i - 1)
                v4 = n != 0
                if j >= e: break
                t = b[j]; i = j + 2
            while t == 42:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v5.append(d_Parameter(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                if t == 48:
                    n = b[i - 1]; j = i
                    if n > 127:
                        n, j = varint(b, i - 1)
                    v6 = n != 0
                    if j >= e: break
                    t = b[j]; i = j + 2
                if t == 58:
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v7 = b[i:j].decode()
                    if j >= e: break
                    t = b[j]; i = j + 2
                j = i - 2 if t in (10, 16, 26, 32, 42, 48, 58,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('ContainerInfo.DockerInfo')
    return ContainerInfo_DockerInfo(image=v1, network=v2, port_mappings=v3, privileged=v4, parameters=v5, force_pull_image=v6, volume_driver=v7)


def e_ContainerInfo_MesosInfo(m: ContainerInfo_MesosInfo) -> str:
    o = ''
    v1 = m.image
    if v1 is not None:
        s = e_Image(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_ContainerInfo_MesosInfo(b: bytes, e: int, j: int = 0, v1: Image | None = None) -> ContainerInfo_MesosInfo:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('image')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Image(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return ContainerInfo_MesosInfo(image=v1)


def e_ContainerInfo(m: ContainerInfo) -> str:
    o = f'\x08{m.type.wire}'
    if m.volumes:
        p = [o]
        for v2 in m.volumes:
            s = v2.container_path
            if not s.isascii(): s = utf8(s)
            n = len(s)
            q = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
            x = v2.host_path
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
            q += f'\x18{v2.mode.wire}'
            w4 = v2.image
            if w4 is not None:
                s = e_Image(w4); n = len(s)
                q += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            w5 = v2.source
            if w5 is not None:
                s = e_Volume_Source(w5); n = len(s)
                q += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            n = len(q)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    v3 = m.docker
    if v3 is not None:
        s = e_ContainerInfo_DockerInfo(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    x = m.hostname
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_22[n] if n < 128 else sized(34, n)}{x}'
    v5 = m.mesos
    if v5 is not None:
        s = e_ContainerInfo_MesosInfo(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.network_infos:
        p = [o]
        for v7 in m.network_infos:
            s = e_NetworkInfo(v7); n = len(s)
            p.append(f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    v8 = m.linux_info
    if v8 is not None:
        s = e_LinuxInfo(v8); n = len(s)
        o += f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v9 = m.rlimit_info
    if v9 is not None:
        s = e_RLimitInfo(v9); n = len(s)
        o += f'\x4a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v10 = m.tty_info
    if v10 is not None:
        s = e_TTYInfo(v10); n = len(s)
        o += f'\x52{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_ContainerInfo(b: bytes, e: int, j: int = 0, v1: ContainerInfo_Type | None = None, v3: ContainerInfo_DockerInfo | None = None, v4: str | None = None, v5: ContainerInfo_MesosInfo | None = None, v8: LinuxInfo | None = None, v9: RLimitInfo | None = None, v10: TTYInfo | None = None) -> ContainerInfo:
    v2: list[Volume] = []
    v7: list[NetworkInfo] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_ContainerInfo_Type: v1 = t_ContainerInfo_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2.append(d_Volume(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            if t == 26:
                if v3 is not None: raise Again('docker')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v3 = d_ContainerInfo_DockerInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 34:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v4 = b[i:j].decode()
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 42:
                if v5 is not None: raise Again('mesos')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v5 = d_ContainerInfo_MesosInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            while t == 58:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v7.append(d_NetworkInfo(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                if t == 66:
                    if v8 is not None: raise Again('linux_info')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v8 = d_LinuxInfo(b[i:j], n)
                    if j >= e: break
                    t = b[j]; i = j + 2
                if t == 74:
                    if v9 is not None: raise Again('rlimit_info')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v9 = d_RLimitInfo(b[i:j], n)
                    if j >= e: break
                    t = b[j]; i = j + 2
                if t == 82:
                    if v10 is not None: raise Again('tty_info')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v10 = d_TTYInfo(b[i:j], n)
                    if j >= e: break
                    t = b[j]; i = j + 2
                j = i - 2 if t in (8, 18, 26, 34, 42, 58, 66, 74, 82,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('ContainerInfo')
    return ContainerInfo(type=v1, volumes=v2, hostname=v4, docker=v3, mesos=v5, network_infos=v7, linux_info=v8, rlimit_info=v9, tty_info=v10)


def e_Device_Number(m: Device_Number) -> str:
    i = m.major_number
    o = f'\x08{varint_text(i) if i >> 14 else SHORT[i]}'
    i = m.minor_number
    o += f'\x10{varint_text(i) if i >> 14 else SHORT[i]}'
    return o


def d_Device_Number(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: int | None = None) -> Device_Number:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            v1 = b[i - 1]; j = i
            if v1 > 127:
                t = b[j]; j += 1
                if t < 128: v1 += (t << 7) - 128
                else:
                    v1, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            v2 = b[i - 1]; j = i
            if v2 > 127:
                t = b[j]; j += 1
                if t < 128: v2 += (t << 7) - 128
                else:
                    v2, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 16,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Device.Number')
    return Device_Number(major_number=v1, minor_number=v2)


def e_Device(m: Device) -> str:
    o = ''
    x = m.path
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
    v2 = m.number
    if v2 is not None:
        s = e_Device_Number(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Device(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: Device_Number | None = None) -> Device:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('number')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Device_Number(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Device(path=v1, number=v2)


def e_CgroupInfo_Blkio_Value(m: CgroupInfo_Blkio_Value) -> str:
    o = ''
    v1 = m.op
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.value
    if v2 is not None:
        o += f'\x10{varint_text(v2) if v2 >> 14 else SHORT[v2]}'
    return o


def d_CgroupInfo_Blkio_Value(b: bytes, e: int, j: int = 0, v1: CgroupInfo_Blkio_Operation | None = None, v2: int | None = None) -> CgroupInfo_Blkio_Value:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_CgroupInfo_Blkio_Operation: v1 = t_CgroupInfo_Blkio_Operation[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            v2 = b[i - 1]; j = i
            if v2 > 127:
                t = b[j]; j += 1
                if t < 128: v2 += (t << 7) - 128
                else:
                    v2, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 16,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return CgroupInfo_Blkio_Value(op=v1, value=v2)


def e_CgroupInfo_Blkio_CFQ_Statistics(m: CgroupInfo_Blkio_CFQ_Statistics) -> str:
    o = ''
    v1 = m.device
    if v1 is not None:
        s = e_Device_Number(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.sectors
    if v2 is not None:
        o += f'\x10{varint_text(v2) if v2 >> 14 else SHORT[v2]}'
    v3 = m.time
    if v3 is not None:
        o += f'\x18{varint_text(v3) if v3 >> 14 else SHORT[v3]}'
    if m.io_serviced:
        p = [o]
        for v4 in m.io_serviced:
            q = ''
            w1 = v4.op
            if w1 is not None:
                q += f'\x08{w1.wire}'
            w2 = v4.value
            if w2 is not None:
                q += f'\x10{varint_text(w2) if w2 >> 14 else SHORT[w2]}'
            n = len(q)
            p.append(f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    if m.io_service_bytes:
        p = [o]
        for v5 in m.io_service_bytes:
            q = ''
            w1 = v5.op
            if w1 is not None:
                q += f'\x08{w1.wire}'
            w2 = v5.value
            if w2 is not None:
                q += f'\x10{varint_text(w2) if w2 >> 14 else SHORT[w2]}'
            n = len(q)
            p.append(f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    if m.io_service_time:
        p = [o]
        for v6 in m.io_service_time:
            q = ''
            w1 = v6.op
            if w1 is not None:
                q += f'\x08{w1.wire}'
            w2 = v6.value
            if w2 is not None:
                q += f'\x10{varint_text(w2) if w2 >> 14 else SHORT[w2]}'
            n = len(q)
            p.append(f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    if m.io_wait_time:
        p = [o]
        for v7 in m.io_wait_time:
            q = ''
            w1 = v7.op
            if w1 is not None:
                q += f'\x08{w1.wire}'
            w2 = v7.value
            if w2 is not None:
                q += f'\x10{varint_text(w2) if w2 >> 14 else SHORT[w2]}'
            n = len(q)
            p.append(f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    if m.io_merged:
        p = [o]
        for v8 in m.io_merged:
            q = ''
            w1 = v8.op
            if w1 is not None:
                q += f'\x08{w1.wire}'
            w2 = v8.value
            if w2 is not None:
                q += f'\x10{varint_text(w2) if w2 >> 14 else SHORT[w2]}'
            n = len(q)
            p.append(f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    if m.io_queued:
        p = [o]
        for v9 in m.io_queued:
            q = ''
            w1 = v9.op
            if w1 is not None:
                q += f'\x08{w1.wire}'
            w2 = v9.value
            if w2 is not None:
                q += f'\x10{varint_text(w2) if w2 >> 14 else SHORT[w2]}'
            n = len(q)
            p.append(f'\x4a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_CgroupInfo_Blkio_CFQ_Statistics(b: bytes, e: int, j: int = 0, v1: Device_Number | None = None, v2: int | None = None, v3: int | None = None) -> CgroupInfo_Blkio_CFQ_Statistics:
    v4: list[CgroupInfo_Blkio_Value] = []
    v5: list[CgroupInfo_Blkio_Value] = []
    v6: list[CgroupInfo_Blkio_Value] = []
    v7: list[CgroupInfo_Blkio_Value] = []
    v8: list[CgroupInfo_Blkio_Value] = []
    v9: list[CgroupInfo_Blkio_Value] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('device')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Device_Number(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            v2 = b[i - 1]; j = i
            if v2 > 127:
                t = b[j]; j += 1
                if t < 128: v2 += (t << 7) - 128
                else:
                    v2, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 24:
            v3 = b[i - 1]; j = i
            if v3 > 127:
                t = b[j]; j += 1
                if t < 128: v3 += (t << 7) - 128
                else:
                    v3, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 34:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4.append(d_CgroupInfo_Blkio_Value(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            while t == 42:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v5.append(d_CgroupInfo_Blkio_Value(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                while t == 50:
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v6.append(d_CgroupInfo_Blkio_Value(b[i:j], n))
                    if j >= e: break
                    t = b[j]; i = j + 2
                else:
                    while t == 58:
                        n = b[i - 1]
                        if n > 127:
                            t = b[i]; i += 1
                            if t < 128: n += (t << 7) - 128
                            else: n, i = length(b, i - 2)
                        j = i + n
                        v7.append(d_CgroupInfo_Blkio_Value(b[i:j], n))
                        if j >= e: break
                        t = b[j]; i = j + 2
                    else:
                        while t == 66:
                            n = b[i - 1]
                            if n > 127:
                                t = b[i]; i += 1
                                if t < 128: n += (t << 7) - 128
                                else: n, i = length(b, i - 2)
                            j = i + n
                            v8.append(d_CgroupInfo_Blkio_Value(b[i:j], n))
                            if j >= e: break
                            t = b[j]; i = j + 2
                        else:
                            while t == 74:
                                n = b[i - 1]
                                if n > 127:
                                    t = b[i]; i += 1
                                    if t < 128: n += (t << 7) - 128
                                    else: n, i = length(b, i - 2)
                                j = i + n
                                v9.append(d_CgroupInfo_Blkio_Value(b[i:j], n))
                                if j >= e: break
                                t = b[j]; i = j + 2
                            else:
                                j = i - 2 if t in (10, 16, 24, 34, 42, 50, 58, 66, 74,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return CgroupInfo_Blkio_CFQ_Statistics(device=v1, sectors=v2, time=v3, io_serviced=v4, io_service_bytes=v5, io_service_time=v6, io_wait_time=v7, io_merged=v8, io_queued=v9)


def e_CgroupInfo_Blkio_CFQ(m: CgroupInfo_Blkio_CFQ) -> str:
    return ''


def d_CgroupInfo_Blkio_CFQ(b: bytes, e: int, j: int = 0) -> CgroupInfo_Blkio_CFQ:
    while j < e:
        j = unknown(b, j)
    if j != e: raise Malformed('the end is missing')
    return CgroupInfo_Blkio_CFQ()


def e_CgroupInfo_Blkio_Throttling_Statistics(m: CgroupInfo_Blkio_Throttling_Statistics) -> str:
    o = ''
    v1 = m.device
    if v1 is not None:
        s = e_Device_Number(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.io_serviced:
        p = [o]
        for v2 in m.io_serviced:
            q = ''
            w1 = v2.op
            if w1 is not None:
                q += f'\x08{w1.wire}'
            w2 = v2.value
            if w2 is not None:
                q += f'\x10{varint_text(w2) if w2 >> 14 else SHORT[w2]}'
            n = len(q)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    if m.io_service_bytes:
        p = [o]
        for v3 in m.io_service_bytes:
            q = ''
            w1 = v3.op
            if w1 is not None:
                q += f'\x08{w1.wire}'
            w2 = v3.value
            if w2 is not None:
                q += f'\x10{varint_text(w2) if w2 >> 14 else SHORT[w2]}'
            n = len(q)
            p.append(f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_CgroupInfo_Blkio_Throttling_Statistics(b: bytes, e: int, j: int = 0, v1: Device_Number | None = None) -> CgroupInfo_Blkio_Throttling_Statistics:
    v2: list[CgroupInfo_Blkio_Value] = []
    v3: list[CgroupInfo_Blkio_Value] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('device')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Device_Number(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2.append(d_CgroupInfo_Blkio_Value(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            while t == 26:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v3.append(d_CgroupInfo_Blkio_Value(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return CgroupInfo_Blkio_Throttling_Statistics(device=v1, io_serviced=v2, io_service_bytes=v3)


def e_CgroupInfo_Blkio_Throttling(m: CgroupInfo_Blkio_Throttling) -> str:
    return ''


def d_CgroupInfo_Blkio_Throttling(b: bytes, e: int, j: int = 0) -> CgroupInfo_Blkio_Throttling:
    while j < e:
        j = unknown(b, j)
    if j != e: raise Malformed('the end is missing')
    return CgroupInfo_Blkio_Throttling()


def e_CgroupInfo_Blkio_Statistics(m: CgroupInfo_Blkio_Statistics) -> str:
    o = ''
    if m.cfq:
        p = [o]
        for v1 in m.cfq:
            s = e_CgroupInfo_Blkio_CFQ_Statistics(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.cfq_recursive:
        p = [o]
        for v2 in m.cfq_recursive:
            s = e_CgroupInfo_Blkio_CFQ_Statistics(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.throttling:
        p = [o]
        for v3 in m.throttling:
            s = e_CgroupInfo_Blkio_Throttling_Statistics(v3); n = len(s)
            p.append(f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_CgroupInfo_Blkio_Statistics(b: bytes, e: int, j: int = 0) -> CgroupInfo_Blkio_Statistics:
    v1: list[CgroupInfo_Blkio_CFQ_Statistics] = []
    v2: list[CgroupInfo_Blkio_CFQ_Statistics] = []
    v3: list[CgroupInfo_Blkio_Throttling_Statistics] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_CgroupInfo_Blkio_CFQ_Statistics(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            while t == 18:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v2.append(d_CgroupInfo_Blkio_CFQ_Statistics(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                while t == 26:
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v3.append(d_CgroupInfo_Blkio_Throttling_Statistics(b[i:j], n))
                    if j >= e: break
                    t = b[j]; i = j + 2
                else:
                    j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return CgroupInfo_Blkio_Statistics(cfq=v1, cfq_recursive=v2, throttling=v3)


def e_CgroupInfo_Blkio(m: CgroupInfo_Blkio) -> str:
    return ''


def d_CgroupInfo_Blkio(b: bytes, e: int, j: int = 0) -> CgroupInfo_Blkio:
    while j < e:
        j = unknown(b, j)
    if j != e: raise Malformed('the end is missing')
    return CgroupInfo_Blkio()


def e_CgroupInfo_NetCls(m: CgroupInfo_NetCls) -> str:
    o = ''
    v1 = m.classid
    if v1 is not None:
        o += f'\x08{uint32_text(v1) if v1 >> 14 else SHORT[v1]}'
    return o


def d_CgroupInfo_NetCls(b: bytes, e: int, j: int = 0, v1: int | None = None) -> CgroupInfo_NetCls:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            v1 = b[i - 1]; j = i
            if v1 > 127:
                t = b[j]; j += 1
                if t < 128: v1 += (t << 7) - 128
                else:
                    v1, j = varint(b, i - 1)
                    if v1 >> 32: v1 = uint32(v1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return CgroupInfo_NetCls(classid=v1)


def e_CgroupInfo(m: CgroupInfo) -> str:
    o = ''
    v1 = m.net_cls
    if v1 is not None:
        s = e_CgroupInfo_NetCls(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_CgroupInfo(b: bytes, e: int, j: int = 0, v1: CgroupInfo_NetCls | None = None) -> CgroupInfo:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('net_cls')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_CgroupInfo_NetCls(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return CgroupInfo(net_cls=v1)


def e_ContainerStatus(m: ContainerStatus) -> str:
    o = ''
    if m.network_infos:
        p = [o]
        for v1 in m.network_infos:
            s = e_NetworkInfo(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.cgroup_info is not None:
        v2 = m.cgroup_info
        s = e_CgroupInfo(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.executor_pid
    if v3 is not None:
        o += f'\x18{uint32_text(v3) if v3 >> 14 else SHORT[v3]}'
    v4 = m.container_id
    if v4 is not None:
        s = e_ContainerID(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_ContainerStatus(b: bytes, e: int, k: int = DEPTH, j: int = 0, v2: CgroupInfo | None = None, v3: int | None = None, v4: ContainerID | None = None, r: bool = False) -> ContainerStatus:
    v1: list[NetworkInfo] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_NetworkInfo(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            if t == 18:
                r = True
                if v2 is not None: raise Again('cgroup_info')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v2 = d_CgroupInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 24:
                v3 = b[i - 1]; j = i
                if v3 > 127:
                    t = b[j]; j += 1
                    if t < 128: v3 += (t << 7) - 128
                    else:
                        v3, j = varint(b, i - 1)
                        if v3 >> 32: v3 = uint32(v3)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 34:
                if v4 is not None: raise Again('container_id')
                if k < 1: raise Malformed('nested too deeply')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v4 = d_ContainerID(b[i:j], n, k - 1)
                if j >= e: break
                t = b[j]; i = j + 2
            j = i - 2 if t in (10, 18, 24, 34,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if not r: return ContainerStatus(container_id=v4, network_infos=v1, executor_pid=v3)
    return ContainerStatus(container_id=v4, network_infos=v1, cgroup_info=v2, executor_pid=v3)


@cache
def shapes() -> dict[str, Shape]:
    return {
        "Image_Appc": {
            26: (True, "common.Labels", ()),
        },
        "Image_Docker": {
            18: (True, "common.Credential", ()),
            26: (True, "common.Secret", ()),
        },
        "Image": {
            18: (True, "containers.Image_Appc", ()),
            26: (True, "containers.Image_Docker", ()),
        },
        "LinuxInfo": {
            10: (True, "containers.CapabilityInfo", ()),
            18: (True, "containers.CapabilityInfo", ()),
            26: (True, "containers.CapabilityInfo", ()),
            42: (True, "containers.SeccompInfo", ()),
        },
        "NetworkInfo": {
            42: (False, "containers.NetworkInfo_IPAddress", ()),
            34: (True, "common.Labels", ()),
            58: (False, "containers.NetworkInfo_PortMapping", ()),
        },
        "RLimitInfo": {
            10: (False, "containers.RLimitInfo_RLimit", ()),
        },
        "TTYInfo": {
            10: (True, "containers.TTYInfo_WindowSize", ()),
        },
        "Volume_Source_DockerVolume": {
            26: (True, "common.Parameters", ()),
        },
        "Volume_Source_HostPath": {
            18: (True, "containers.MountPropagation", ()),
        },
        "Volume_Source_CSIVolume_VolumeCapability": {
            10: (True, "containers.Volume_Source_CSIVolume_VolumeCapability_BlockVolume", (18,)),
            18: (True, "containers.Volume_Source_CSIVolume_VolumeCapability_MountVolume", (10,)),
            26: (True, "containers.Volume_Source_CSIVolume_VolumeCapability_AccessMode", ()),
        },
        "Volume_Source_CSIVolume_StaticProvisioning": {
            18: (True, "containers.Volume_Source_CSIVolume_VolumeCapability", ()),
            26: (False, "containers.Volume_Source_CSIVolume_StaticProvisioning.node_stage_secrets", ()),
            34: (False, "containers.Volume_Source_CSIVolume_StaticProvisioning.node_publish_secrets", ()),
        },
        "Volume_Source_CSIVolume_StaticProvisioning.node_stage_secrets": {18: (True, "common.Secret", ())},
        "Volume_Source_CSIVolume_StaticProvisioning.node_publish_secrets": {18: (True, "common.Secret", ())},
        "Volume_Source_CSIVolume": {
            18: (True, "containers.Volume_Source_CSIVolume_StaticProvisioning", ()),
        },
        "Volume_Source": {
            18: (True, "containers.Volume_Source_DockerVolume", ()),
            42: (True, "containers.Volume_Source_HostPath", ()),
            26: (True, "containers.Volume_Source_SandboxPath", ()),
            34: (True, "common.Secret", ()),
            50: (True, "containers.Volume_Source_CSIVolume", ()),
        },
        "Volume": {
            34: (True, "containers.Image", ()),
            42: (True, "containers.Volume_Source", ()),
        },
        "ContainerInfo_DockerInfo": {
            26: (False, "containers.ContainerInfo_DockerInfo_PortMapping", ()),
            42: (False, "common.Parameter", ()),
        },
        "ContainerInfo_MesosInfo": {
            10: (True, "containers.Image", ()),
        },
        "ContainerInfo": {
            18: (False, "containers.Volume", ()),
            26: (True, "containers.ContainerInfo_DockerInfo", ()),
            42: (True, "containers.ContainerInfo_MesosInfo", ()),
            58: (False, "containers.NetworkInfo", ()),
            66: (True, "containers.LinuxInfo", ()),
            74: (True, "containers.RLimitInfo", ()),
            82: (True, "containers.TTYInfo", ()),
        },
        "Device": {
            18: (True, "containers.Device_Number", ()),
        },
        "CgroupInfo_Blkio_CFQ_Statistics": {
            10: (True, "containers.Device_Number", ()),
            34: (False, "containers.CgroupInfo_Blkio_Value", ()),
            42: (False, "containers.CgroupInfo_Blkio_Value", ()),
            50: (False, "containers.CgroupInfo_Blkio_Value", ()),
            58: (False, "containers.CgroupInfo_Blkio_Value", ()),
            66: (False, "containers.CgroupInfo_Blkio_Value", ()),
            74: (False, "containers.CgroupInfo_Blkio_Value", ()),
        },
        "CgroupInfo_Blkio_Throttling_Statistics": {
            10: (True, "containers.Device_Number", ()),
            18: (False, "containers.CgroupInfo_Blkio_Value", ()),
            26: (False, "containers.CgroupInfo_Blkio_Value", ()),
        },
        "CgroupInfo_Blkio_Statistics": {
            10: (False, "containers.CgroupInfo_Blkio_CFQ_Statistics", ()),
            18: (False, "containers.CgroupInfo_Blkio_CFQ_Statistics", ()),
            26: (False, "containers.CgroupInfo_Blkio_Throttling_Statistics", ()),
        },
        "CgroupInfo": {
            10: (True, "containers.CgroupInfo_NetCls", ()),
        },
        "ContainerStatus": {
            34: (True, "common.ContainerID", ()),
            10: (False, "containers.NetworkInfo", ()),
            18: (True, "containers.CgroupInfo", ()),
        },
    }


CODECS: dict[type, Codec] = {
    Image_Appc: (e_Image_Appc, d_Image_Appc, "Image_Appc", shapes),
    Image_Docker: (e_Image_Docker, d_Image_Docker, "Image_Docker", shapes),
    Image: (e_Image, d_Image, "Image", shapes),
    CapabilityInfo: (e_CapabilityInfo, d_CapabilityInfo, "CapabilityInfo", shapes),
    SeccompInfo: (e_SeccompInfo, d_SeccompInfo, "SeccompInfo", shapes),
    LinuxInfo: (e_LinuxInfo, d_LinuxInfo, "LinuxInfo", shapes),
    NetworkInfo_IPAddress: (e_NetworkInfo_IPAddress, d_NetworkInfo_IPAddress, "NetworkInfo_IPAddress", shapes),
    NetworkInfo_PortMapping: (e_NetworkInfo_PortMapping, d_NetworkInfo_PortMapping, "NetworkInfo_PortMapping", shapes),
    NetworkInfo: (e_NetworkInfo, d_NetworkInfo, "NetworkInfo", shapes),
    RLimitInfo_RLimit: (e_RLimitInfo_RLimit, d_RLimitInfo_RLimit, "RLimitInfo_RLimit", shapes),
    RLimitInfo: (e_RLimitInfo, d_RLimitInfo, "RLimitInfo", shapes),
    TTYInfo_WindowSize: (e_TTYInfo_WindowSize, d_TTYInfo_WindowSize, "TTYInfo_WindowSize", shapes),
    TTYInfo: (e_TTYInfo, d_TTYInfo, "TTYInfo", shapes),
    MountPropagation: (e_MountPropagation, d_MountPropagation, "MountPropagation", shapes),
    Volume_Source_DockerVolume: (e_Volume_Source_DockerVolume, d_Volume_Source_DockerVolume, "Volume_Source_DockerVolume", shapes),
    Volume_Source_HostPath: (e_Volume_Source_HostPath, d_Volume_Source_HostPath, "Volume_Source_HostPath", shapes),
    Volume_Source_SandboxPath: (e_Volume_Source_SandboxPath, d_Volume_Source_SandboxPath, "Volume_Source_SandboxPath", shapes),
    Volume_Source_CSIVolume_VolumeCapability_BlockVolume: (e_Volume_Source_CSIVolume_VolumeCapability_BlockVolume, d_Volume_Source_CSIVolume_VolumeCapability_BlockVolume, "Volume_Source_CSIVolume_VolumeCapability_BlockVolume", shapes),
    Volume_Source_CSIVolume_VolumeCapability_MountVolume: (e_Volume_Source_CSIVolume_VolumeCapability_MountVolume, d_Volume_Source_CSIVolume_VolumeCapability_MountVolume, "Volume_Source_CSIVolume_VolumeCapability_MountVolume", shapes),
    Volume_Source_CSIVolume_VolumeCapability_AccessMode: (e_Volume_Source_CSIVolume_VolumeCapability_AccessMode, d_Volume_Source_CSIVolume_VolumeCapability_AccessMode, "Volume_Source_CSIVolume_VolumeCapability_AccessMode", shapes),
    Volume_Source_CSIVolume_VolumeCapability: (e_Volume_Source_CSIVolume_VolumeCapability, d_Volume_Source_CSIVolume_VolumeCapability, "Volume_Source_CSIVolume_VolumeCapability", shapes),
    Volume_Source_CSIVolume_StaticProvisioning: (e_Volume_Source_CSIVolume_StaticProvisioning, d_Volume_Source_CSIVolume_StaticProvisioning, "Volume_Source_CSIVolume_StaticProvisioning", shapes),
    Volume_Source_CSIVolume: (e_Volume_Source_CSIVolume, d_Volume_Source_CSIVolume, "Volume_Source_CSIVolume", shapes),
    Volume_Source: (e_Volume_Source, d_Volume_Source, "Volume_Source", shapes),
    Volume: (e_Volume, d_Volume, "Volume", shapes),
    ContainerInfo_DockerInfo_PortMapping: (e_ContainerInfo_DockerInfo_PortMapping, d_ContainerInfo_DockerInfo_PortMapping, "ContainerInfo_DockerInfo_PortMapping", shapes),
    ContainerInfo_DockerInfo: (e_ContainerInfo_DockerInfo, d_ContainerInfo_DockerInfo, "ContainerInfo_DockerInfo", shapes),
    ContainerInfo_MesosInfo: (e_ContainerInfo_MesosInfo, d_ContainerInfo_MesosInfo, "ContainerInfo_MesosInfo", shapes),
    ContainerInfo: (e_ContainerInfo, d_ContainerInfo, "ContainerInfo", shapes),
    Device_Number: (e_Device_Number, d_Device_Number, "Device_Number", shapes),
    Device: (e_Device, d_Device, "Device", shapes),
    CgroupInfo_Blkio_Value: (e_CgroupInfo_Blkio_Value, d_CgroupInfo_Blkio_Value, "CgroupInfo_Blkio_Value", shapes),
    CgroupInfo_Blkio_CFQ_Statistics: (e_CgroupInfo_Blkio_CFQ_Statistics, d_CgroupInfo_Blkio_CFQ_Statistics, "CgroupInfo_Blkio_CFQ_Statistics", shapes),
    CgroupInfo_Blkio_CFQ: (e_CgroupInfo_Blkio_CFQ, d_CgroupInfo_Blkio_CFQ, "CgroupInfo_Blkio_CFQ", shapes),
    CgroupInfo_Blkio_Throttling_Statistics: (e_CgroupInfo_Blkio_Throttling_Statistics, d_CgroupInfo_Blkio_Throttling_Statistics, "CgroupInfo_Blkio_Throttling_Statistics", shapes),
    CgroupInfo_Blkio_Throttling: (e_CgroupInfo_Blkio_Throttling, d_CgroupInfo_Blkio_Throttling, "CgroupInfo_Blkio_Throttling", shapes),
    CgroupInfo_Blkio_Statistics: (e_CgroupInfo_Blkio_Statistics, d_CgroupInfo_Blkio_Statistics, "CgroupInfo_Blkio_Statistics", shapes),
    CgroupInfo_Blkio: (e_CgroupInfo_Blkio, d_CgroupInfo_Blkio, "CgroupInfo_Blkio", shapes),
    CgroupInfo_NetCls: (e_CgroupInfo_NetCls, d_CgroupInfo_NetCls, "CgroupInfo_NetCls", shapes),
    CgroupInfo: (e_CgroupInfo, d_CgroupInfo, "CgroupInfo", shapes),
    ContainerStatus: (e_ContainerStatus, d_ContainerStatus, "ContainerStatus", shapes),
}
