"""Pure functions of a saved experiment: no database, no files, no clock."""
