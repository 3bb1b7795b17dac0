"""What containers and executors use: processor, memory, disk and network, as counted by an agent (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/statistics.proto`; change that, and make it anew.
"""

from __future__ import annotations

from dcos_runtime.wire import base
from dcos_runtime.wire.common import (
    ContainerID,
    Labels,
    TaskID,
)
from dcos_runtime.wire.containers import (
    CgroupInfo,
)
from dcos_runtime.wire.resources import (
    Resource,
)
from dcos_runtime.wire.tasks import (
    ExecutorInfo,
)


class TrafficControlStatistics(base.Message, frozen=True, kw_only=True):
    id: str
    backlog: int | None = None
    bytes: int | None = None
    drops: int | None = None
    overlimits: int | None = None
    packets: int | None = None
    qlen: int | None = None
    ratebps: int | None = None
    ratepps: int | None = None
    requeues: int | None = None


class IpStatistics(base.Message, frozen=True, kw_only=True):
    Forwarding: int | None = None
    DefaultTTL: int | None = None
    InReceives: int | None = None
    InHdrErrors: int | None = None
    InAddrErrors: int | None = None
    ForwDatagrams: int | None = None
    InUnknownProtos: int | None = None
    InDiscards: int | None = None
    InDelivers: int | None = None
    OutRequests: int | None = None
    OutDiscards: int | None = None
    OutNoRoutes: int | None = None
    ReasmTimeout: int | None = None
    ReasmReqds: int | None = None
    ReasmOKs: int | None = None
    ReasmFails: int | None = None
    FragOKs: int | None = None
    FragFails: int | None = None
    FragCreates: int | None = None


class IcmpStatistics(base.Message, frozen=True, kw_only=True):
    InMsgs: int | None = None
    InErrors: int | None = None
    InCsumErrors: int | None = None
    InDestUnreachs: int | None = None
    InTimeExcds: int | None = None
    InParmProbs: int | None = None
    InSrcQuenchs: int | None = None
    InRedirects: int | None = None
    InEchos: int | None = None
    InEchoReps: int | None = None
    InTimestamps: int | None = None
    InTimestampReps: int | None = None
    InAddrMasks: int | None = None
    InAddrMaskReps: int | None = None
    OutMsgs: int | None = None
    OutErrors: int | None = None
    OutDestUnreachs: int | None = None
    OutTimeExcds: int | None = None
    OutParmProbs: int | None = None
    OutSrcQuenchs: int | None = None
    OutRedirects: int | None = None
    OutEchos: int | None = None
    OutEchoReps: int | None = None
    OutTimestamps: int | None = None
    OutTimestampReps: int | None = None
    OutAddrMasks: int | None = None
    OutAddrMaskReps: int | None = None


class TcpStatistics(base.Message, frozen=True, kw_only=True):
    RtoAlgorithm: int | None = None
    RtoMin: int | None = None
    RtoMax: int | None = None
    MaxConn: int | None = None
    ActiveOpens: int | None = None
    PassiveOpens: int | None = None
    AttemptFails: int | None = None
    EstabResets: int | None = None
    CurrEstab: int | None = None
    InSegs: int | None = None
    OutSegs: int | None = None
    RetransSegs: int | None = None
    InErrs: int | None = None
    OutRsts: int | None = None
    InCsumErrors: int | None = None


class UdpStatistics(base.Message, frozen=True, kw_only=True):
    InDatagrams: int | None = None
    NoPorts: int | None = None
    InErrors: int | None = None
    OutDatagrams: int | None = None
    RcvbufErrors: int | None = None
    SndbufErrors: int | None = None
    InCsumErrors: int | None = None
    IgnoredMulti: int | None = None


class SNMPStatistics(base.Message, frozen=True, kw_only=True):
    ip_stats: IpStatistics | None = None
    icmp_stats: IcmpStatistics | None = None
    tcp_stats: TcpStatistics | None = None
    udp_stats: UdpStatistics | None = None


class DiskStatistics(base.Message, frozen=True, kw_only=True):
    source: Resource.DiskInfo.Source | None = None
    persistence: Resource.DiskInfo.Persistence | None = None
    limit_bytes: int | None = None
    used_bytes: int | None = None


