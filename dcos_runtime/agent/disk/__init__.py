"""The disk of tasks: how much they use (`usage`), who uses too much (`watcher`), their output files (`logs`)."""
