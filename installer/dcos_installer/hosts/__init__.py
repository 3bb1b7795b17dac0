"""Commands, files and journals on many machines at once, whatever made them: over SSH, through fabric."""
