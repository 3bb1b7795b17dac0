"""The `dcos` command. Imported by nothing."""
