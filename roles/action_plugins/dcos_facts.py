"""Ansible finds actions beside its playbook: this is ``dcos_facts`` of the roles, see `dcos_installer.playbook`."""

from __future__ import annotations

from dcos_installer.playbook import ReadFacts as ActionModule

__all__ = ["ActionModule"]
