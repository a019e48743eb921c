"""Estimates from a sample of blocks: columns, documents, codecs."""
