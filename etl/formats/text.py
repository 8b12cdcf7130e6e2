"""An export's bytes as plain UTF-8 text: unpacked and recoded by the chunk where needed."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import mmap
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from etl.common.disk import disk_errors
from etl.common.errors import ExportUnreadable, LimitExceeded
from etl.common.masking import mask, printable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK = 1 << 20
WINDOW = 1 << 26
HEAD = 1 << 16
GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
XZ = b"\xfd7zXZ\x00"
BZIP2 = b"BZh"
XZ_MEMORY = 128 << 20
"""What unpacking xz may take: `xz -9` needs half of it, and a header can ask for gigabytes."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


DAMAGE = (
    EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, lzma.LZMAError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""What Python's gzip and zip raise for damaged, encrypted or unknown compressed data."""


@dataclass(frozen=True)
class Plain:
    """Where the plain text lies and what it holds. `lines` counts line feeds, plus a last line without one; `lists`
    says whether a `;` or `##` occurs anywhere; `odd_lines` whether there are blank lines, or lines ended by a carriage
    return alone (`plain` gives neither)."""

    path: Path
    encoding: str
    bytes: int
    lines: int
    has_nul: bool
    lists: bool
    mixed_ends: bool
    compressed: bool
    odd_lines: bool = False
    strays: bool = False
    """Whether there are carriage returns that end no line, in a file whose lines end otherwise (`plain` has none)."""
    is_odd: bool = False
    """Whether it holds a carriage return, NUL, chr(1) or bytes that are no UTF-8."""


def head(path: Path, size: int = HEAD) -> bytes:
    """The first `size` bytes of the text in `path`, unpacked and recoded to UTF-8; as much as is readable."""
    try:
        with _unpacked(path) as stream:
            raw = stream.read(size)
    except (OSError, ExportUnreadable, *DAMAGE):
        return b""
    encoding, bom = detect(raw)
    text = raw[bom:].decode(encoding, errors="ignore" if encoding != "utf-8" else "replace")
    return text.encode("utf-8")


def detect(raw: bytes) -> tuple[str, int]:
    """The encoding that the first bytes speak for, and the length of its byte order mark.

    UTF-16 without a mark shows itself by zero bytes in most odd (little-endian) or even (big-endian) places.
    """
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            return encoding, len(bom)
    sample = raw[:512]
    if len(sample) >= 4:
        half = len(sample) // 2
        if sample[1::2].count(0) > 0.6 * half and sample[0::2].count(0) < 0.2 * half:
            return "utf-16-le", 0
        if sample[0::2].count(0) > 0.6 * half and sample[1::2].count(0) < 0.2 * half:
            return "utf-16-be", 0
    return "utf-8", 0


def plain(path: Path, work: Path, limit: int, *, may_be_empty: bool = False) -> Plain:
    """The text of `path` as UTF-8 without a mark and without blank lines: the file itself where it is that already,
    else a copy at `work`.

    `limit` is the most bytes that the unpacked text may have. Raises `ExportUnreadable` for a truncated, hostile or
    oversized file, and for an empty one unless it `may_be_empty`: a log of a day without mail is.
    """
    found = decoded(path, work, limit, may_be_empty=may_be_empty)
    if found.strays:
        calm = work.with_name(f"{work.name}.calm")
        with disk_errors(calm):
            _drop_strays(found.path, calm)
        work.unlink(missing_ok=True)
        found = _scan(calm, found.encoding, found.compressed)
    if not found.odd_lines:
        return found
    mended = work.with_name(f"{work.name}.lines")
    with disk_errors(mended):
        _mend_lines(found.path, mended)
    if found.path != path:
        found.path.unlink()
    return _scan(mended, found.encoding, found.compressed)


def decoded(path: Path, work: Path, limit: int, *, may_be_empty: bool = False) -> Plain:
    """The text of `path` as UTF-8 like `plain`, with its blank lines, which part a mail's header from its body."""
    compressed = is_compressed(path)
    try:
        with _unpacked(path) as stream:
            first = stream.read(HEAD)
        if not first and not may_be_empty:
            raise ExportUnreadable("the file is empty", "an export with a header and records", "check the export job")
        if compressed and _is_packed(first[:16]):
            raise ExportUnreadable(
                "what is compressed in it is compressed once more",
                "an export that is packed once",
                "unpack it once and hand in the file that comes out",
            )
        encoding, bom = detect(first)
        if not compressed and encoding == "utf-8" and bom == 0:
            found = _scan(path)
            if found.encoding == "utf-8" and not found.mixed_ends:
                return found
            encoding = found.encoding
        elif encoding == "utf-8" and _is_latin1(path):
            encoding = "latin-1"
        with _unpacked(path) as stream, disk_errors(work), work.open("wb") as copy:
            _recode(stream, copy, encoding, bom, limit)
        return _scan(work, encoding, compressed)
    except EOFError:
        raise _broken("the compressed data ends before its end mark") from None
    except DAMAGE as error:
        raise _broken(f"the compressed data is damaged ({error})") from None
    except OSError as error:
        if error.errno is None:  # bz2 in a zip says so when its data is damaged
            raise _broken(f"the compressed data is damaged ({error})") from None
        raise


def is_compressed(path: Path) -> bool:
    """Whether the file is gzip, zip, xz or bzip2 by its first bytes, whatever its name."""
    with path.open("rb") as file:
        return _is_packed(file.read(16))


def _is_packed(first: bytes) -> bool:
    return first.startswith((GZIP, ZIP, XZ)) or _is_bzip2(first)


def _is_bzip2(first: bytes) -> bool:
    """Whether bzip2's head stands first: its mark, a digit, and the mark of a block or of the end."""
    return first.startswith(BZIP2) and first[3:4].isdigit() and first[4:10] in (b"1AY&SY", b"\x17rE8P\x90")


def _broken(what: str) -> ExportUnreadable:
    return ExportUnreadable(what, "a whole file", "fetch the export again; the damaged file stays in storage")


def _unpacked(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        magic = file.read(16)
    if magic[:2] == GZIP:
        return gzip.open(path, "rb")  # type: ignore[return-value]  # GzipFile reads bytes like any IO[bytes]
    if magic[:4] == ZIP:
        return _zip_member(path)
    if magic.startswith(XZ):
        return io.BufferedReader(_Members(path.open("rb"), _xz), CHUNK)
    if _is_bzip2(magic):
        return io.BufferedReader(_Members(path.open("rb"), bz2.BZ2Decompressor), CHUNK)
    return path.open("rb")


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


class _Members(io.RawIOBase):
    """What xz or bzip2 unpack to, member after member, as much at a time as is asked for: Python's own readers of both
    let a header say how much memory they take."""

    def __init__(self, file: IO[bytes], make: Callable[[], lzma.LZMADecompressor | bz2.BZ2Decompressor]) -> None:
        super().__init__()
        self._file, self._make = file, make
        self._member = make()
        self._waiting = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        while True:
            if self._member.eof:
                rest = (self._member.unused_data or self._file.read(HEAD)).lstrip(b"\0")  # padding between members
                if not rest:
                    return 0
                self._member, self._waiting = self._make(), rest
            elif self._member.needs_input and not self._waiting:
                self._waiting = self._file.read(HEAD)
                if not self._waiting:
                    raise EOFError
            part = self._member.decompress(self._waiting, len(view))
            self._waiting = b""
            if part:
                view[: len(part)] = part
                return len(part)

    def close(self) -> None:
        self._file.close()
        super().close()


def _zip_member(path: Path) -> IO[bytes]:
    """The only file in a zip. Nothing is ever extracted by name, yet a name that climbs out marks a hostile archive."""
    archive = zipfile.ZipFile(path)
    members = [item for item in archive.infolist() if not item.is_dir() and not item.filename.startswith("__MACOSX/")]
    for member in members:
        parts = PurePosixPath(member.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or member.filename[1:2] == ":":
            raise ExportUnreadable(
                "the zip holds a path that climbs out of it", "a zip with one plain file", "distrust it"
            )
    if len(members) > 1:
        names = ", ".join(f"'{printable(PurePosixPath(item.filename).name)[:60]}'" for item in members[:3])
        raise ExportUnreadable(
            f"the zip holds {len(members)} files ({names}{', …' if len(members) > 3 else ''})",
            "exactly one export in a zip: each file has a receipt and counts of its own",
            "unpack it and put each file where the source's `location` and `pattern` find it",
        )
    if not members:
        raise ExportUnreadable("the zip holds no file", "exactly one export in a zip", "fetch the export again")
    if members[0].flag_bits & 1:
        raise ExportUnreadable(
            "the zip is encrypted", "a zip without a password", "unpack it and hand in the file that comes out"
        )
    return archive.open(members[0])


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk


def _recode(stream: IO[bytes], copy: IO[bytes], encoding: str, bom: int, limit: int) -> None:
    decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)(errors="replace")
    written, held = 0, b""
    stream.read(bom)
    for chunk in _chunks(stream):
        text = chunk if decoder is None else decoder.decode(chunk).encode("utf-8")
        text = (held + text).replace(b"\r\n", b"\n")
        held = text[-1:] if text.endswith(b"\r") else b""
        text = text[: len(text) - len(held)]
        written += len(text)
        if written > limit:
            raise LimitExceeded(
                "expanded_size",
                f"the unpacked text is larger than {limit:,} bytes",
                "an export within [limits] expanded_size",
                "raise the limit if the export is genuine",
            )
        copy.write(text)
    rest = decoder.decode(b"", final=True).encode("utf-8") if decoder is not None else b""
    copy.write(held + rest)


_BLANK = re.compile(rb"(?:\A|(?<=\n))(?:\r?\n)+")


def _mend_lines(path: Path, copy_path: Path) -> None:
    """Copies text without the blank lines outside quotes; lines ended by carriage returns alone get line feeds."""
    with (
        path.open("rb") as file,
        copy_path.open("wb") as copy,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole,
    ):
        if whole.find(b"\n") < 0:
            for start in range(0, len(whole), CHUNK):
                copy.write(whole[start : start + CHUNK].replace(b"\r", b"\n"))
            return
        kept = counted = quotes = 0
        for start, end in windows(whole, 0, len(whole)):
            for blank in _BLANK.finditer(whole, start, end):
                quotes += sum(part.count(b'"') for part in parts(whole, counted, blank.start()))
                counted = blank.start()
                if quotes % 2 == 0:
                    copy.writelines(parts(whole, kept, blank.start()))
                    kept = blank.end()
        copy.writelines(parts(whole, kept, len(whole)))


def _drop_strays(path: Path, copy_path: Path) -> None:
    """Copies text with its lines ended by line feeds, and a space for each carriage return that ends none.

    DuckDB's reader takes such a return, even inside quotes, for the end of a line in some places and not in others.
    """
    held = b""
    with path.open("rb") as file, copy_path.open("wb") as copy:
        for chunk in _chunks(file):
            part = held + chunk
            held = part[-1:] if part.endswith(b"\r") else b""
            copy.write(part[: len(part) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b" "))
        copy.write(held.replace(b"\r", b" "))


def parts(whole: mmap.mmap, start: int, end: int) -> Iterator[bytes]:
    """What stands between two places of a mapped file, by the chunk; what was handed out is let go of."""
    for at in range(start, end, CHUNK):
        stop = min(at + CHUNK, end)
        yield whole[at:stop]
        _let_go(whole, at, stop)


def windows(whole: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Stretches from `start` to `end` to be searched one by one, each up to the end of a line; a past one is let go of.

    Pages of a mapped file that were looked at stay in this process' memory: a search through all of it takes its size.
    """
    while start < end:
        stop = min(start + WINDOW, end)
        stop = stop if stop == end else (whole.rfind(b"\n", start, stop) + 1) or stop
        yield start, stop
        _let_go(whole, start, stop)
        start = stop


def _let_go(whole: mmap.mmap, start: int, end: int) -> None:
    first = start - start % mmap.PAGESIZE
    whole.madvise(mmap.MADV_DONTNEED, first, end - first)


def _scan(path: Path, encoding: str = "", compressed: bool = False) -> Plain:
    """Counts lines and looks for NUL bytes and for bytes that are no UTF-8, a chunk at a time.

    What is rare is looked for by one byte first: a search for two costs twenty times as much.
    """
    size = lines = returns = marks = 0
    tail = b"\n"
    nul = lists = blank = control = False
    decoder = codecs.getincrementaldecoder("utf-8")()
    valid, pending = True, False
    with path.open("rb") as file:
        for chunk in _chunks(file):
            size += len(chunk)
            ended = chunk.split(b"\n")
            lines += len(ended) - 1
            edge = tail + chunk[:2]
            nul = nul or b"\0" in chunk
            control = control or b"\1" in chunk
            lists = lists or b";" in chunk or b"##" in edge or (b"#" in chunk and b"##" in chunk)
            blank = blank or b"" in ended[1:-1] or any(mark in edge for mark in (b"\n\n", b"\n\r\n"))
            returns += chunk[:1] == b"\n" and tail[-1:] == b"\r"
            if b"\r" in chunk:
                returns += chunk.count(b"\r\n")
                marks += chunk.count(b"\r")
                blank = blank or b"\n\r\n" in chunk
            tail = (tail + chunk)[-2:] if len(chunk) < 2 else chunk[-2:]
            if valid and (pending or not chunk.isascii()):
                try:
                    decoder.decode(chunk)
                    pending = bool(decoder.getstate()[0])
                except UnicodeDecodeError:
                    valid = False
    if not encoding:
        encoding = "utf-8" if valid or not _is_latin1(path) else "latin-1"
    return Plain(
        path=path,
        encoding=encoding,
        bytes=size,
        lines=lines + (tail[-1:] != b"\n"),
        has_nul=nul,
        lists=lists,
        mixed_ends=0 < returns < lines,
        compressed=compressed,
        odd_lines=blank or (marks > 0 and lines == 0),
        strays=lines > 0 and returns < marks,
        is_odd=nul or control or marks > 0 or pending or not valid,
    )


def _is_latin1(path: Path) -> bool:
    """Whether a file that claims no encoding is Latin-1: its bytes beyond ASCII are more often no UTF-8 than UTF-8."""
    wrong = right = 0
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    with _unpacked(path) as stream:
        for chunk in _chunks(stream):
            if chunk.isascii() and not decoder.getstate()[0]:
                continue
            text = decoder.decode(chunk)
            bad = text.count("\ufffd")
            wrong += bad
            right += sum(1 for character in text if character > "\x7f") - bad
    return wrong > right


def first_line(raw: bytes) -> str:
    """The first line of a head, for messages: without its end, at most 200 characters, addresses masked while they are
    whole."""
    return mask(io.StringIO(raw.decode("utf-8", errors="replace")).readline(2_000).rstrip("\r\n"))[:200]
