"""The decisions of a framework's connection: which master to ask, when to retry, what responses mean. Pure."""
