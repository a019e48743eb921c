"""When rows were written: ages, growth, and what repeats from snapshot to snapshot."""
