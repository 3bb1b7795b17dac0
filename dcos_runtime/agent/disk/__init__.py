"""The disk of tasks: how much they use (`usage`), who uses too much (`watcher`), the file system's own
limits (`quota`, `projects`), their output files (`logs`)."""
