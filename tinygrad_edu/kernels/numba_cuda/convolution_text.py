"""The text of convolutions as products of `tiles`: where an element of a window stands is found as it is loaded.

Kernels of few taps (`whole_kernels`), and gradients of weights (`segments`), are walked so that little is found anew:

- Forwards, and towards the input with stride 1, a piece of the inner dimension is some channels with all their taps. A
  thread has one column, a place of one image: which of its taps meet the image are bits that it works out once, where
  they stand are numbers that the compiler knows, and the next piece is some channels further.
- Towards the weight, a piece is a segment of a row of places, the same for all threads of a block, which count it on
  by rows and images. A thread has one column, a channel and a tap, and says once for a segment which part is inside.

Large kernels, steps towards the input and rows of very few places are found by division, for every element.
Counts are below 2**31, as `convolution` sees to, so that they are divided as numbers of 32 bits; indices are unsigned,
because a kernel of Numba looks twice at one that may be negative.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from tinygrad_edu.kernels.numba_cuda.tile_text import Lines, Loads, Reads

__all__ = ["Known", "forward", "segment", "to_input", "to_weight"]

_MOST_TAPS = 16  # that are a piece; more would take too many registers
STEP = 8  # k of a piece where every element is found by division
Known = tuple[int, int, int, int, int, int]  # numbers of few values, which stand in the text: KNOWN
KNOWN = ("kh", "kw", "sy", "sx", "dy", "dx")

# of x: c channels in a group, height h, width w; of the result: o channels in a group, m by n places
_SIZES = ("groups", "c_", "h_", "w_", "o_", "m_", "n_", "py", "px")
_ARRAYS = ("A", "at_a", "B", "at_b", "OUT")

_TAP = (
    "channel = int64(uint32({of}) // uint32({kh} * {kw}))",
    "tap = {of} - channel * ({kh} * {kw})",
    "ky = int64(uint32(tap) // uint32({kw}))",
    "kx = tap - ky * {kw}",
)
_IMAGE = ("image = int64(uint32({of}) // uint32({h} * {w}))", "place = {of} - image * ({h} * {w})")
_PLACE = (*_IMAGE, "y = int64(uint32(place) // uint32({w}))", "x = place - y * {w}")
_FOUR = tuple(f"v{i}" for i in range(4))


def _filled(lines: Lines, known: Known, **names: str) -> Lines:
    numbers = dict(zip(KNOWN, map(str, known), strict=True))
    return tuple([line.format(**numbers, **names) for line in lines])


def _channels(known: Known, simple: bool = True) -> int:
    """How many channels, with all their taps, are a piece of about 8; 0 where a piece is found by division."""
    taps = known[0] * known[1]
    return max(1, round(8 / taps)) if simple and taps <= _MOST_TAPS else 0


@functools.cache
def forward(known: Known, channels: int, fours: bool, weight_fours: bool) -> tuple[Loads, int]:
    """Of so many channels in a group: the loads, and the number of pieces.

    With `fours` four neighbouring results, with `weight_fours` four neighbouring weights, lie together and aligned.
    """
    kh, kw, *_, dy, dx = known
    taps, some = kh * kw, _channels(known)
    step = some * taps or STEP
    whole, fours_of_a = channels * taps % step == 0, weight_fours and step % 4 == 0
    four = "v0, v1, v2, v3"

    def weights(across: str, inner: int) -> Lines:
        at = f"at_w + {across} * inner + a_inner + {inner}"
        load = f"{four} = four(A, {at})" if fours_of_a else f"v = CAST(A[uint64({at})])"
        return (load,) if whole else (f"if piece * {step} + a_inner + {inner} < inner:", f"    {load}")

    begin = (
        f"at_w = at_a + batch * o_ * inner + piece * {step}",
        *_filled(_PLACE, known, of="b_0", h="m_", w="n_"),
        *_filled(("top = y * {sy} - py", "left = x * {sx} - px"), known),
        "at_x = at_b + (image * groups + batch) * c_ * (h_ * w_) + top * w_ + left",
    )
    if some:
        windows, setup, advance = _taps(known, some, whole, 1, ("c_", "h_", "w_"))
    else:
        windows = Reads(_divided(known, _filled((
            "yy = top + ky * {dy}",
            "xx = left + kx * {dx}",
            "if k < inner and yy >= 0 and yy < h_ and xx >= 0 and xx < w_:",
            "    v = CAST(B[uint64(at_x + channel * (h_ * w_) + ky * {dy} * w_ + kx * {dx})])",
        ), known)), False)  # fmt: skip
        setup = advance = ()
    at = "at_c + r * (m_ * n_)"
    bias = ("if has_bias:", "    w = CAST(BIAS[uint32(at_bias + batch * o_ + r)])")
    loads = Loads(
        arguments=(*_SIZES, *_ARRAYS, "BIAS", "at_bias", "has_bias"),
        setup=(*begin, *setup),
        a=Reads(weights, True, fours_of_a),
        b=windows,
        advance=(f"at_w += {step}", *advance),
        column=(
            *_filled(_IMAGE, known, of="c", h="m_", w="n_"),
            "at_c = (image * groups + batch) * o_ * (m_ * n_) + place",
        ),
        store=(
            (*bias, *(f"    v{i} += w" for i in range(4)), f"put_four(OUT, {at}, {four})") if fours
            else (*bias, "    v += w", f"OUT[uint64({at})] = STORE(v)")
        ),
        store_fours=fours,
        step=step,
    )  # fmt: skip
    return loads, -(-channels * taps // step)


@functools.cache
def to_input(known: Known, channels: int, fours: bool) -> tuple[Loads, int]:
    """Of so many channels of the result in a group: the loads, and the number of pieces."""
    kh, kw, sy, sx, *_ = known
    taps, some = kh * kw, _channels(known, sy == sx == 1)
    step = some * taps or STEP
    whole = channels * taps % step == 0

    def weights(across: str, inner: int) -> Lines:
        lines = (
            f"k = piece * {step} + a_inner + {inner}" if not some else f"k = a_inner + {inner}",
            *_filled(_TAP, known, of="k"),
        )
        load = f"v = CAST(A[uint64(at_w + channel * c_ * {taps} + {across} * {taps} + tap)])"
        return (*lines, load) if whole else (*lines, f"if piece * {step} + a_inner + {inner} < inner:", f"    {load}")

    begin = (
        f"at_w = at_a + (batch * o_ + piece * {some}) * c_ * {taps}",
        *_filled(_PLACE, known, of="b_0", h="h_", w="w_"),
        "top = y + py",
        "left = x + px",
        "at_x = at_b + (image * groups + batch) * o_ * (m_ * n_)",
    )
    if some:
        gradients, setup, advance = _taps(known, some, whole, -1, ("o_", "m_", "n_"))
        setup = ("at_x += top * n_ + left", *setup)
        advance = (f"at_w += {some} * c_ * {taps}", *advance)
    else:
        gradients = Reads(_divided(known, _filled((
            "yy = top - ky * {dy}",
            "xx = left - kx * {dx}",
            "if k < inner and yy >= 0 and xx >= 0 and yy % {sy} == 0 and xx % {sx} == 0:",
            "    yy = int64(uint32(yy) // uint32({sy}))",
            "    xx = int64(uint32(xx) // uint32({sx}))",
            "    if yy < m_ and xx < n_:",
            "        v = CAST(B[uint64(at_x + channel * (m_ * n_) + yy * n_ + xx)])",
        ), known)), False)  # fmt: skip
        setup = advance = ()
    at = "at_c + r * (h_ * w_)"
    loads = Loads(
        arguments=(*_SIZES, *_ARRAYS),
        setup=(*begin, *setup),
        a=Reads(weights, True),
        b=gradients,
        advance=advance,
        column=(
            *_filled(_IMAGE, known, of="c", h="h_", w="w_"),
            "at_c = (image * groups + batch) * c_ * (h_ * w_) + place",
        ),
        store=(f"put_four(OUT, {at}, v0, v1, v2, v3)" if fours else f"OUT[uint64({at})] = STORE(v)",),
        store_fours=fours,
        step=step,
    )
    return loads, -(-channels * taps // step)


def _taps(known: Known, some: int, whole: bool, sign: int, sizes: Lines) -> tuple[Reads, Lines, Lines]:
    """The reads of `some` channels of a picture at all taps, what goes before them, and on to the next channels.

    Tap (ky, kx) stands `sign` times so far from (top, left), whose element is `at_x`; `sizes` names the picture's.
    """
    kh, kw, *_, dy, dx = known
    channels, height, width = sizes
    taps = kh * kw

    def lines(_across: str, inner: int) -> Lines:
        channel, tap = divmod(inner, taps)
        ky, kx = divmod(tap, kw)
        inside = f"valid & {1 << tap}" + ("" if whole else f" and piece * {some} + of_piece + {channel} < {channels}")
        at = f"at_x + {channel} * ({height} * {width}) + {sign * ky * dy} * {width} + {sign * kx * dx}"
        return f"if {inside}:", f"    v = CAST(B[uint64({at})])"

    setup = [f"of_piece = b_inner // {taps}", f"at_x += (piece * {some} + of_piece) * ({height} * {width})"]
    setup += ["valid = int32(0)"]
    for ky in range(kh):
        y = f"top + {sign * ky * dy}"
        setup.append(f"if {y} >= 0 and {y} < {height}:")
        for kx in range(kw):
            x = f"left + {sign * kx * dx}"
            setup += [f"    if {x} >= 0 and {x} < {width}:", f"        valid |= int32({1 << (ky * kw + kx)})"]
    return Reads(lines, False, unit=taps), tuple(setup), (f"at_x += {some} * ({height} * {width})",)


def _divided(known: Known, lines: Lines) -> Callable[[str, int], Lines]:
    """Reads of elements whose channel and tap are found by division."""
    return lambda _across, inner: (f"k = piece * {STEP} + b_inner + {inner}", *_filled(_TAP, known, of="k"), *lines)


def segment(places: int) -> int:
    """How long the segments are that rows of so many places are cut into; 0 where rows are too short for that."""
    if places < 7:
        return 0
    return min(range(7, 11), key=lambda size: (-(-places // size) * (size + 2), size))


@functools.cache
def to_weight(known: Known, places: int, fours: bool, store_fours: bool) -> Loads:
    """For rows of so many places; with `fours` four neighbouring places of the gradient lie together and aligned."""
    kh, kw, sy, sx, dy, dx = known
    size = segment(places)
    step, fours = size or STEP, fours and size > 0 and size % 4 == places % 4 == 0
    even, four = size and places % size == 0, "v0, v1, v2, v3"

    def gradients(across: str, inner: int) -> Lines:
        k = f"a_inner + {inner}"
        if not size:
            return (
                f"k = piece * {STEP} + {k}", *_filled(_IMAGE, known, of="k", h="m_", w="n_"), "if k < inner:",
                f"    at = at_a + ((image * groups + batch) * o_ + {across}) * (m_ * n_) + place",
                "    v = CAST(A[uint64(at)])",
            )  # fmt: skip
        at = f"at_g + {across} * (m_ * n_) + {k}"
        load = f"{four} = four(A, {at})" if fours else f"v = CAST(A[uint64({at})])"
        return (load,) if even else (f"if begin + {k} < n_:", f"    {load}")

    def windows(_across: str, inner: int) -> Lines:
        k = f"b_inner + {inner}"
        if size:
            return f"if {k} >= first and {k} < stop:", f"    v = CAST(B[uint64(at_x + ({k}) * {sx})])"
        return (
            f"k = piece * {STEP} + {k}", *_filled(_PLACE, known, of="k", h="m_", w="n_"),
            f"yy = y * {sy} + down", f"xx = x * {sx} + over",
            "if k < inner and yy >= 0 and yy < h_ and xx >= 0 and xx < w_:",
            "    v = CAST(B[uint64(of_column + image * groups * c_ * (h_ * w_) + yy * w_ + xx)])",
        )  # fmt: skip

    setup = (
        *_filled(_TAP, known, of="b_0"),
        f"down = ky * {dy} - py",
        f"over = kx * {dx} - px",
        "of_column = at_b + (batch * c_ + channel) * (h_ * w_)",
    )
    piece: Lines = ()
    if size:
        setup += (
            f"segments = int64(uint32(n_ + {size - 1}) // uint32({size}))",
            "row = int64(uint32(piece) // uint32(segments))",
            f"begin = (piece - row * segments) * {size}",
            "image = int64(uint32(row) // uint32(m_))",
            "y = row - image * m_",
        )
        piece = (
            "at_g = at_a + (image * groups + batch) * o_ * (m_ * n_) + y * n_ + begin",
            f"yy = y * {sy} + down",
            f"xx = begin * {sx} + over",
            "at_x = of_column + image * groups * c_ * (h_ * w_) + yy * w_ + xx",
            "first = int32(-xx)" if sx == 1 else f"first = int32(({sx - 1} - xx) // {sx})",
            "stop = int32(w_ - xx)" if sx == 1 else f"stop = int32((w_ - xx + {sx - 1}) // {sx})",
            *(() if even else ("stop = int32(min(stop, n_ - begin))",)),
            "if yy < 0 or yy >= h_:",
            "    stop = int32(0)",
        )
    at = "((part * groups + batch) * rows + r) * columns + c"
    return Loads(
        arguments=(*_SIZES, *_ARRAYS),
        setup=setup,
        piece=piece,
        a=Reads(gradients, True, fours),
        b=Reads(windows, False),
        advance=(
            f"begin += {size}", "if begin >= n_:", "    begin = 0", "    y += 1",
            "    if y == m_:", "        y = 0", "        image += 1",
        ) if size else (),
        store=(f"put_four(OUT, {at}, {four})" if store_fours else f"OUT[uint64({at})] = STORE(v)",),
        store_fours=store_fours,
        step=step,
    )  # fmt: skip
