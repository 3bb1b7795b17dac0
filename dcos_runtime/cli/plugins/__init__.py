"""Command-line plugins of packages: kept with the cluster that has the packages, run as DC/OS' command runs them."""
