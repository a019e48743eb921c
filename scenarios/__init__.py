"""One strategy, one file; being in this folder is being registered."""
