"""`SummaryWriter`: what a training loop notes down, by tag and step.

It turns what it is given into plain records; where these go is the business of `records`.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NoReturn

import numpy as np

from tinygrad_edu.errors import NotProvidedError, ShapeError
from tinygrad_edu.tensors.tensor import Tensor
from tinygrad_edu.utils.tensorboard.records import open_file

__all__ = ["SummaryWriter"]


class SummaryWriter:
    """Writes numbers, distributions, pictures and text of a run into a folder.

    With the package `tensorboard` installed it writes TensorBoard's event files. Without it, it says so once and writes
    `events.jsonl`, one JSON object a line with `tag`, `step`, `wall_time`, `kind` and the data; pictures as PNG files.

    Source: https://pytorch.org/docs/stable/tensorboard.html

    Args:
        log_dir: the folder; by default `runs/` with date, time and the machine's name.
        comment: appended to the default folder's name.
        purge_step: accepted; nothing is purged.
        max_queue, flush_secs: after how many records, and seconds, files are flushed.
        filename_suffix: appended to the file's name.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        if not log_dir:
            log_dir = os.path.join("runs", time.strftime("%b%d_%H-%M-%S_") + socket.gethostname() + comment)
        self.log_dir = os.fspath(log_dir)
        self._settings = (max_queue, flush_secs, filename_suffix)
        self._files = {"": open_file(self.log_dir, *self._settings)}

    def get_logdir(self) -> str:
        """The folder."""
        return self.log_dir

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """A number, or a Tensor of one element.

        Raises:
            ShapeError: more than one element.
        """
        self._write(tag, "scalar", global_step, walltime, value=_number("add_scalar", scalar_value))

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Several numbers for one plot: each is a run of its own in a folder beside, as TensorBoard wants it."""
        for tag, value in tag_scalar_dict.items():
            run = f"{main_tag.replace('/', '_')}_{tag}"
            if run not in self._files:
                self._files[run] = open_file(os.path.join(self.log_dir, run), *self._settings)
            self._write(main_tag, "scalar", global_step, walltime, run, value=_number("add_scalars", value))

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: int | None = None,
        bins: Any = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """How values are distributed.

        Args:
            bins: what `numpy.histogram` takes; "tensorflow" stands for 30 of equal width.
            max_bins: accepted.

        Raises:
            ValueError: no values, or none that are finite.
        """
        array = np.asarray(_array(values), float).reshape(-1)
        if array.size == 0:
            raise ValueError(f"add_histogram: {tag!r} has no values.")
        counts, edges = np.histogram(array, bins=30 if bins in ("tensorflow", "auto") else bins)
        summary: dict[str, Any] = {
            "min": float(array.min()), "max": float(array.max()), "num": array.size,
            "sum": float(array.sum()), "sum_squares": float(array @ array),
        }  # fmt: skip
        self._write(
            tag, "histogram", global_step, walltime, **summary, edges=edges.tolist(), counts=counts.tolist()
        )

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """A picture: bytes 0 to 255 if its dtype is uint8, else numbers 0 to 1; 1, 3 or 4 channels.

        Args:
            img_tensor: of shape (C, H, W), or as `dataformats` says: "HWC", "HW".

        Raises:
            ShapeError: the shape does not go with `dataformats`.
            MissingExtraError: without Pillow.
        """
        array = _array(img_tensor)
        letters = dataformats.upper()
        if len(letters) != array.ndim or set(letters) - set("CHW"):
            raise ShapeError(f"add_image: shape {array.shape} does not go with dataformats={dataformats!r}.")
        if "C" not in letters:
            array, letters = array[..., None], f"{letters}C"
        pixels = _bytes(array.transpose([letters.index(axis) for axis in "HWC"]))
        self._write(tag, "image", global_step, walltime, pixels=pixels)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Several pictures of shape (N, C, H, W), side by side in one."""
        array = _array(img_tensor)
        letters = dataformats.upper()
        if len(letters) != array.ndim or "N" not in letters:
            raise ShapeError(f"add_images: shape {array.shape} does not go with dataformats={dataformats!r}.")
        place = letters.replace("N", "")
        row = np.concatenate(list(np.moveaxis(array, letters.index("N"), 0)), axis=place.index("W"))
        self.add_image(tag, row, global_step, walltime, place)

    def add_figure(
        self, tag: str, figure: Any, global_step: int | None = None, close: bool = True, walltime: float | None = None
    ) -> None:
        """A Matplotlib figure as a picture; it is closed afterwards unless `close` is False."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        self.add_image(tag, np.asarray(canvas.buffer_rgba())[..., :3], global_step, walltime, "HWC")
        if close:
            import matplotlib.pyplot as plt

            plt.close(figure)

    def add_text(
        self, tag: str, text_string: str, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """Text, which TensorBoard shows as Markdown."""
        self._write(tag, "text", global_step, walltime, text=str(text_string))

    def add_graph(self, model: Any, *_args: Any, **_options: Any) -> NoReturn:
        """Raises NotProvidedError: draw the graph with `tinygrad_edu.viz.draw_graph(model(x))` instead."""
        raise NotProvidedError(
            "SummaryWriter.add_graph is not provided. Draw what the model computes with "
            "tinygrad_edu.viz.draw_graph(model(x)).render('model'), or torchviz.make_dot(model(x))."
        )

    def flush(self) -> None:
        """Put everything on the disk."""
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        """Flush and close the files. A record added later opens them again."""
        for file in self._files.values():
            file.close()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, tag: str, kind: str, step: Any, walltime: float | None, run: str = "", **data: Any) -> None:
        record = {
            "tag": str(tag), "kind": kind, "step": 0 if step is None else int(step),
            "wall_time": time.time() if walltime is None else float(walltime),
        }  # fmt: skip
        self._files[run].write({**record, **data})


def _array(values: Any) -> np.ndarray:
    return values.detach().numpy() if isinstance(values, Tensor) else np.asarray(values)


def _number(operation: str, value: Any) -> float:
    array = _array(value)
    if array.size != 1:
        raise ShapeError(f"{operation}: one number is wanted, got shape {array.shape}. Take its mean() or sum() first.")
    return float(array.reshape(()))


def _bytes(array: np.ndarray) -> np.ndarray:
    """Pixels as bytes: numbers from 0 to 1 are scaled to 0 to 255."""
    if array.dtype == np.uint8:
        return array
    return (np.asarray(array, float) * 255).clip(0, 255).astype(np.uint8)
