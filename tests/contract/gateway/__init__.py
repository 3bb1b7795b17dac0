"""Tests that share one gateway and what is behind it. A package, since only packages have fixtures of their scope."""
