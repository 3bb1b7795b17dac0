"""How tasks run: one interface (`base.Launcher`), OCI containers under conmon (`oci`) or plain processes (`posix`)."""
