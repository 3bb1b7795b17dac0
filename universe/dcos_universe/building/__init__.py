"""Makes the tree of a repository from a folder of packages: whole or not at all, and no more of it than has changed."""
