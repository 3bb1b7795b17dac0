"""Manifests (what each machine should have), plans (what would change there), the journal, the lock."""
