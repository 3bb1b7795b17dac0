"""The package repository. Stands alone: imports none of the other packages."""
