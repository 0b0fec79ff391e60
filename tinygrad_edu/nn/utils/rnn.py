"""Sequences of different lengths in one batch: padded to the longest, or packed without the padding.

A packed batch holds the first elements of all sequences, then the second ones of those that have one, and so on, the
longest sequence first; `batch_sizes` says how many there are at each step. All of it is looking up by index.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.tensors.creation import as_tensor
from tinygrad_edu.tensors.functions import cat, stack, where
from tinygrad_edu.tensors.placing import beside
from tinygrad_edu.tensors.tensor import Tensor

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence",
    "pad_sequence", "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences without padding, step by step; made by :func:`pack_padded_sequence` and :func:`pack_sequence`.

    Attributes:
        data: the elements, (sum of the lengths, ...). batch_sizes: how many sequences have each step, int64.
        sorted_indices: which sequence is the longest, the second longest, ...; None if they came in that order.
        unsorted_indices: the way back.
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if batch_sizes is None:
            if not isinstance(data, (list, tuple)) or len(data) != 2:
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"PackedSequence({shown})"

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with the data converted, as :meth:`Tensor.to` does."""
        return self._replace(data=self.data.to(*args, **kwargs))

    def cpu(self) -> PackedSequence:
        """The same with the data on the CPU."""
        return self._replace(data=self.data.cpu())

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with the data on a GPU. Raises DeviceError where there is none."""
        return self._replace(data=self.data.cuda(*args, **kwargs))

    def pin_memory(self) -> PackedSequence:
        """The same with the data in page-locked memory. Raises DeviceError where there is no GPU."""
        return self._replace(data=self.data.pin_memory())

    def is_pinned(self) -> bool:
        """Whether the data lies in page-locked memory."""
        return bool(self.data.is_pinned())

    @property
    def is_cuda(self) -> bool:
        """Whether the data is on a GPU."""
        return bool(self.data.is_cuda)

    def double(self) -> PackedSequence:
        """The same in float64."""
        return self._replace(data=self.data.double())

    def float(self) -> PackedSequence:
        """The same in float32."""
        return self._replace(data=self.data.float())

    def half(self) -> PackedSequence:
        """The same in float16."""
        return self._replace(data=self.data.half())

    def long(self) -> PackedSequence:
        """The same in int64."""
        return self._replace(data=self.data.long())

    def int(self) -> PackedSequence:
        """The same in int32."""
        return self._replace(data=self.data.int())


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes another; None for None."""
    return None if permutation is None else Tensor._wrap(np.argsort(permutation._data).astype(np.int64))


def lengths_of(batch_sizes: Tensor) -> Any:
    """The lengths of the packed sequences, the longest first, as an array."""
    sizes = batch_sizes._data
    return (np.arange(sizes[0]) < sizes[:, None]).sum(0)


