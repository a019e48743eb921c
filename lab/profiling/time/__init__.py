"""The age of rows, growth, and repetition from snapshot to snapshot."""
