"""Where the records of a `SummaryWriter` go: into TensorBoard's event files, or into JSON lines."""

from __future__ import annotations

import io
import json
import math
import os
import re
import time
import warnings
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from tinygrad_edu.errors import MissingExtraError

__all__ = ["EventFile", "JsonLines", "RecordFile", "open_file"]

_noticed = False


class RecordFile(Protocol):
    """What a writer wants of a file."""

    def write(self, record: dict[str, Any]) -> None: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...


def open_file(folder: str, max_queue: int, flush_secs: int, suffix: str) -> RecordFile:
    """TensorBoard's event file where the package is installed; else JSON lines, with a notice the first time."""
    global _noticed
    if find_spec("tensorboard") is not None:
        return EventFile(folder, max_queue, flush_secs, suffix)
    if not _noticed:
        _noticed = True
        told = "SummaryWriter: the package tensorboard is not installed; writing JSON lines to events.jsonl in log_dir."
        warnings.warn(f"{told} For TensorBoard: pip install tensorboard", UserWarning, stacklevel=3)
    return JsonLines(folder, max_queue, flush_secs, suffix)


class JsonLines:
    """One record a line in `events.jsonl`; the pixels of a picture in a PNG file that the line names."""

    def __init__(self, folder: str, max_queue: int, flush_secs: int, suffix: str) -> None:
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.path = os.path.join(folder, f"events.jsonl{suffix}")
        self._waiting: list[str] = []
        self._most, self._seconds, self._flushed = max_queue, flush_secs, time.monotonic()
        self.flush()

    def write(self, record: dict[str, Any]) -> None:
        """Note a record down; it is on the disk after the next flush."""
        if "pixels" in record:
            name = re.sub(r"[^\w.-]", "_", f"{record['tag']}_{record['step']}.png")
            content = _png(record["pixels"])
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(content)
            record = {**{key: value for key, value in record.items() if key != "pixels"}, "file": name}
        self._waiting.append(json.dumps({key: _finite(value) for key, value in record.items()}, ensure_ascii=False))
        if len(self._waiting) >= self._most or time.monotonic() - self._flushed > self._seconds:
            self.flush()

    def flush(self) -> None:
        """Append what waits to the file."""
        with open(self.path, "a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in self._waiting)
        self._waiting.clear()
        self._flushed = time.monotonic()

    close = flush


class EventFile:
    """TensorBoard's own format, through its own writer."""

    def __init__(self, folder: str, max_queue: int, flush_secs: int, suffix: str) -> None:
        self._settings = (folder, max_queue, flush_secs, suffix)
        self._file: Any = None
        self._open()

    def _open(self) -> Any:
        if self._file is None:
            from tensorboard.summary.writer.event_file_writer import EventFileWriter

            self._file = EventFileWriter(*self._settings)
        return self._file

    def write(self, record: dict[str, Any]) -> None:
        """Hand a record to TensorBoard's writer."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        value = Summary.Value(tag=record["tag"], **_content(record))
        event = Event(wall_time=record["wall_time"], step=record["step"], summary=Summary(value=[value]))
        self._open().add_event(event)

    def flush(self) -> None:
        """Put everything on the disk."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Flush and close; a record written later begins a new file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _content(record: dict[str, Any]) -> dict[str, Any]:
    """The part of a record that is its data, as TensorBoard's protocol messages."""
    from tensorboard.compat.proto.histogram_pb2 import HistogramProto
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

    if record["kind"] == "scalar":
        return {"simple_value": record["value"]}
    if record["kind"] == "histogram":
        numbers = {key: record[key] for key in ("min", "max", "num", "sum", "sum_squares")}
        return {"histo": HistogramProto(**numbers, bucket_limit=record["edges"][1:], bucket=record["counts"])}
    if record["kind"] == "image":
        height, width, channels = record["pixels"].shape
        picture = {"height": height, "width": width, "colorspace": channels}
        return {"image": Summary.Image(**picture, encoded_image_string=_png(record["pixels"]))}
    text = TensorProto(
        dtype="DT_STRING",
        string_val=[record["text"].encode("utf-8")],
        tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
    )
    plugin = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    return {"tensor": text, "metadata": plugin}


def _finite(value: Any) -> Any:
    """JSON has no nan and no inf: they are written as text."""
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def _png(pixels: np.ndarray) -> bytes:
    """A picture (H, W, C) of bytes as a PNG file."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("SummaryWriter.add_image needs Pillow: pip install pillow") from None
    content = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(content, "PNG")
    return content.getvalue()
