"""The init: its API, apps as users write them, and waiting for what it does."""
