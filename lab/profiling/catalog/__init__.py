"""Reads a database's catalog: relations, indexes, columns, and what this role may not see."""
