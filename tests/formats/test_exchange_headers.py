"""Where Exchange's logs say what they hold: header lines found whatever the file's size, and never inside quotes."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from etl.formats import text
from etl.formats.lines import exchange_headers

FIRST = "#Software: x\r\n#Log-type: Message Tracking Log\r\n#Fields: date-time,event-id,subject\r\n"
OTHER = "#Fields: event-id,date-time,subject\r\n"


def written(path: Path, *pieces: str) -> Path:
    path.write_bytes("".join(pieces).encode())
    return path


def told(path: Path, *, quoted: bool) -> list[tuple[int, int, tuple[str, ...]]]:
    return [(part.start, part.end, part.fields[:2]) for part in exchange_headers.parts(path, quoted=quoted)]


def test_a_header_inside_quotes_is_text_where_values_may_hold_line_feeds(tmp_path: Path) -> None:
    record = f'2024-12-03T10:00:00Z,SEND,"\r\n{OTHER}"\r\n'
    path = written(tmp_path / "log", FIRST, record, OTHER, "SEND,2024-12-03T10:00:00Z,x\r\n")
    size, at = path.stat().st_size, len(FIRST + record)
    assert told(path, quoted=True) == [(0, at, ("date-time", "event-id")), (at, size, ("event-id", "date-time"))]
    assert len(told(path, quoted=False)) == 2
    assert told(path, quoted=False)[0][1] < at


def test_what_is_searched_at_once_makes_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = random.Random(7)  # noqa: S311  no secret: the same logs each time
    pieces = [FIRST, OTHER, "a,b,c\r\n", '2024,"x\n#Fields: y\n",\n', "#\n", "\r\n\r\n", "z" * 40 + "\n"]
    for _ in range(60):
        path = written(tmp_path / "log", *seed.choices(pieces, k=30))
        whole = [told(path, quoted=quoted) for quoted in (False, True)]
        plain = text.plain(path, tmp_path / "plain", 1 << 20).path.read_bytes()
        with monkeypatch.context() as small:
            small.setattr(text, "WINDOW", seed.choice([1, 7, 33, 64]))
            assert [told(path, quoted=quoted) for quoted in (False, True)] == whole
            assert text.plain(path, tmp_path / "plain", 1 << 20).path.read_bytes() == plain


def test_the_size_of_a_log_is_not_the_memory_it_takes(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.write(FIRST.encode())
        for _ in range(400):
            file.write(b"2024-12-03T10:00:00Z,SEND,x\n" * 37_450)
    program = (
        "import resource, sys; from pathlib import Path; from etl.formats.lines import exchange_headers as headers\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "assert len(headers.parts(Path(sys.argv[1]), quoted=True)) == 1\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 150
