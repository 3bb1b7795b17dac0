"""Commands, files and journals on many machines at once, of any provider: over SSH, through fabric."""
