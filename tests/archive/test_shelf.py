"""The archive's port: what has no renames, links, rights or locks can hold an archive; only the port knows disks."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from etl.archive import bag, changes, edition_file, ledger, site, variants
from etl.archive.shelf import Folder, Item, Shelf
from etl.audit.verify import verify
from etl.common.errors import ArchiveBroken
from tests.archive import handmade

ROOT = Path(__file__).parents[2]


class Bucket(Shelf):
    """Objects by name, as a bucket holds them: folders are what names begin with, nothing is renamed."""

    def __init__(self, scratch: Path) -> None:
        self.objects: dict[str, bytes] = {}
        self._scratch = scratch

    def items(self, folder: str = "") -> list[Item]:
        before = f"{folder}/" if folder else ""
        inside = [name.removeprefix(before) for name in self.objects if name.startswith(before)]
        found = {name.partition("/")[0]: "/" in name for name in inside}
        return [Item(before + name, is_folder, is_plain=True) for name, is_folder in sorted(found.items())]

    def holds(self, folder: str) -> bool:
        return bool(self.items(folder))

    def is_plain(self, name: str) -> bool:
        return name in self.objects

    def read(self, name: str) -> bytes:
        if name not in self.objects:
            raise FileNotFoundError(name)
        return self.objects[name]

    def create(self, name: str, content: bytes) -> None:
        if name in self.objects:
            raise FileExistsError(name)
        self.objects[name] = content

    def replace(self, name: str, content: bytes) -> None:
        self.objects[name] = content

    def lay(self, folder: str, files: Mapping[str, bytes], check: Callable[[Path], None]) -> None:
        for name, content in files.items():
            (self._scratch / name).parent.mkdir(parents=True, exist_ok=True)
            (self._scratch / name).write_bytes(content)
        check(self._scratch)
        shutil.rmtree(self._scratch)
        if not self.items(folder):
            self.objects |= {f"{folder}/{name}": content for name, content in files.items()}

    def seal(self, folder: str) -> None:
        """Objects never change."""

    def sweep(self, older_than: float) -> None:
        """Nothing is left unfinished."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        yield

    def room(self) -> int:
        return 1 << 40

    def address(self, name: str) -> Path:
        return Path("/bucket") / name


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    made = Bucket(tmp_path / "scratch")
    handmade.add(made)
    handmade.add(made, cells={("inbound", "Fabrikam partner", "TLS 1.2"): 1000}, origin="correction")
    site.write(made, ledger.read(made))
    return made


def test_a_bucket_holds_the_same_archive_as_a_folder(bucket: Bucket, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    handmade.add(folder)
    handmade.add(folder, cells={("inbound", "Fabrikam partner", "TLS 1.2"): 1000}, origin="correction")
    site.write(Folder(folder), ledger.read(Folder(folder)))
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert bucket.objects == files
    assert verify(bucket) == verify(Folder(folder)) == []


def test_what_is_read_of_an_archive_is_read_of_a_bucket(bucket: Bucket) -> None:
    first, second = ledger.read(bucket)
    before, after = (edition_file.data(bucket, entry.bag) for entry in (first, second))
    assert changes.must_be_told(before, after, 0.05)
    assert "Åtta" in variants.read_mail(bucket.part(f"{second.bag}/data/sv")).html
    assert verify(bucket, second.hash) == []


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (lambda b: b.objects.update({"2026/W47/e1/data/facts.csv": b""}), ("altered", "2026/W47/e1/data/facts.csv")),
        (lambda b: b.objects.pop("2026/W47/e2/data/sv/mail.txt"), ("missing", "2026/W47/e2/data/sv/mail.txt")),
        (lambda b: b.objects.update({"2026/W47/e2/notes.txt": b""}), ("extra", "2026/W47/e2/notes.txt")),
        (lambda b: b.objects.update({"notes.txt": b""}), ("extra", "notes.txt")),
        (lambda b: b.objects.pop("ledger/00000001.json"), ("missing", "ledger/00000001.json")),
    ],
)
def test_a_bucket_is_verified_by_its_objects_alone(
    bucket: Bucket, harm: Callable[[Bucket], object], expected: tuple[str, str]
) -> None:
    harm(bucket)
    assert expected in [(found.kind, found.path) for found in verify(bucket)]


def test_another_edition_of_the_same_name_is_refused(bucket: Bucket) -> None:
    with pytest.raises(ArchiveBroken, match="already holds something else"):
        bag.write(bucket, "2026/W47/e1", {"facts.csv": b""}, {"Bagging-Date": "2026-11-23"})


def test_only_the_port_knows_where_the_archive_lies() -> None:
    knowing = {
        path.relative_to(ROOT).as_posix()
        for folder in ("etl", "dags")
        for path in (ROOT / folder).rglob("*.py")
        if "archive_path" in path.read_text(encoding="utf-8")
    }
    assert knowing == {"etl/archive/shelf.py", "etl/settings/tables.py"}
