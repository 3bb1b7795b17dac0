"""Who may say what a repository holds: keys, the ceremony of the root, signing (TUF), verifying. Prints nothing."""
