"""The kernel's master: `core` decides, the rest carries out. Imported by nothing else; shares `wire` with the agent."""
