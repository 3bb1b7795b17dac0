"""Ansible finds actions beside its playbook: this is ``dcos_host`` of the roles, see `dcos_installer.playbook`."""

from __future__ import annotations

from dcos_installer.playbook import ApplyFragments as ActionModule

__all__ = ["ActionModule"]
