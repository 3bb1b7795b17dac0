"""The kernel's master: `core` decides, the rest carries out. Imported by nothing else; shares `wire` with the agent."""

import os

# When numpy is imported it starts a pool of threads for products of matrices, which nothing here computes. They would
# cost every start 0.1 s of processor time, and a stack and buffers each.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
