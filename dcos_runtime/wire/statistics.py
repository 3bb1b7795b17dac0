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
    backlog: base.UInt64 | None = None
    bytes: base.UInt64 | None = None
    drops: base.UInt64 | None = None
    overlimits: base.UInt64 | None = None
    packets: base.UInt64 | None = None
    qlen: base.UInt64 | None = None
    ratebps: base.UInt64 | None = None
    ratepps: base.UInt64 | None = None
    requeues: base.UInt64 | None = None

    def __post_init__(self) -> None:
        if self.backlog is not None and self.backlog > base.UINT64:
            base.too_large("backlog")
        if self.bytes is not None and self.bytes > base.UINT64:
            base.too_large("bytes")
        if self.drops is not None and self.drops > base.UINT64:
            base.too_large("drops")
        if self.overlimits is not None and self.overlimits > base.UINT64:
            base.too_large("overlimits")
        if self.packets is not None and self.packets > base.UINT64:
            base.too_large("packets")
        if self.qlen is not None and self.qlen > base.UINT64:
            base.too_large("qlen")
        if self.ratebps is not None and self.ratebps > base.UINT64:
            base.too_large("ratebps")
        if self.ratepps is not None and self.ratepps > base.UINT64:
            base.too_large("ratepps")
        if self.requeues is not None and self.requeues > base.UINT64:
            base.too_large("requeues")


class IpStatistics(base.Message, frozen=True, kw_only=True):
    Forwarding: base.Int64 | None = None
    DefaultTTL: base.Int64 | None = None
    InReceives: base.Int64 | None = None
    InHdrErrors: base.Int64 | None = None
    InAddrErrors: base.Int64 | None = None
    ForwDatagrams: base.Int64 | None = None
    InUnknownProtos: base.Int64 | None = None
    InDiscards: base.Int64 | None = None
    InDelivers: base.Int64 | None = None
    OutRequests: base.Int64 | None = None
    OutDiscards: base.Int64 | None = None
    OutNoRoutes: base.Int64 | None = None
    ReasmTimeout: base.Int64 | None = None
    ReasmReqds: base.Int64 | None = None
    ReasmOKs: base.Int64 | None = None
    ReasmFails: base.Int64 | None = None
    FragOKs: base.Int64 | None = None
    FragFails: base.Int64 | None = None
    FragCreates: base.Int64 | None = None


class IcmpStatistics(base.Message, frozen=True, kw_only=True):
    InMsgs: base.Int64 | None = None
    InErrors: base.Int64 | None = None
    InCsumErrors: base.Int64 | None = None
    InDestUnreachs: base.Int64 | None = None
    InTimeExcds: base.Int64 | None = None
    InParmProbs: base.Int64 | None = None
    InSrcQuenchs: base.Int64 | None = None
    InRedirects: base.Int64 | None = None
    InEchos: base.Int64 | None = None
    InEchoReps: base.Int64 | None = None
    InTimestamps: base.Int64 | None = None
    InTimestampReps: base.Int64 | None = None
    InAddrMasks: base.Int64 | None = None
    InAddrMaskReps: base.Int64 | None = None
    OutMsgs: base.Int64 | None = None
    OutErrors: base.Int64 | None = None
    OutDestUnreachs: base.Int64 | None = None
    OutTimeExcds: base.Int64 | None = None
    OutParmProbs: base.Int64 | None = None
    OutSrcQuenchs: base.Int64 | None = None
    OutRedirects: base.Int64 | None = None
    OutEchos: base.Int64 | None = None
    OutEchoReps: base.Int64 | None = None
    OutTimestamps: base.Int64 | None = None
    OutTimestampReps: base.Int64 | None = None
    OutAddrMasks: base.Int64 | None = None
    OutAddrMaskReps: base.Int64 | None = None


