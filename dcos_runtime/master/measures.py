"""What the leader measures of its own work, for the metrics: how long things take, and how large the registry is."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

_HOUR, _DAY = 3600.0, 86400.0
_MOST_SAMPLES = 1000
_PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999, "p9999": 0.9999}


class Timer:
    """Durations in milliseconds: the last one, and statistics of those within ``window`` seconds."""

    def __init__(self, window: float) -> None:
        self._window = window
        self._samples: deque[tuple[float, float]] = deque(maxlen=_MOST_SAMPLES)

    def record(self, seconds: float, now: float) -> None:
        self._samples.append((now, seconds * 1000.0))

    def shown(self, name: str, now: float) -> dict[str, float]:
        """As metrics with Mesos' names; percentiles need two durations."""
        if not self._samples:
            return {}
        shown = {name: self._samples[-1][1]}
        values = sorted(value for at, value in self._samples if at >= now - self._window)
        if len(values) > 1:
            shown |= {f"{name}/count": float(len(values)), f"{name}/min": values[0], f"{name}/max": values[-1]}
            shown |= {f"{name}/{kind}": _percentile(values, part) for kind, part in _PERCENTILES.items()}
        return shown


def _percentile(values: list[float], part: float) -> float:
    place = part * (len(values) - 1)
    lower = int(place)
    upper = min(lower + 1, len(values) - 1)
    return values[lower] + (values[upper] - values[lower]) * (place - lower)


@dataclass
class Measures:
    """The measures of one term as leader."""

    fetch_ms: float = 0.0
    registry: dict[str, int] = field(default_factory=dict)  # bytes by key
    allocation: Timer = field(default_factory=lambda: Timer(_HOUR))
    allocation_latency: Timer = field(default_factory=lambda: Timer(_HOUR))
    store: Timer = field(default_factory=lambda: Timer(_DAY))

    def stored(self, changes: Mapping[str, bytes | None]) -> None:
        """The registry holds these changes from now on."""
        for key, value in changes.items():
            if value is None:
                self.registry.pop(key, None)
            else:
                self.registry[key] = len(key) + len(value)


@dataclass
class Queues:
    """The requests to this process that have no response yet. The response of a stream counts from its beginning."""

    requests: set[int] = field(default_factory=set)
    messages: set[int] = field(default_factory=set)
    shared: int = 0
    """Reads that share the rendering of another read."""
