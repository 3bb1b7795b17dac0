"""What can be set of the daemons: each flag declared once, with its kind of value, its default and what it says.

Who runs a daemon reads the values from here; its page in docs/, the help, and the configuration that the installer
writes are made of the same declarations. This package depends on the wire and the shipped services alone: the
installer reads it, too.
"""

from dcos_runtime.flags.declaring import Flag, FlagError, Flags, flag, help_text, parse, table

__all__ = ["Flag", "FlagError", "Flags", "flag", "help_text", "parse", "table"]
