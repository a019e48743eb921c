"""One run: its request, plan, queue, servers, journal, environment and disk space."""
