"""What holds a container apart from all else, one isolator a file. `listed` says which there are, in their order."""
