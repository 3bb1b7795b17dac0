"""Golden images on the command line: `dcos_images` builds them, this is the operator's interface to it."""
