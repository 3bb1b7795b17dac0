"""What phases and checks share: the context of a run, its engine, waiting for health, hosts that are left out."""
