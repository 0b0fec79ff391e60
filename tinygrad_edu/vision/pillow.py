"""Where Pillow is loaded: when a picture is read, made or written; with a message for those who do not have it."""

from __future__ import annotations

from typing import Any

__all__ = ["pillow"]


def pillow(submodule: str = "Image") -> Any:
    """A module of Pillow.

    Raises:
        ModuleNotFoundError: it is not installed; says how to.
    """
    from importlib import import_module

    try:
        return import_module(f"PIL.{submodule}")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Pictures need Pillow, which is not installed. Install the extra: pip install 'tinygrad_edu[data]'. "
            "The numbers of a data set are in its attributes `data` and `targets` without it.",
            name="PIL",
        ) from error
