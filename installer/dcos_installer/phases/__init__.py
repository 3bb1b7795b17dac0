"""The phases of the commands, one file each. Imported only by `cli`; imports everything it needs."""
