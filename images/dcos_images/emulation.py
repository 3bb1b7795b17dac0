"""The processor of machines that QEMU emulates (TCG): all it can emulate, without what makes that slow."""

from __future__ import annotations

SLOW = ("erms", "fsrm", "la57")
"""Features of x86, by QEMU's names. With the first two Linux clears and copies memory byte by byte, and
QEMU looks at each byte for code that it has translated there: a boot took 47 s of processor time, and 30 s without
them. la57 is a fifth level of page tables.
"""
PROCESSOR = ",".join(("max", *(f"{feature}=off" for feature in SLOW)))
"""For QEMU's ``-cpu``."""
