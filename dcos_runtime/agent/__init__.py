"""The kernel's agent: `core` decides, the rest carries out. Imported by nothing else; shares `wire` with the master."""
