"""What a pretended daemon is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    body: Any
