"""The agent's operator API, `/api/v1` (Mesos v1): reads, files, and processes inside running containers."""
