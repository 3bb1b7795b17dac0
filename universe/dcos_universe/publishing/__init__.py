"""Publishes a built tree: to a directory, a host that SSH reaches, an S3 bucket."""
