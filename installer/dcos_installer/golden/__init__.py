"""Golden images from the command line: `dcos_images` builds them, this is how the operator asks for one."""
