"""What a sample of blocks says: columns, documents, codecs."""
