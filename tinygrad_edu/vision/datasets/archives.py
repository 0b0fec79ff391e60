"""Unpacking what was fetched: into a folder beside the target first, then moved, and never outside of it."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from tinygrad_edu.utils.files import opened_for_writing

__all__ = ["extract_archive", "gunzip"]

_DAMAGE = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, gzip.BadGzipFile, NotImplementedError)


def gunzip(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """Unpack a .gz file, in one step.

    Raises:
        RuntimeError: it is damaged.
    """
    try:
        with gzip.open(source, "rb") as packed, opened_for_writing(target, "gunzip") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
    except _DAMAGE as error:
        raise RuntimeError(f"{os.fspath(source)} is damaged: {error}. Delete it and fetch it again.") from error


def extract_archive(
    from_path: str | os.PathLike[str], to_path: str | os.PathLike[str] | None = None, remove_finished: bool = False
) -> str:
    """Unpack a tar (also packed as gz, bz2, xz), zip or gz file, by default beside itself. Returns the folder.

    Only files and folders are unpacked, and only below `to_path`.

    Raises:
        RuntimeError: the archive is damaged, holds links or devices, or names a place outside; then nothing has
            changed. ValueError: another kind of file.
    """
    source = Path(from_path)
    target = Path(to_path) if to_path is not None else source.parent
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=target) as name:
        folder = Path(name)
        try:
            if tarfile.is_tarfile(source):
                _untar(source, folder)
            elif zipfile.is_zipfile(source):
                _unzip(source, folder)
            elif source.suffix == ".gz":
                gunzip(source, folder / source.stem)
            else:
                raise ValueError(f"extract_archive: {source} is neither a tar, a zip nor a gz file.")
        except _DAMAGE as error:
            raise RuntimeError(f"{source} is damaged, or refused: {error}") from error
        _move(folder, target)
    if remove_finished:
        source.unlink()
    return os.fspath(target)


def _untar(source: Path, folder: Path) -> None:
    if not hasattr(tarfile, "data_filter"):
        raise RuntimeError("extract_archive: this Python unpacks tar files without a filter; use 3.11.4 or newer.")
    with tarfile.open(source) as archive:
        for member in archive:
            if not (member.isreg() or member.isdir()):
                raise RuntimeError(f"{source} is refused: {member.name!r} is a link or a device, not a file.")
            _check_place(source, member.name)
            archive.extract(member, folder, filter="data")
        while archive.fileobj is not None and archive.fileobj.read(1 << 20):
            pass  # to its end, where gzip and xz keep their checksums


def _unzip(source: Path, folder: Path) -> None:
    with zipfile.ZipFile(source) as archive:
        for name in archive.namelist():
            _check_place(source, name)
        archive.extractall(folder)


def _check_place(source: Path, name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[:1]:
        raise RuntimeError(f"{source} is refused: {name!r} is a place outside of the folder it is unpacked into.")


def _move(folder: Path, target: Path) -> None:
    for file in sorted(folder.rglob("*")):
        place = target / file.relative_to(folder)
        if file.is_dir():
            place.mkdir(exist_ok=True)
        else:
            os.replace(file, place)
