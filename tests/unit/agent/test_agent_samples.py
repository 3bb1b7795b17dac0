"""Samples of what containers use: bounded, gone with their container; and how Prometheus reads them."""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path

import pytest

from dcos_runtime.agent import prometheus
from dcos_runtime.agent.containers.base import ContainerPlace, Pressure, Usage
from dcos_runtime.agent.containers.cgroups import Cgroups
from dcos_runtime.agent.isolators.pressure import PressureIsolator
from dcos_runtime.agent.prometheus import Shown
from dcos_runtime.agent.samples import FIELDS, KEPT, Samples

PRESSURE = Pressure(cpu_some_secs=1.5, memory_some_secs=2.0, memory_full_secs=0.5, io_some_secs=3.0, io_full_secs=0.0)


def test_the_last_samples_are_kept_and_no_more_and_none_of_who_is_gone() -> None:
    samples = Samples(10.0)
    for second in range(KEPT + 5):
        samples.take("a", Usage(cpus_user_time_secs=second / 2, processes=3), float(second))
    samples.take("b", Usage(pressure=PRESSURE), 1.0)
    found = [dict(zip(FIELDS, row, strict=True)) for row in samples.of("a")]
    assert [row["timestamp"] for row in found] == list(range(5, KEPT + 5))
    assert found[-1]["cpus_user_time_secs"] == (KEPT + 4) / 2 and found[-1]["processes"] == 3
    assert found[-1]["cpu_some_secs"] is None and found[-1]["disk_used_bytes"] is None, "not known is not nothing"
    (row,) = samples.of("b")
    assert dict(zip(FIELDS, row, strict=True))["memory_some_secs"] == 2.0
    samples.keep(["b"])
    assert samples.of("a") == [] and samples.latest("a") is None and samples.latest("b") == Usage(pressure=PRESSURE)
    assert samples.shown("b") == {"container_id": "b", "fields": list(FIELDS), "samples": samples.of("b")}


async def test_containers_that_cannot_be_asked_or_are_gone_keep_no_others_from_their_samples() -> None:
    samples, asked = Samples(0.0), asyncio.Event()
    loop = asyncio.get_running_loop()

    def usage(container_id: str, launcher: str) -> Usage | None:
        if container_id == "bad":
            raise ValueError("unreadable")
        if container_id == "last":
            loop.call_soon_threadsafe(asked.set)
        return None if container_id == "gone" else Usage(processes=len(launcher))

    running = [("bad", "x"), ("gone", "x"), ("good", "four"), ("last", "x")]
    work = asyncio.ensure_future(samples.run(lambda: running, usage))
    await asyncio.wait_for(asked.wait(), 60)
    for _ in range(6000):
        if samples.latest("last") is not None:
            break
        await asyncio.sleep(0.01)
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    assert samples.latest("good") == Usage(processes=4)
    assert samples.latest("bad") is None and samples.latest("gone") is None


def test_pressure_is_what_the_kernel_says_where_control_groups_are_unified(tmp_path: Path) -> None:
    folder = tmp_path / "mesos" / "c"
    folder.mkdir(parents=True)
    place = ContainerPlace("c", tmp_path, "/mesos/c")
    unified = PressureIsolator(Cgroups(True, {"": tmp_path}))
    assert unified.usage(place, Usage()) == Usage(), "a kernel without PSI"
    some, full = ("{} avg10=1.00 avg60=0.50 avg300=0.10 total={}\n".format(kind, "{}") for kind in ("some", "full"))
    (folder / "cpu.pressure").write_text(some.format(1500000) + full.format(0))
    (folder / "memory.pressure").write_text(some.format(2000000) + full.format(500000))
    (folder / "io.pressure").write_text(some.format(3000000) + full.format(0))
    assert unified.usage(place, Usage(processes=1)) == Usage(processes=1, pressure=PRESSURE)
    assert PressureIsolator(Cgroups(False, {"memory": tmp_path})).usage(place, Usage()) == Usage()
    assert "pressure" not in Usage(pressure=PRESSURE).statistics(), "Mesos has no such field"


LINE = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?[0-9.e+-]+|inf|nan)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def read(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """As the text format 0.0.4 says it is read. Each family's lines stand together, below its type."""
    found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    family, families = "", set()
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("#"):
            _, kind, name, _ = line.split(" ", 3)
            if kind == "TYPE":
                assert name not in families
                families.add(family := name)
            continue
        parsed = LINE.fullmatch(line)
        assert parsed is not None and parsed[1] == family, line
        labels = {
            name: value.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
            for name, value in LABEL.findall(parsed[2] or "")
        }
        key = (parsed[1], frozenset(labels.items()))
        assert key not in found, line
        found[key] = float(parsed[3])
    return found


@pytest.mark.parametrize("task_id", ["web.1", 'a"b', "a\\", "a\nb", "ü ☃"])
def test_prometheus_reads_what_there_is_of_the_agent_and_of_each_container(task_id: str) -> None:
    usage = Usage(cpus_user_time_secs=1.25, mem_rss_bytes=5, cpus_nr_periods=7, disk_used_bytes=9, pressure=PRESSURE)
    shown = [
        Shown("c1", "f", task_id, usage, cpus=0.5, memory=64, unallocated=2),
        Shown("c2", "f", "other", Usage(), cpus=1.0, memory=32, unallocated=0),
    ]
    found = read(prometheus.text({"slave/cpus_total": 4.0, "loop/stalls_ms/le_20": 1e21}, shown))
    of = {"container_id": "c1", "framework_id": "f", "task_id": task_id}

    def value(name: str, **more: str) -> float | None:
        return found.get((f"dcos_container_{name}", frozenset({**of, **more}.items())))

    assert found["dcos_agent_cpus_total", frozenset()] == 4.0
    assert found["dcos_agent_loop_stalls_ms_le_20", frozenset()] == 1e21
    assert value("cpu_seconds_total", mode="user") == 1.25 and value("cpu_seconds_total", mode="system") == 0.0
    assert value("memory_rss_bytes") == 5 and value("memory_requested_bytes") == 64 and value("cpus_requested") == 0.5
    assert value("cpu_periods_total") == 7 and value("disk_used_bytes") == 9 and value("unallocated_ports") == 2
    assert value("pressure_seconds_total", resource="memory", waiting="full") == 0.5
    assert value("cpu_throttled_seconds_total") is None, "not known here"
    of |= {"container_id": "c2", "task_id": "other"}
    assert value("memory_requested_bytes") == 32 and value("disk_used_bytes") is None