class TcpStatistics(base.Message, frozen=True, kw_only=True):
    RtoAlgorithm: base.Int64 | None = None
    RtoMin: base.Int64 | None = None
    RtoMax: base.Int64 | None = None
    MaxConn: base.Int64 | None = None
    ActiveOpens: base.Int64 | None = None
    PassiveOpens: base.Int64 | None = None
    AttemptFails: base.Int64 | None = None
    EstabResets: base.Int64 | None = None
    CurrEstab: base.Int64 | None = None
    InSegs: base.Int64 | None = None
    OutSegs: base.Int64 | None = None
    RetransSegs: base.Int64 | None = None
    InErrs: base.Int64 | None = None
    OutRsts: base.Int64 | None = None
    InCsumErrors: base.Int64 | None = None


class UdpStatistics(base.Message, frozen=True, kw_only=True):
    InDatagrams: base.Int64 | None = None
    NoPorts: base.Int64 | None = None
    InErrors: base.Int64 | None = None
    OutDatagrams: base.Int64 | None = None
    RcvbufErrors: base.Int64 | None = None
    SndbufErrors: base.Int64 | None = None
    InCsumErrors: base.Int64 | None = None
    IgnoredMulti: base.Int64 | None = None


class SNMPStatistics(base.Message, frozen=True, kw_only=True):
    ip_stats: IpStatistics | None = None
    icmp_stats: IcmpStatistics | None = None
    tcp_stats: TcpStatistics | None = None
    udp_stats: UdpStatistics | None = None


class DiskStatistics(base.Message, frozen=True, kw_only=True):
    source: Resource.DiskInfo.Source | None = None
    persistence: Resource.DiskInfo.Persistence | None = None
    limit_bytes: base.UInt64 | None = None
    used_bytes: base.UInt64 | None = None

    def __post_init__(self) -> None:
        if self.limit_bytes is not None and self.limit_bytes > base.UINT64:
            base.too_large("limit_bytes")
        if self.used_bytes is not None and self.used_bytes > base.UINT64:
            base.too_large("used_bytes")


