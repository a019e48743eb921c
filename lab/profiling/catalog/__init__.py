"""What the catalog says of a database: relations, indexes, columns, what this role may not see."""
