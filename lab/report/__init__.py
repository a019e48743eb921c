"""Pure: results in, text out."""