class ResourceStatistics(base.Message, frozen=True, kw_only=True):
    timestamp: float
    processes: base.UInt32 | None = None
    threads: base.UInt32 | None = None
    cpus_user_time_secs: float | None = None
    cpus_system_time_secs: float | None = None
    cpus_limit: float | None = None
    cpus_soft_limit: float | None = None
    cpus_nr_periods: base.UInt32 | None = None
    cpus_nr_throttled: base.UInt32 | None = None
    cpus_throttled_time_secs: float | None = None
    mem_total_bytes: base.UInt64 | None = None
    mem_total_memsw_bytes: base.UInt64 | None = None
    mem_limit_bytes: base.UInt64 | None = None
    mem_soft_limit_bytes: base.UInt64 | None = None
    mem_file_bytes: base.UInt64 | None = None
    mem_anon_bytes: base.UInt64 | None = None
    mem_cache_bytes: base.UInt64 | None = None
    mem_rss_bytes: base.UInt64 | None = None
    mem_mapped_file_bytes: base.UInt64 | None = None
    mem_swap_bytes: base.UInt64 | None = None
    mem_unevictable_bytes: base.UInt64 | None = None
    mem_low_pressure_counter: base.UInt64 | None = None
    mem_medium_pressure_counter: base.UInt64 | None = None
    mem_critical_pressure_counter: base.UInt64 | None = None
    disk_limit_bytes: base.UInt64 | None = None
    disk_used_bytes: base.UInt64 | None = None
    disk_statistics: list[DiskStatistics] = []
    blkio_statistics: CgroupInfo.Blkio.Statistics | None = None
    perf: PerfStatistics | None = None
    net_rx_packets: base.UInt64 | None = None
    net_rx_bytes: base.UInt64 | None = None
    net_rx_errors: base.UInt64 | None = None
    net_rx_dropped: base.UInt64 | None = None
    net_tx_packets: base.UInt64 | None = None
    net_tx_bytes: base.UInt64 | None = None
    net_tx_errors: base.UInt64 | None = None
    net_tx_dropped: base.UInt64 | None = None
    net_tcp_rtt_microsecs_p50: float | None = None
    net_tcp_rtt_microsecs_p90: float | None = None
    net_tcp_rtt_microsecs_p95: float | None = None
    net_tcp_rtt_microsecs_p99: float | None = None
    net_tcp_active_connections: float | None = None
    net_tcp_time_wait_connections: float | None = None
    net_traffic_control_statistics: list[TrafficControlStatistics] = []
    net_snmp_statistics: SNMPStatistics | None = None

    def __post_init__(self) -> None:
        if self.mem_total_bytes is not None and self.mem_total_bytes > base.UINT64:
            base.too_large("mem_total_bytes")
        if self.mem_total_memsw_bytes is not None and self.mem_total_memsw_bytes > base.UINT64:
            base.too_large("mem_total_memsw_bytes")
        if self.mem_limit_bytes is not None and self.mem_limit_bytes > base.UINT64:
            base.too_large("mem_limit_bytes")
        if self.mem_soft_limit_bytes is not None and self.mem_soft_limit_bytes > base.UINT64:
            base.too_large("mem_soft_limit_bytes")
        if self.mem_file_bytes is not None and self.mem_file_bytes > base.UINT64:
            base.too_large("mem_file_bytes")
        if self.mem_anon_bytes is not None and self.mem_anon_bytes > base.UINT64:
            base.too_large("mem_anon_bytes")
        if self.mem_cache_bytes is not None and self.mem_cache_bytes > base.UINT64:
            base.too_large("mem_cache_bytes")
        if self.mem_rss_bytes is not None and self.mem_rss_bytes > base.UINT64:
            base.too_large("mem_rss_bytes")
        if self.mem_mapped_file_bytes is not None and self.mem_mapped_file_bytes > base.UINT64:
            base.too_large("mem_mapped_file_bytes")
        if self.mem_swap_bytes is not None and self.mem_swap_bytes > base.UINT64:
            base.too_large("mem_swap_bytes")
        if self.mem_unevictable_bytes is not None and self.mem_unevictable_bytes > base.UINT64:
            base.too_large("mem_unevictable_bytes")
        if self.mem_low_pressure_counter is not None and self.mem_low_pressure_counter > base.UINT64:
            base.too_large("mem_low_pressure_counter")
        if self.mem_medium_pressure_counter is not None and self.mem_medium_pressure_counter > base.UINT64:
            base.too_large("mem_medium_pressure_counter")
        if self.mem_critical_pressure_counter is not None and self.mem_critical_pressure_counter > base.UINT64:
            base.too_large("mem_critical_pressure_counter")
        if self.disk_limit_bytes is not None and self.disk_limit_bytes > base.UINT64:
            base.too_large("disk_limit_bytes")
        if self.disk_used_bytes is not None and self.disk_used_bytes > base.UINT64:
            base.too_large("disk_used_bytes")
        if self.net_rx_packets is not None and self.net_rx_packets > base.UINT64:
            base.too_large("net_rx_packets")
        if self.net_rx_bytes is not None and self.net_rx_bytes > base.UINT64:
            base.too_large("net_rx_bytes")
        if self.net_rx_errors is not None and self.net_rx_errors > base.UINT64:
            base.too_large("net_rx_errors")
        if self.net_rx_dropped is not None and self.net_rx_dropped > base.UINT64:
            base.too_large("net_rx_dropped")
        if self.net_tx_packets is not None and self.net_tx_packets > base.UINT64:
            base.too_large("net_tx_packets")
        if self.net_tx_bytes is not None and self.net_tx_bytes > base.UINT64:
            base.too_large("net_tx_bytes")
        if self.net_tx_errors is not None and self.net_tx_errors > base.UINT64:
            base.too_large("net_tx_errors")
        if self.net_tx_dropped is not None and self.net_tx_dropped > base.UINT64:
            base.too_large("net_tx_dropped")


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
    cycles: base.UInt64 | None = None
    stalled_cycles_frontend: base.UInt64 | None = None
    stalled_cycles_backend: base.UInt64 | None = None
    instructions: base.UInt64 | None = None
    cache_references: base.UInt64 | None = None
    cache_misses: base.UInt64 | None = None
    branches: base.UInt64 | None = None
    branch_misses: base.UInt64 | None = None
    bus_cycles: base.UInt64 | None = None
    ref_cycles: base.UInt64 | None = None
    cpu_clock: float | None = None
    task_clock: float | None = None
    page_faults: base.UInt64 | None = None
    minor_faults: base.UInt64 | None = None
    major_faults: base.UInt64 | None = None
    context_switches: base.UInt64 | None = None
    cpu_migrations: base.UInt64 | None = None
    alignment_faults: base.UInt64 | None = None
    emulation_faults: base.UInt64 | None = None
    l1_dcache_loads: base.UInt64 | None = None
    l1_dcache_load_misses: base.UInt64 | None = None
    l1_dcache_stores: base.UInt64 | None = None
    l1_dcache_store_misses: base.UInt64 | None = None
    l1_dcache_prefetches: base.UInt64 | None = None
    l1_dcache_prefetch_misses: base.UInt64 | None = None
    l1_icache_loads: base.UInt64 | None = None
    l1_icache_load_misses: base.UInt64 | None = None
    l1_icache_prefetches: base.UInt64 | None = None
    l1_icache_prefetch_misses: base.UInt64 | None = None
    llc_loads: base.UInt64 | None = None
    llc_load_misses: base.UInt64 | None = None
    llc_stores: base.UInt64 | None = None
    llc_store_misses: base.UInt64 | None = None
    llc_prefetches: base.UInt64 | None = None
    llc_prefetch_misses: base.UInt64 | None = None
    dtlb_loads: base.UInt64 | None = None
    dtlb_load_misses: base.UInt64 | None = None
    dtlb_stores: base.UInt64 | None = None
    dtlb_store_misses: base.UInt64 | None = None
    dtlb_prefetches: base.UInt64 | None = None
    dtlb_prefetch_misses: base.UInt64 | None = None
    itlb_loads: base.UInt64 | None = None
    itlb_load_misses: base.UInt64 | None = None
    branch_loads: base.UInt64 | None = None
    branch_load_misses: base.UInt64 | None = None
    node_loads: base.UInt64 | None = None
    node_load_misses: base.UInt64 | None = None
    node_stores: base.UInt64 | None = None
    node_store_misses: base.UInt64 | None = None
    node_prefetches: base.UInt64 | None = None
    node_prefetch_misses: base.UInt64 | None = None

    def __post_init__(self) -> None:
        if self.cycles is not None and self.cycles > base.UINT64:
            base.too_large("cycles")
        if self.stalled_cycles_frontend is not None and self.stalled_cycles_frontend > base.UINT64:
            base.too_large("stalled_cycles_frontend")
        if self.stalled_cycles_backend is not None and self.stalled_cycles_backend > base.UINT64:
            base.too_large("stalled_cycles_backend")
        if self.instructions is not None and self.instructions > base.UINT64:
            base.too_large("instructions")
        if self.cache_references is not None and self.cache_references > base.UINT64:
            base.too_large("cache_references")
        if self.cache_misses is not None and self.cache_misses > base.UINT64:
            base.too_large("cache_misses")
        if self.branches is not None and self.branches > base.UINT64:
            base.too_large("branches")
        if self.branch_misses is not None and self.branch_misses > base.UINT64:
            base.too_large("branch_misses")
        if self.bus_cycles is not None and self.bus_cycles > base.UINT64:
            base.too_large("bus_cycles")
        if self.ref_cycles is not None and self.ref_cycles > base.UINT64:
            base.too_large("ref_cycles")
        if self.page_faults is not None and self.page_faults > base.UINT64:
            base.too_large("page_faults")
        if self.minor_faults is not None and self.minor_faults > base.UINT64:
            base.too_large("minor_faults")
        if self.major_faults is not None and self.major_faults > base.UINT64:
            base.too_large("major_faults")
        if self.context_switches is not None and self.context_switches > base.UINT64:
            base.too_large("context_switches")
        if self.cpu_migrations is not None and self.cpu_migrations > base.UINT64:
            base.too_large("cpu_migrations")
        if self.alignment_faults is not None and self.alignment_faults > base.UINT64:
            base.too_large("alignment_faults")
        if self.emulation_faults is not None and self.emulation_faults > base.UINT64:
            base.too_large("emulation_faults")
        if self.l1_dcache_loads is not None and self.l1_dcache_loads > base.UINT64:
            base.too_large("l1_dcache_loads")
        if self.l1_dcache_load_misses is not None and self.l1_dcache_load_misses > base.UINT64:
            base.too_large("l1_dcache_load_misses")
        if self.l1_dcache_stores is not None and self.l1_dcache_stores > base.UINT64:
            base.too_large("l1_dcache_stores")
        if self.l1_dcache_store_misses is not None and self.l1_dcache_store_misses > base.UINT64:
            base.too_large("l1_dcache_store_misses")
        if self.l1_dcache_prefetches is not None and self.l1_dcache_prefetches > base.UINT64:
            base.too_large("l1_dcache_prefetches")
        if self.l1_dcache_prefetch_misses is not None and self.l1_dcache_prefetch_misses > base.UINT64:
            base.too_large("l1_dcache_prefetch_misses")
        if self.l1_icache_loads is not None and self.l1_icache_loads > base.UINT64:
            base.too_large("l1_icache_loads")
        if self.l1_icache_load_misses is not None and self.l1_icache_load_misses > base.UINT64:
            base.too_large("l1_icache_load_misses")
        if self.l1_icache_prefetches is not None and self.l1_icache_prefetches > base.UINT64:
            base.too_large("l1_icache_prefetches")
        if self.l1_icache_prefetch_misses is not None and self.l1_icache_prefetch_misses > base.UINT64:
            base.too_large("l1_icache_prefetch_misses")
        if self.llc_loads is not None and self.llc_loads > base.UINT64:
            base.too_large("llc_loads")
        if self.llc_load_misses is not None and self.llc_load_misses > base.UINT64:
            base.too_large("llc_load_misses")
        if self.llc_stores is not None and self.llc_stores > base.UINT64:
            base.too_large("llc_stores")
        if self.llc_store_misses is not None and self.llc_store_misses > base.UINT64:
            base.too_large("llc_store_misses")
        if self.llc_prefetches is not None and self.llc_prefetches > base.UINT64:
            base.too_large("llc_prefetches")
        if self.llc_prefetch_misses is not None and self.llc_prefetch_misses > base.UINT64:
            base.too_large("llc_prefetch_misses")
        if self.dtlb_loads is not None and self.dtlb_loads > base.UINT64:
            base.too_large("dtlb_loads")
        if self.dtlb_load_misses is not None and self.dtlb_load_misses > base.UINT64:
            base.too_large("dtlb_load_misses")
        if self.dtlb_stores is not None and self.dtlb_stores > base.UINT64:
            base.too_large("dtlb_stores")
        if self.dtlb_store_misses is not None and self.dtlb_store_misses > base.UINT64:
            base.too_large("dtlb_store_misses")
        if self.dtlb_prefetches is not None and self.dtlb_prefetches > base.UINT64:
            base.too_large("dtlb_prefetches")
        if self.dtlb_prefetch_misses is not None and self.dtlb_prefetch_misses > base.UINT64:
            base.too_large("dtlb_prefetch_misses")
        if self.itlb_loads is not None and self.itlb_loads > base.UINT64:
            base.too_large("itlb_loads")
        if self.itlb_load_misses is not None and self.itlb_load_misses > base.UINT64:
            base.too_large("itlb_load_misses")
        if self.branch_loads is not None and self.branch_loads > base.UINT64:
            base.too_large("branch_loads")
        if self.branch_load_misses is not None and self.branch_load_misses > base.UINT64:
            base.too_large("branch_load_misses")
        if self.node_loads is not None and self.node_loads > base.UINT64:
            base.too_large("node_loads")
        if self.node_load_misses is not None and self.node_load_misses > base.UINT64:
            base.too_large("node_load_misses")
        if self.node_stores is not None and self.node_stores > base.UINT64:
            base.too_large("node_stores")
        if self.node_store_misses is not None and self.node_store_misses > base.UINT64:
            base.too_large("node_store_misses")
        if self.node_prefetches is not None and self.node_prefetches > base.UINT64:
            base.too_large("node_prefetches")
        if self.node_prefetch_misses is not None and self.node_prefetch_misses > base.UINT64:
            base.too_large("node_prefetch_misses")
