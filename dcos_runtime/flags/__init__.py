"""The flags of the daemons: each declared once, with its kind of value, its default and its help. Daemons read their
values by these declarations; the daemon's page in docs/, the help, and the configuration that the installer writes are
made from them. This package depends on the wire and the shipped services alone: the installer reads it, too.
"""

from dcos_runtime.flags.declaring import Flag, FlagError, Flags, flag, help_text, parse, table

__all__ = ["Flag", "FlagError", "Flags", "flag", "help_text", "parse", "table"]
