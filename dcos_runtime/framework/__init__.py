"""The scheduler's side of the v1 API. Used by whatever launches tasks: marathon, services."""
