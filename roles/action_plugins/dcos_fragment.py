"""Ansible finds actions beside its playbook: this is ``dcos_fragment`` of the roles, see `dcos_installer.playbook`."""

from __future__ import annotations

from dcos_installer.playbook import AddFragment as ActionModule

__all__ = ["ActionModule"]
