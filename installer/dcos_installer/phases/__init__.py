"""What the commands do, one file a phase. Imported by `cli` alone; imports everything it works with."""
