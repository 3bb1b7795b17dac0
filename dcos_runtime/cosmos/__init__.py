"""The package manager: Cosmos' API over the repositories, the init and the master. See ``docs/packages.md``."""
