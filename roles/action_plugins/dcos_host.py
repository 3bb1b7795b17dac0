"""Ansible finds action plugins beside its playbook: this is the installer's own ``dcos_host``."""

from __future__ import annotations

from dcos_installer.ansible.action.dcos_host import ActionModule

__all__ = ["ActionModule"]
