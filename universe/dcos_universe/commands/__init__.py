"""The verbs of `dcos-universe`, one a module: options, calls into the library, and the output for people."""
