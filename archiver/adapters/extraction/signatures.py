"""Magic numbers of the formats we tell apart ourselves. Names are those Tika uses, so both lanes agree."""

from __future__ import annotations

SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"II+\x00", "image/tiff"),
    (0, b"MM\x00+", "image/tiff"),
    (0, b"\x00\x00\x00\x0cjP  ", "image/jp2"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"\x04\x22\x4d\x18", "application/x-lz4"),
    (0, b"\x1f\x9d", "application/x-compress"),
    (0, b"\x5d\x00\x00", "application/x-lzma"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07\x00", "application/x-rar-compressed"),
    (0, b"Rar!\x1a\x07\x01\x00", "application/x-rar-compressed"),
    (0, b"MSCF\x00\x00\x00\x00", "application/vnd.ms-cab-compressed"),
    (0, b"!<arch>\n", "application/x-archive"),
    (0, b"070701", "application/x-cpio"),
    (0, b"070702", "application/x-cpio"),
    (0, b"070707", "application/x-cpio"),
    (0, b"\xc7\x71", "application/x-cpio"),
    (0, b"\x71\xc7", "application/x-cpio"),
    (257, b"ustar", "application/x-tar"),
    (0, b"!BDN", "application/vnd.ms-outlook-pst"),
    (0, b"\x78\x9f\x3e\x22", "application/vnd.ms-tnef"),
    (0, b"WARC/", "application/warc"),
    (0, b"ITSF", "application/vnd.ms-htmlhelp"),
    (0, b"AC10", "image/vnd.dwg"),
    (0, b"\xffWPC", "application/vnd.wordperfect"),
    (0, b"SQLite format 3\x00", "application/x-sqlite3"),
    (4, b"Standard Jet DB\x00", "application/x-msaccess"),
    (4, b"Standard ACE DB\x00", "application/x-msaccess"),
    (0, b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", "application/onenote"),
    (0, b"bplist00", "application/x-bplist"),
    (0, b"OggS", "application/ogg"),
    (0, b"fLaC", "audio/x-flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\x1a\x45\xdf\xa3", "application/x-matroska"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"\xca\xfe\xba\xbe", "application/java-vm"),
    (0, b"-----BEGIN PGP MESSAGE-----", "application/pgp-encrypted"),
    (0, b"-----BEGIN PKCS7-----", "application/pkcs7-mime"),
)

RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/vnd.wave", b"AVI ": "video/x-msvideo"}
"""RIFF form types, at offset 8."""

ISO_BRANDS = {
    b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heif", b"msf1": "image/heif", b"avif": "image/avif",
    b"qt  ": "video/quicktime", b"M4A ": "audio/mp4",
}  # fmt: skip
"""Major brands of ISO base media files, at offset 8, after `ftyp` at offset 4."""

TEXT_EXTENSIONS = {
    "csv": "text/csv", "tsv": "text/tab-separated-values", "json": "application/json", "jsonl": "application/x-ndjson",
    "ndjson": "application/x-ndjson", "md": "text/x-web-markdown", "markdown": "text/x-web-markdown", "htm": "text/html",
    "html": "text/html", "xhtml": "application/xhtml+xml", "ics": "text/calendar", "vcs": "text/x-vcalendar",
    "vcf": "text/x-vcard", "log": "text/x-log", "yaml": "text/x-yaml", "yml": "text/x-yaml", "css": "text/css",
    "js": "text/javascript", "sql": "text/x-sql", "py": "text/x-python", "vtt": "text/vtt",
    "bib": "application/x-bibtex-text-file",
    "properties": "text/x-java-properties", "ini": "text/x-ini", "dxf": "image/vnd.dxf", "mif": "application/x-mif",
}  # fmt: skip
"""What a text is taken for by its name, when its bytes only say that it is text."""
