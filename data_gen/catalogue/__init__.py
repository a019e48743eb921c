"""The markets of the three platforms, as names, ids, typical prices and text lengths, one JSON file each."""
