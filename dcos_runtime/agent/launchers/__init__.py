"""Launchers: OCI containers (`oci`, with `bundle`) and plain processes (`posix`, with `supervisor`)."""
