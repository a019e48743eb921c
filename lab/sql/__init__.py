"""Reads SQL that strategies and servers wrote; pure. sqlglot says what is a word, a name, a string or an expression."""
