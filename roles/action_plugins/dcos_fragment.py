"""Ansible finds action plugins beside its playbook: this is the installer's own ``dcos_fragment``."""

from __future__ import annotations

from dcos_installer.ansible.action.dcos_fragment import ActionModule

__all__ = ["ActionModule"]
