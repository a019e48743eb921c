"""Values in, text out: everything here is a pure function of a saved experiment."""
