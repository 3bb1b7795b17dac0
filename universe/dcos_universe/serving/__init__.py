"""The Universe server protocol over a built tree: which file answers a request, and a server that sends it."""
