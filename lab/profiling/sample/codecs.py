"""Compares codecs: a throwaway server recompresses a sample of documents. Never writes to the profiled database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from lab.postgres.sql import copy_escaped
from lab.profiling.sample.documents import StoredDocument
from lab.servers import Server, open_server, open_workspace

_NAME = "lab_codecs"
_BYTES = 1 << 20
"""Stored bytes of one column that are recompressed at most."""
_NEEDED_BYTES = 128 << 20
"""Of its throwaway server and, should they be copied, PostgreSQL's programs."""
_AT_ONCE = 2
"""Number of concurrent recompressions; a profile waits for them at its end."""
_WIDE = 2000
"""Bytes that make a row so wide that its document is compressed."""
_MAKE = """
CREATE TEMP TABLE recompressed (weight float8, filler text, document {type} COMPRESSION {codec});
ALTER TABLE recompressed ALTER filler SET STORAGE PLAIN, ALTER document SET STORAGE MAIN
"""  # MAIN keeps a document beside a filler out of TOAST, where its size would differ


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Documents of one column."""

    type: str
    """The type's internal name, such as 'jsonb'."""
    documents: Sequence[StoredDocument]

    @property
    def stored(self) -> float:
        """Their bytes as stored at the source, by weight."""
        return sum(document.weight * document.stored for document in self.documents)


def some(documents: Sequence[StoredDocument]) -> Sequence[StoredDocument]:
    """Evenly spaced documents, fewer than were read, because compressing costs more than reading."""
    stored = sum(document.stored for document in documents)
    return documents[:: -(-stored // _BYTES)] if stored else ()


Ratios = Mapping[str, Mapping[str, float]]
"""By column, by codec: recompressed bytes ÷ bytes as stored at the source."""


class CodecComparison:
    """A throwaway server that starts while documents are still being read; made by `compare_codecs`."""

    def __init__(self, thread: ThreadPoolExecutor, *, worth: bool) -> None:
        self._batches: Future[Mapping[str, Batch]] = Future()
        self._ratios = thread.submit(_recompressed, self._batches) if worth else None

    def submit(self, batches: Mapping[str, Batch]) -> None:
        """Say which documents to recompress, by column; only the first call counts."""
        if not self._batches.done():
            self._batches.set_result(batches)

    def result(self) -> Ratios:
        """Wait for the ratios.

        Errors: `LabError` where this machine cannot have a throwaway server.
        """
        return self._ratios.result() if self._ratios else {}


@contextmanager
def compare_codecs(*, worth: bool) -> Iterator[CodecComparison]:
    """The comparison for as long as the context lasts; it starts a server only if `worth`."""
    with ThreadPoolExecutor(1, "codecs") as thread:
        comparison = CodecComparison(thread, worth=worth)
        try:
            yield comparison
        finally:
            comparison.submit({})


def _recompressed(submitted: Future[Mapping[str, Batch]]) -> Ratios:
    with (
        open_workspace(needed_bytes=_NEEDED_BYTES) as workspace,
        open_server("native", workspace=workspace, progress=lambda _: None) as server,
        ThreadPoolExecutor(_AT_ONCE, "codec") as threads,
    ):
        server.create(_NAME)
        codecs = ("pglz", "lz4") if server.capabilities.lz4 else ("pglz",)
        batches = {name: batch for name, batch in submitted.result().items() if batch.stored}
        sizes = {
            name: {codec: threads.submit(_stored, server, batch, codec) for codec in codecs}
            for name, batch in batches.items()
        }
        return {
            name: {codec: size.result() / batches[name].stored for codec, size in by_codec.items()}
            for name, by_codec in sizes.items()
        }


def _stored(server: Server, batch: Batch, codec: str) -> float:
    """Bytes that the documents take with that codec, by weight."""
    with server.connect(_NAME) as database:
        database.execute(_MAKE.format(type=batch.type, codec=codec))
        database.copy_in("COPY recompressed FROM STDIN", (_line(document) for document in batch.documents))
        return float(database.value("SELECT sum(weight * pg_column_size(document)) FROM recompressed"))


def _line(document: StoredDocument) -> bytes:
    """One row of COPY text. A small document that is compressed at the source had a wide row, so it gets a filler."""
    filler = "." * _WIDE if document.compressed and document.stored < _WIDE else "\\N"
    return f"{document.weight}\t{filler}\t{copy_escaped(document.text)}\n".encode()