class ResourceStatistics(base.Message, frozen=True, kw_only=True):
    timestamp: float
    processes: int | None = None
    threads: int | None = None
    cpus_user_time_secs: float | None = None
    cpus_system_time_secs: float | None = None
    cpus_limit: float | None = None
    cpus_soft_limit: float | None = None
    cpus_nr_periods: int | None = None
    cpus_nr_throttled: int | None = None
    cpus_throttled_time_secs: float | None = None
    mem_total_bytes: int | None = None
    mem_total_memsw_bytes: int | None = None
    mem_limit_bytes: int | None = None
    mem_soft_limit_bytes: int | None = None
    mem_file_bytes: int | None = None
    mem_anon_bytes: int | None = None
    mem_cache_bytes: int | None = None
    mem_rss_bytes: int | None = None
    mem_mapped_file_bytes: int | None = None
    mem_swap_bytes: int | None = None
    mem_unevictable_bytes: int | None = None
    mem_low_pressure_counter: int | None = None
    mem_medium_pressure_counter: int | None = None
    mem_critical_pressure_counter: int | None = None
    disk_limit_bytes: int | None = None
    disk_used_bytes: int | None = None
    disk_statistics: list[DiskStatistics] = []
    blkio_statistics: CgroupInfo.Blkio.Statistics | None = None
    perf: PerfStatistics | None = None
    net_rx_packets: int | None = None
    net_rx_bytes: int | None = None
    net_rx_errors: int | None = None
    net_rx_dropped: int | None = None
    net_tx_packets: int | None = None
    net_tx_bytes: int | None = None
    net_tx_errors: int | None = None
    net_tx_dropped: int | None = None
    net_tcp_rtt_microsecs_p50: float | None = None
    net_tcp_rtt_microsecs_p90: float | None = None
    net_tcp_rtt_microsecs_p95: float | None = None
    net_tcp_rtt_microsecs_p99: float | None = None
    net_tcp_active_connections: float | None = None
    net_tcp_time_wait_connections: float | None = None
    net_traffic_control_statistics: list[TrafficControlStatistics] = []
    net_snmp_statistics: SNMPStatistics | None = None


class ResourceUsage(base.Message, frozen=True, kw_only=True):
    class Executor(base.Message, frozen=True, kw_only=True):
        class Task(base.Message, frozen=True, kw_only=True):
            name: str
            id: TaskID
            resources: list[Resource] = []
            labels: Labels | None = None

        executor_info: ExecutorInfo
        allocated: list[Resource] = []
        statistics: ResourceStatistics | None = None
        container_id: ContainerID
        tasks: list[ResourceUsage.Executor.Task] = []

    executors: list[ResourceUsage.Executor] = []
    total: list[Resource] = []


class PerfStatistics(base.Message, frozen=True, kw_only=True):
    timestamp: float
    duration: float
    cycles: int | None = None
    stalled_cycles_frontend: int | None = None
    stalled_cycles_backend: int | None = None
    instructions: int | None = None
    cache_references: int | None = None
    cache_misses: int | None = None
    branches: int | None = None
    branch_misses: int | None = None
    bus_cycles: int | None = None
    ref_cycles: int | None = None
    cpu_clock: float | None = None
    task_clock: float | None = None
    page_faults: int | None = None
    minor_faults: int | None = None
    major_faults: int | None = None
    context_switches: int | None = None
    cpu_migrations: int | None = None
    alignment_faults: int | None = None
    emulation_faults: int | None = None
    l1_dcache_loads: int | None = None
    l1_dcache_load_misses: int | None = None
    l1_dcache_stores: int | None = None
    l1_dcache_store_misses: int | None = None
    l1_dcache_prefetches: int | None = None
    l1_dcache_prefetch_misses: int | None = None
    l1_icache_loads: int | None = None
    l1_icache_load_misses: int | None = None
    l1_icache_prefetches: int | None = None
    l1_icache_prefetch_misses: int | None = None
    llc_loads: int | None = None
    llc_load_misses: int | None = None
    llc_stores: int | None = None
    llc_store_misses: int | None = None
    llc_prefetches: int | None = None
    llc_prefetch_misses: int | None = None
    dtlb_loads: int | None = None
    dtlb_load_misses: int | None = None
    dtlb_stores: int | None = None
    dtlb_store_misses: int | None = None
    dtlb_prefetches: int | None = None
    dtlb_prefetch_misses: int | None = None
    itlb_loads: int | None = None
    itlb_load_misses: int | None = None
    branch_loads: int | None = None
    branch_load_misses: int | None = None
    node_loads: int | None = None
    node_load_misses: int | None = None
    node_stores: int | None = None
    node_store_misses: int | None = None
    node_prefetches: int | None = None
    node_prefetch_misses: int | None = None
