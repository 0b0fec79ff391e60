"""Files of data sets for those who write their own: the names of torchvision.datasets.utils."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tinygrad_edu.vision.datasets.archives import extract_archive
from tinygrad_edu.vision.datasets.download import calculate_md5, check_integrity, fetch

__all__ = ["calculate_md5", "check_integrity", "download_and_extract_archive", "download_url", "extract_archive"]


def download_url(url: str, root: str | os.PathLike[str], filename: str | None = None, md5: str | None = None) -> None:
    """Fetch a file into the folder `root`, under `filename` or the last part of its address.

    Raises:
        RuntimeError: it cannot be had, or has another checksum.
    """
    name = filename or Path(unquote(urlsplit(url).path)).name
    if not name or Path(name).name != name or name in (".", ".."):
        raise ValueError(f"download_url: {name!r} is no name for a file; pass filename.")
    fetch([url], Path(root).expanduser() / name, md5)


def download_and_extract_archive(
    url: str,
    download_root: str | os.PathLike[str],
    extract_root: str | os.PathLike[str] | None = None,
    filename: str | None = None,
    md5: str | None = None,
    remove_finished: bool = False,
) -> None:
    """`download_url`, then `extract_archive` into `extract_root`, by default the same folder."""
    name = filename or Path(unquote(urlsplit(url).path)).name
    download_url(url, download_root, name, md5)
    root = Path(download_root).expanduser()
    extract_archive(root / name, root if extract_root is None else extract_root, remove_finished)
