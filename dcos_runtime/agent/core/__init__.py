"""The agent's decisions. Pure: takes events and the time, returns effects; no clock, socket, file or randomness."""
