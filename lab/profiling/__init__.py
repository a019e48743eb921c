"""What a real database weighs, read-only."""
