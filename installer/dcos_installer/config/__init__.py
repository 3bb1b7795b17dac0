"""From an inventory to one typed, validated ClusterSpec. Reads files only; no environment, no network."""
