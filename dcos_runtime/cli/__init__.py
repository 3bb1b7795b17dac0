"""The `dcos` command: what a user of the cluster types. Imported by nothing."""
