"""Fetching a file over HTTP until it is whole: from several mirrors, resumed after a cut, checked, put in one step.

What has arrived is kept beside the target as ``.NAME.part``; the next attempt, or the next run, asks the server for the
rest (RFC 9110, Range). Only a file whose checksum is right gets its name.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

try:
    import fcntl
except ImportError:  # Windows: two programs that fetch one file at a time are not kept apart; the checksum still is
    fcntl = None  # type: ignore[assignment]

__all__ = ["calculate_md5", "check_integrity", "fetch"]

TIMEOUT = 30.0  # seconds without a byte
ATTEMPTS = 4  # in a row that bring nothing new, for each mirror
PAUSE = 0.5  # seconds before the second attempt; doubled for each one after
_CHUNK = 1 << 16
_HEADERS = {"User-Agent": "tinygrad_edu", "Accept-Encoding": "identity"}

Report = Callable[[int, "int | None"], None]


class _Part:
    """What has arrived of a file. `checked`: there is a checksum, so that also parts of earlier runs can be used.

    `version` is what the server called the file it began with; without a checksum, it alone says that the rest fits.
    """

    def __init__(self, path: Path, checked: bool) -> None:
        self.path, self.checked, self.version = path, checked, ""
        if not checked:
            self.drop()  # of which file, nobody can tell

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)


class _Failure(Exception):
    """An attempt that failed; `final` if another one at this mirror would fail too."""

    def __init__(self, reason: str, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


def calculate_md5(fpath: str | os.PathLike[str], chunk_size: int = 1 << 20) -> str:
    """The MD5 of a file, which is how these data sets are published; it finds damage, it does not keep out enemies."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(fpath, "rb") as file:
        while chunk := file.read(chunk_size):
            digest.update(chunk)
    return digest.hexdigest()


def check_integrity(fpath: str | os.PathLike[str], md5: str | None = None) -> bool:
    """Whether the file is there and, if a checksum is given, has it."""
    return os.path.isfile(fpath) and (md5 is None or calculate_md5(fpath) == md5)


def fetch(urls: Sequence[str], target: str | os.PathLike[str], md5: str | None = None) -> None:
    """Make `target` the file that stands at one of these addresses, tried in turn; nothing if it is there already.

    Shows its progress where standard error is a terminal.

    Raises:
        ValueError: an address that is neither http nor https. RuntimeError: no mirror gave the file; says why, and
            where to put it by hand. What has arrived is kept for the next run if there is a checksum.
    """
    target = Path(target)
    for url in urls:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"fetch: only http and https are fetched, not {url!r}.")
    if check_integrity(target, md5):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone(target.parent / f".{target.name}.lock"), _shown(target.name) as report:
        if check_integrity(target, md5):
            return  # another program has fetched it meanwhile
        part = _Part(target.parent / f".{target.name}.part", md5 is not None)
        told = []
        try:
            for url in urls:
                reason = _from_mirror(url, part, md5, report)
                if reason is None:
                    os.replace(part.path, target)
                    return
                told.append(f"  {url}: {reason}")
        finally:
            if md5 is None:
                part.drop()
    raise RuntimeError(
        "\n".join([f"Error downloading {target.name}:", *told])
        + f"\nIf you can get the file in another way, put it at {target}."
    )


def _from_mirror(url: str, part: _Part, md5: str | None, report: Report) -> str | None:
    """Fill `part` from one address; the reason if that cannot be done."""
    left, pause = ATTEMPTS, PAUSE
    part.version = ""
    while True:
        before = part.size
        try:
            _receive(url, part, report)
            found = calculate_md5(part.path)
            if md5 in (None, found):
                return None
            part.drop()
            raise _Failure(f"the file is damaged: its MD5 is {found}, not {md5}", final=before == 0)
        except _Failure as failure:
            if failure.final:
                return str(failure)
            if part.size - before >= _CHUNK:  # it goes on, if not in one piece
                left, pause = ATTEMPTS, PAUSE
                continue
            left -= 1
            if not left:
                return str(failure)
        time.sleep(pause)
        pause *= 2


def _receive(url: str, part: _Part, report: Report) -> None:
    """One request, for what is missing."""
    have = part.size if part.checked or part.version else 0
    headers = dict(_HEADERS)
    if have:
        headers["Range"] = f"bytes={have}-"
        if part.version:
            headers["If-Range"] = part.version
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # there is no rest: what is here is of another file
            part.drop()
            raise _Failure("the server has a shorter file") from error
        raise _Failure(f"HTTP {error.code} {error.reason}", final=error.code < 500 and error.code != 429) from error
    except (OSError, http.client.HTTPException) as error:
        raise _Failure(_reason(error)) from error
    with response:
        resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if not resumed:
            if response.status != 200:
                raise _Failure(f"HTTP {response.status}: an answer to another question")
            have = 0
        tag = response.headers.get("ETag", "")
        part.version = (tag if not tag.startswith("W/") else "") or response.headers.get("Last-Modified", "")
        length = response.headers.get("Content-Length")
        total = have + int(length) if length and length.isdecimal() else None
        with open(part.path, "ab" if resumed else "wb") as file:  # an error here is the disk's, and no reason to go on
            while True:
                report(have, total)
                try:
                    chunk = response.read1(_CHUNK)
                except (OSError, http.client.HTTPException, ValueError) as error:
                    raise _Failure(f"{_reason(error)}, after {have} bytes") from error
                if not chunk:
                    break
                file.write(chunk)
                have += len(chunk)
        if total is not None and have < total:
            raise _Failure(f"the connection was cut after {have} of {total} bytes")


def _reason(error: Exception) -> str:
    inner = getattr(error, "reason", error)
    if isinstance(inner, TimeoutError):
        return f"no answer for {TIMEOUT:g} seconds"
    return str(inner) or type(inner).__name__


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one program at a time fetch a file. The lock goes with the program, the empty file after a success."""
    with open(lock, "ab") as file:
        if fcntl is not None:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
    lock.unlink(missing_ok=True)


@contextmanager
def _shown(name: str) -> Iterator[Report]:
    """A bar on the terminal, if there is one."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
