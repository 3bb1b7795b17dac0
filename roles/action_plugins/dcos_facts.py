"""Ansible finds action plugins beside its playbook: this is the installer's own ``dcos_facts``."""

from __future__ import annotations

from dcos_installer.ansible.action.dcos_facts import ActionModule

__all__ = ["ActionModule"]
