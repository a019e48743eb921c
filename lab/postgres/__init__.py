"""The door to PostgreSQL: connection, words of SQL, relations, footprint, versions of TimescaleDB."""
