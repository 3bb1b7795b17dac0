"""The kernel's master: `core` decides, the rest carries out. Imported by nothing else; shares `wire` with the agent."""

import os

# numpy makes a pool of threads when it is first imported, for products of matrices, which nothing here computes: they
# would cost every start 0.1 s of processor time, and the daemon a stack and buffers each.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
