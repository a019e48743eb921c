"""Would another codec help? A sample of documents is stored anew on a throwaway server, never on the source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from lab.profiling.sample.documents import Document
from lab.servers import Server, open_server, open_workspace

_NAME = "lab_codecs"
_BYTES = 1 << 20
"""Stored bytes of one column that are stored anew at most."""
_AT_ONCE = 2
"""Codecs at work: what they take is what a profile waits for in the end."""
_WIDE = 2000
"""Bytes that make a row so wide that its document is compressed."""
_MAKE = """
CREATE TEMP TABLE anew (weight float8, filler text, document {type} COMPRESSION {codec});
ALTER TABLE anew ALTER filler SET STORAGE PLAIN, ALTER document SET STORAGE MAIN
"""  # MAIN: a document beside a filler would leave for TOAST, where its size is another
_ESCAPES = (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Documents of one column."""

    type: str
    """The type's internal name, such as 'jsonb'."""
    documents: Sequence[Document]

    @property
    def stored(self) -> float:
        """Their bytes as stored at the source, by weight."""
        return sum(document.weight * document.stored for document in self.documents)


def some(documents: Sequence[Document]) -> Sequence[Document]:
    """Evenly spaced ones, because compressing costs more than reading."""
    stored = sum(document.stored for document in documents)
    return documents[:: -(-stored // _BYTES)] if stored else ()


Ratios = Mapping[str, Mapping[str, float]]
"""By column, by codec: bytes stored anew ÷ bytes as stored at the source."""


class Bench:
    """A throwaway server that starts while documents are still being read; made by `bench`."""

    def __init__(self, other: ThreadPoolExecutor, *, worth: bool) -> None:
        self._batches: Future[Mapping[str, Batch]] = Future()
        self._ratios = other.submit(_restored, self._batches) if worth else None

    def give(self, batches: Mapping[str, Batch]) -> None:
        """Say what is to be stored anew, by column; only the first time counts."""
        if not self._batches.done():
            self._batches.set_result(batches)

    def result(self) -> Ratios:
        """Wait for the ratios.

        Errors: `LabError` where this machine cannot have a throwaway server.
        """
        return self._ratios.result() if self._ratios else {}


@contextmanager
def bench(*, worth: bool) -> Iterator[Bench]:
    """The bench for as long as the context lasts; without a server where nothing is `worth` it."""
    with ThreadPoolExecutor(1, "codecs") as other:
        made = Bench(other, worth=worth)
        try:
            yield made
        finally:
            made.give({})


def _restored(batches: Future[Mapping[str, Batch]]) -> Ratios:
    with (
        open_workspace(small=True) as workspace,
        open_server("native", workspace=workspace, progress=lambda _: None) as server,
        ThreadPoolExecutor(_AT_ONCE, "codec") as others,
    ):
        server.create(_NAME)
        codecs = ("pglz", "lz4") if server.capabilities.lz4 else ("pglz",)
        given = {name: batch for name, batch in batches.result().items() if batch.stored}
        found = {
            name: {codec: others.submit(_stored, server, batch, codec) for codec in codecs}
            for name, batch in given.items()
        }
        return {
            name: {codec: stored.result() / given[name].stored for codec, stored in by_codec.items()}
            for name, by_codec in found.items()
        }


def _stored(server: Server, batch: Batch, codec: str) -> float:
    """Bytes that the documents take with that codec, by weight."""
    with server.connect(_NAME) as database:
        database.execute(_MAKE.format(type=batch.type, codec=codec))
        database.copy_in("COPY anew FROM STDIN", (_line(document) for document in batch.documents))
        return float(database.value("SELECT sum(weight * pg_column_size(document)) FROM anew"))


def _line(document: Document) -> bytes:
    """A small document that is compressed at the source was so because of its neighbours, and gets one."""
    filler = "." * _WIDE if document.compressed and document.stored < _WIDE else "\\N"
    text = document.text
    for plain, escape in _ESCAPES:
        text = text.replace(plain, escape)
    return f"{document.weight}\t{filler}\t{text}\n".encode()
