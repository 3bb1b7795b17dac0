"""What each machine should look like and what would change there: manifests, plans, the journal, the lock."""
