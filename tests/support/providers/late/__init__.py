"""A provider for tests: a cloud in a folder, which tells a machine's address when it has made it, and answers late."""
