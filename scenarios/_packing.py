"""How a client packs documents with zstd, and reads them again.

A dictionary is what documents have in common: zstd refers to it in place of storing it again. A packed document begins
with a head that names its dictionary, followed by a frame of zstd with a checksum. There are two kinds of dictionary: one
per platform, trained on older documents, and documents of the same subject, which share even more. Such a document is a
reference: it is stored once, packed with the dictionary of its platform, and the documents that follow it refer to it.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

import zstandard

from lab.scenario import Client, Convert, Decode, Decoding, Fetch, Row

DICTIONARIES = "payload_dictionaries"
HEAD = struct.Struct(">qh")
"""The id of a reference, or of a dictionary with a minus, or 0 for none; and which of its reference's documents it is."""
DICTIONARY_LEVEL = 19
"""Of the dictionaries themselves, of which there are few."""
WORTH = 2
"""A reference must make a document smaller than itself by this factor. Otherwise the document becomes a reference."""


def training(kilobytes: int, client: Client) -> Convert:
    """From (platform, document), platform by platform, to (id, platform, content) of its dictionary."""
    ((known,),) = client.fetch(f"SELECT coalesce(max(id), 0) FROM {DICTIONARIES}", ())

    def convert(rows: Iterable[Row]) -> Iterator[Row]:
        for number, (platform, documents) in enumerate(groupby(rows, itemgetter(0)), known + 1):
            content = trained([document.encode() for _, document in documents], kilobytes << 10)
            yield number, platform, zstandard.ZstdCompressor(level=DICTIONARY_LEVEL).compress(content)

    return convert


def trained(samples: Sequence[bytes], size: int) -> bytes:
    """A dictionary of at most `size` bytes; where there are too few documents to train one, the newest of them."""
    try:
        return zstandard.train_dictionary(size, list(samples)).as_bytes()
    except zstandard.ZstdError:
        return b"".join(samples)[-size:]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A document that others are packed with."""

    id: int
    """Of its snapshot."""
    used: int
    """By how many documents so far, itself included."""
    packed_bytes: int
    """Its size, packed with the dictionary of its platform."""
    compressor: zstandard.ZstdCompressor


class Codec:
    """Packs and unpacks the documents of one database; it keeps the dictionaries in its memory."""

    def __init__(self, fetch: Fetch, level: int = DICTIONARY_LEVEL) -> None:
        self._level = level
        self._dictionaries: dict[int, zstandard.ZstdCompressionDict | None] = {0: None}
        self._ids: dict[str, int] = {}
        self._compressors: dict[int, zstandard.ZstdCompressor] = {}
        for number, platform, content in fetch(f"SELECT id, platform, content FROM {DICTIONARIES}", ()):
            dictionary = zstandard.ZstdCompressionDict(zstandard.ZstdDecompressor().decompress(content))
            self._dictionaries[number] = dictionary
            self._ids[platform] = number

    def packed(self, platform: str, document: bytes) -> bytes:
        """With the dictionary of the platform, or with none where it has none."""
        number = self._ids.get(platform, 0)
        if number not in self._compressors:
            self._compressors[number] = self._compressor(self._dictionaries[number])
        return HEAD.pack(-number, 0) + self._compressors[number].compress(document)

    def reference(self, number: int, document: bytes, *, packed_bytes: int, used: int = 0) -> Reference:
        """A document that others are to be packed with."""
        compressor = self._compressor(_raw(document))
        return Reference(id=number, used=used, packed_bytes=packed_bytes, compressor=compressor)

    def unpacked(self, packed: bytes, references: Mapping[int, bytes]) -> bytes:
        """The document; `references` are those that `packed` may refer to, unpacked, by their ids."""
        number, _ = HEAD.unpack_from(packed)
        dictionary = _raw(references[number]) if number > 0 else self._dictionaries[-number]
        return decompressor(dictionary).decompress(packed[HEAD.size :])

    def _compressor(self, dictionary: zstandard.ZstdCompressionDict | None) -> zstandard.ZstdCompressor:
        if dictionary is None:
            return zstandard.ZstdCompressor(level=self._level, write_checksum=True)
        dictionary.precompute_compress(level=self._level)
        return zstandard.ZstdCompressor(level=self._level, dict_data=dictionary, write_checksum=True)


def decompressor(dictionary: zstandard.ZstdCompressionDict | None) -> zstandard.ZstdDecompressor:
    """One that knows this dictionary."""
    return zstandard.ZstdDecompressor(dict_data=dictionary) if dictionary else zstandard.ZstdDecompressor()


def _raw(document: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(document, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


@dataclass(frozen=True, kw_only=True)
class Packing:
    """How the documents of one table are packed."""

    level: int
    share: int
    """How many documents at most refer to one; 1: none does."""

    def pack(self, codec: Codec, rows: Iterable[Row], newest: Mapping[Row, Reference]) -> Iterator[Row]:
        """From (id, subject, platform, document), subject by subject and in their order, to (id, packed, reference).

        `newest` are the references that the documents of (subject, platform) may go on with.
        """
        for subject, documents in groupby(rows, itemgetter(1, 2)):
            current = newest.get(subject)
            for number, _, platform, text in documents:
                document = text.encode()
                if self.share == 1:
                    yield number, codec.packed(platform, document), None
                    continue
                packed, reference = self._with(current, document), None
                if current is None or packed is None:
                    reference = codec.packed(platform, document)
                    current = codec.reference(number, document, packed_bytes=len(reference))
                    packed = current.compressor.compress(document)
                current = replace(current, used=current.used + 1)
                yield number, HEAD.pack(current.id, current.used) + packed, reference

    def _with(self, reference: Reference | None, document: bytes) -> bytes | None:
        """The document packed with that one; None where it has no place left, or is of little use."""
        if reference is None or reference.used >= self.share:
            return None
        packed = reference.compressor.compress(document)
        return packed if len(packed) * WORTH < reference.packed_bytes else None


def decoding(table: str) -> Decoding:
    """How a client reads the packed documents of a table."""
    return Decoding(key="id", open=lambda client: decoder(table, client))


def decoder(table: str, client: Client) -> Decode:
    """Reads packed documents with the dictionaries and references of that database."""
    codec = Codec(client.fetch)

    def decode(values: Sequence[bytes]) -> Sequence[str]:
        wanted = {number for number, _ in map(HEAD.unpack_from, values) if number > 0}
        references = unpacked_references(codec, table, client.fetch, wanted)
        return [codec.unpacked(value, references).decode() for value in values]

    return decode


def unpacked_references(codec: Codec, table: str, fetch: Fetch, wanted: Iterable[int]) -> dict[int, bytes]:
    """The documents of these references, by their ids."""
    ids = list(wanted)
    rows = fetch(f"SELECT id, content FROM {table}_references WHERE id = ANY(%s)", (ids,)) if ids else []
    return {number: codec.unpacked(content, {}) for number, content in rows}
