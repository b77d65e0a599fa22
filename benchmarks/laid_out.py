"""What an import wrote, laid out as files, so that the same can be written again without it."""

from __future__ import annotations

from pathlib import Path

from archiver.adapters.index.elastic import ElasticsearchIndex
from archiver.bootstrap.archive import Archive
from archiver.domain.document import State
from archiver.ports.objects import Bucket
from archiver.services.index_documents import entry_of, stored

_PIECE = 1024 * 1024


def lay_out_objects(archive: Archive, folder: Path) -> None:
    """Originals, records and texts, one file each, in a folder named for its bucket. The rest of the archive is left out."""
    for bucket in Bucket:
        (folder / bucket.value).mkdir(parents=True)
        for prefix in ("originals/", "records/", "texts/"):
            for number, info in enumerate(archive.objects.list(bucket, prefix)):
                with archive.objects.open(info.ref) as body, open(folder / bucket.value / f"{prefix[:-1]}-{number}", "wb") as out:
                    while piece := body.read(_PIECE):
                        out.write(piece)


def lay_out_bulk(archive: Archive, folder: Path, target: str) -> None:
    """Bodies of bulk requests for all documents, as the index is sent them, to `target`."""
    folder.mkdir(parents=True)
    assert isinstance(archive.index, ElasticsearchIndex)
    documents = (one for one in archive.catalog.changed_since(0) if one.state not in (State.RECEIVED, State.DISPOSED))
    entries = (entry_of(one, stored(archive.texts, one), one.sequence) for one in documents)
    for number, operations in enumerate(archive.index.operations(entries)):
        (folder / f"{number:05}").write_bytes(b"".join(operation.lines(target) for operation in operations))
