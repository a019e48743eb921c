"""The published databases that the workload imitates, one JSON file each."""