def places(batch_sizes: Tensor) -> tuple[Any, Any]:
    """The step and the sequence of each packed element, as index arrays."""
    running = np.arange(batch_sizes._data[0]) < batch_sizes._data[:, None]
    steps, sequences = np.nonzero(running)
    return steps, sequences


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Leave out the padding: (T, B, ...), or (B, T, ...) with `batch_first`, and the lengths of the B sequences.

    Args:
        enforce_sorted: the lengths fall, and it is an error if they do not; otherwise they are sorted here.

    Raises:
        RuntimeError: there are not B lengths, one is not positive, or they rise with `enforce_sorted`;
        ShapeError: one is longer than T.

    >>> import tinygrad_edu as tg
    >>> pack_padded_sequence(tg.tensor([[1, 2, 3], [4, 0, 0]]), [3, 1], batch_first=True)
    PackedSequence(data=tensor([1, 4, 2, 3]), batch_sizes=tensor([2, 1, 1]), sorted_indices=None, unsorted_indices=None)
    """
    given = np.asarray(lengths._data if isinstance(lengths, Tensor) else lengths).astype(np.int64).reshape(-1)
    padded = input.transpose(0, 1) if batch_first else input
    steps, batch = padded.shape[:2]
    if given.size != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {given.size} (batch_size={batch})"
        )
    if (given <= 0).any():
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if given.max() > steps:
        raise RuntimeError(
            f"Expected all lengths to be at most {steps}, the size of the padded input {tuple(input.shape)}, but got "
            f"{int(given.max())}"
        )
    order = None
    if enforce_sorted:
        if (np.diff(given) > 0).any():
            raise RuntimeError(
                "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
                "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement"
            )
    else:
        order = np.argsort(-given, kind="stable")
        given = given[order]
    sizes = Tensor._wrap((given > np.arange(given[0])[:, None]).sum(1).astype(np.int64))
    step, sequence = places(sizes)
    data = padded[step, sequence if order is None else order[sequence]]
    return PackedSequence(data, sizes, None if order is None else Tensor._wrap(order.astype(np.int64)))


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """The way back: the padded batch, (T, B, ...) or (B, T, ...), in its first order, and the lengths.

    Args:
        padding_value: what stands behind the end of a sequence. total_length: T, if not that of the longest.

    Raises:
        ValueError: `total_length` is less than the longest sequence.
    """
    data, batch_sizes, _, unsorted = sequence
    longest = batch_sizes._data.size
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {longest}"
        )
    lengths = lengths_of(batch_sizes)
    if unsorted is not None:
        lengths = lengths[unsorted._data]
    padded = unpacked(data, batch_sizes, total_length or longest, padding_value)
    if unsorted is not None:
        padded = padded[:, unsorted]
    return padded.transpose(0, 1) if batch_first else padded, Tensor._wrap(lengths.astype(np.int64))


def unpacked(data: Tensor, batch_sizes: Tensor, steps: int, padding_value: float = 0.0) -> Tensor:
    """Packed elements as a padded batch (T, B, ...), the longest sequence first."""
    sizes = batch_sizes._data
    number = np.zeros((steps, int(sizes[0])), np.int64)
    held = np.zeros(number.shape, bool)
    at = places(batch_sizes)
    number[at], held[at] = np.arange(at[0].size), True
    mask = held.reshape(held.shape + (1,) * (data.ndim - 1))
    found: Tensor = data[number]
    return found if held.all() else where(beside(mask, data), found, padding_value).to(data.dtype)


def pad_sequence(
    sequences: Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences (T_i, ...) as one batch: (T, B, ...), or (B, T, ...) with `batch_first`, T that of the longest.

    Args:
        padding_side: "right" pads at the end, "left" at the beginning.

    Raises:
        RuntimeError: there are no sequences, no iterable of them, or another side.

    >>> import tinygrad_edu as tg
    >>> pad_sequence([tg.tensor([1, 2, 3]), tg.tensor([4])], batch_first=True)
    tensor([[1, 2, 3],
            [4, 0, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"pad_sequence: Expected iterable for input sequences, but got arg of type: {sequences!r}")
    listed = list(sequences)
    if not listed:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    longest = max(sequence.shape[0] for sequence in listed)
    rows = []
    for sequence in listed:
        missing = longest - sequence.shape[0]
        if missing:
            filler = sequence.new_full((missing, *sequence.shape[1:]), padding_value)
            sequence = cat([sequence, filler] if padding_side == "right" else [filler, sequence], 0)
        rows.append(sequence)
    return stack(rows, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Tensor, lengths: Any, batch_first: bool = False) -> list[Tensor]:
    """The sequences of a padded batch by themselves, cut to their lengths."""
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[: int(length)] for row, length in zip(rows, as_tensor(lengths).tolist(), strict=True)]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences (T_i, ...), by default ordered from the longest to the shortest."""
    lengths = [sequence.shape[0] for sequence in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences of a packed batch by themselves, in their first order."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
