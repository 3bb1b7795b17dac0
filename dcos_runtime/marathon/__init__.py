"""The init: keeps apps running. Talks to the kernel over HTTP, through `framework` only."""
