"""Who writes and who reads a column, according to the sources of its application; needs no database.

`search` looks; whoever only shows what was found needs `values`, and no parser of SQL.
"""
