"""One strategy per file; every file in this folder is registered by being here."""
