"""The document of a MusicXML file: the file itself, or the score inside a compressed .mxl."""

import io
import zipfile
import zlib
from pathlib import Path
from xml.etree.ElementTree import Element

from duetto.errors import ScoreError
from duetto.score.formats.limits import MAX_FILE_BYTES, fault, read_bytes
from duetto.score.formats.xml import parse_xml
from duetto.storage.files import atomic_path

ZIP = b"PK\x03\x04"
CONTAINER = "META-INF/container.xml"
ROOT_FILE = "score.xml"
MAX_ENTRIES = 1000
LARGEST_CONTAINER = 64 * 1024
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, LookupError, NotImplementedError, RuntimeError)


def read_document(path: Path) -> Element:
    """The root of the score; what a compressed file unpacks to is limited as any file is.

    Raises:
        ScoreError: If it cannot be opened, is too large, damaged, no XML or hostile.
    """
    content = read_bytes(path)
    if content.startswith(ZIP):
        content = _unpacked(content, path)
    return parse_xml(content, path, has_doctype=True)


def write_document(content: bytes, path: Path) -> None:
    """Write a document, compressed if the path ends in .mxl, atomically.

    Raises:
        StorageError: If the folder cannot be written.
    """
    if path.suffix.lower() == ".mxl":
        packed = io.BytesIO()
        container = f'<container><rootfiles><rootfile full-path="{ROOT_FILE}"/></rootfiles></container>'
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, entry in ((CONTAINER, container.encode()), (ROOT_FILE, content)):
                # Without a date, so that equal scores give equal files.
                archive.writestr(zipfile.ZipInfo(name), entry, zipfile.ZIP_DEFLATED)
        content = packed.getvalue()
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def _unpacked(content: bytes, path: Path) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if len(names) > MAX_ENTRIES:
                raise fault(path, f"holds {len(names)} files, which no score needs")
            name = _root_file(_entry(archive, CONTAINER, LARGEST_CONTAINER, path), path) if CONTAINER in names else ""
            if name not in names:
                scores = [entry for entry in names if entry.lower().endswith((".xml", ".musicxml"))]
                scores = [entry for entry in scores if not entry.startswith("META-INF/")]
                if not scores:
                    raise fault(path, "holds no score")
                name = scores[0]
            return _entry(archive, name, MAX_FILE_BYTES, path)
    except DAMAGE as error:
        raise ScoreError(f"{path} is a damaged .mxl ({str(error)[:80]}); export it again.") from error


def _entry(archive: zipfile.ZipFile, name: str, limit: int, path: Path) -> bytes:
    """Content of an entry, which may say less of its size than it has."""
    with archive.open(name) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise fault(path, f"unpacks to more than {limit} bytes; split the song")
    return content


def _root_file(content: bytes, path: Path) -> str:
    root = parse_xml(content, path)
    return next((element.get("full-path", "") for element in root.iter("rootfile")), "")
