"""Machines on this host: systemd-nspawn containers that boot, on a private network of their own."""
