"""The subcommands of `dcos`, a module each; imported when called."""
