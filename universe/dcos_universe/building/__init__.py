"""Makes the tree of a repository from a folder of packages: completely or not at all, and only changed parts."""
