"""Checks a source of packages: all findings at once, with file, place and remedy (`dcos-universe check`)."""

from dcos_universe.check.findings import ERROR, RULES, WARNING, Finding, Report
from dcos_universe.check.running import check

__all__ = ["ERROR", "RULES", "WARNING", "Finding", "Report", "check"]
