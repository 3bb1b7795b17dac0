"""`/api/v1` of the master: calls of operators, and the stream of events."""
