"""What runs on the machines: kernel, init, command line. Knows nothing of how it was installed."""

__version__ = "0.1.0"
