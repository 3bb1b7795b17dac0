"""From a specification to what each machine should look like, and what would change: manifests, plans, journal, lock."""
