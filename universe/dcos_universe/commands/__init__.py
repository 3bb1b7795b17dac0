"""The verbs of `dcos-universe`, one a module: options, calls into the library, and what a person reads of it."""
