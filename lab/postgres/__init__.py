"""Access to PostgreSQL: connections, quoting for SQL, relations, footprint, versions of TimescaleDB."""
