"""Trust in a repository's content: keys, the ceremony of the root, signing (TUF), verifying. Prints nothing."""
