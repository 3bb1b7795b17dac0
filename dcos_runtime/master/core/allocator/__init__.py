"""Which framework is offered which resources: dominant resource fairness over hierarchical roles and their frameworks.
Pure.
"""

from __future__ import annotations

from dcos_runtime.master.core.allocator.quota import changed, guaranteed, inconsistent
from dcos_runtime.master.core.allocator.reads import Allocator
from dcos_runtime.master.core.allocator.terms import Allocation, AllocatorSettings, Quantities, Quota, Wants, counts

__all__ = [
    "Allocation",
    "Allocator",
    "AllocatorSettings",
    "Quantities",
    "Quota",
    "Wants",
    "changed",
    "counts",
    "guaranteed",
    "inconsistent",
]
