"""One run: request, plan, queue, servers held, journal, environment, room on disk."""
