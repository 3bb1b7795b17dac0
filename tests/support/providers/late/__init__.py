"""A provider for tests: a cloud in a folder, which reports a machine's address after its creation, and answers late."""
