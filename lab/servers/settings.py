"""Settings of the servers that the lab measures on; the same for every kind, as far as the kind allows."""

from __future__ import annotations

SESSION = {
    # Any role may set these for itself.
    "default_toast_compression": "pglz",
    "jit": "off",
    # Whether a plan goes parallel depends on the table's size, and the lab's tables are small on purpose. And the CPU
    # time of a worker is not its leader's.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "maintenance_work_mem": "256MB",
    # How values are read and shown, and where names are looked up: as PostgreSQL does where nobody changed it.
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "search_path": '"$user", public',
}

SERVER = SESSION | {
    # Volumes of WAL are measured, so they must be those of a production server; only the waiting for the disk is saved.
    "wal_level": "replica",
    "full_page_writes": "on",
    "fsync": "off",
    # Checkpoints come when the lab asks for them; the bound keeps a long load from filling the disk with WAL.
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "wal_init_zero": "off",
    # No background work may disturb a measurement.
    "autovacuum": "off",
    # Reads are timed warm: a trial's database lies here beside the untouched one that is read in turn with it. With 256 MB two of
    # 128 MB pushed each other out, and two baselines differed by 1.35 instead of 1.24. Pages take memory only when they are used.
    "shared_buffers": "1GB",
    "lc_messages": "C",
    # The end of the log is printed where a server dies: it should hold the reason.
    "log_checkpoints": "off",
}

TIMESCALE = {
    # Its scheduler holds a session on every database with the extension, and compresses behind the lab's back.
    "timescaledb.max_background_workers": "0",
    "timescaledb.telemetry_level": "off",
}
