"""The embedded server: PostgreSQL and TimescaleDB in WebAssembly, run by Node."""

from lab.servers.pglite.server import PgliteServer

__all__ = ["PgliteServer"]
