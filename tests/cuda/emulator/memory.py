"""The instructions that touch memory or other threads, in C: loads, stores, atomics, barriers, exchanges in a warp."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.cuda.emulator.instructions import BYTES

if TYPE_CHECKING:
    from tests.cuda.emulator.translate import Function

__all__ = ["atomic", "loaded", "stored", "synchronised"]

_SPACES = ("global", "shared", "local", "param", "const")
_HINTS = {"volatile", "relaxed", "acquire", "release", "acq_rel", "weak", "gpu", "cta", "sys", "nc", "ca", "cg", "cs",
          "lu", "cv", "wb", "wt", "noftz"}  # fmt: skip
_C = {"b8": "u8", "b16": "u16", "b32": "u32", "b64": "u64", "f16": "u16"}


def _place(f: Function, parts: list[str], operand: str, how: str, line: int) -> tuple[str, str, int]:
    """The address in C of what an access touches, its type, and how many of them."""
    space = next((part for part in parts if part in _SPACES), "")
    vector = next((int(part[1:]) for part in parts if re.fullmatch(r"v[248]", part)), 1)
    kind = parts[-1]
    unknown = [
        p for p in parts[:-1] if p not in _HINTS and p != space and not re.fullmatch(r"v[248]|L\d::\w+|L\d::\w+", p)
    ]
    if kind not in BYTES or unknown or not (operand.startswith("[") and operand.endswith("]")):
        raise NotImplementedError(f"the emulator does not know an access {'.'.join(parts)} to {operand}")
    size = BYTES[kind] * vector
    inner = operand[1:-1].strip()
    if space == "param":
        return f.address(inner), kind, vector
    grain = BYTES[kind].bit_length() - 1
    if space in ("", "global", "const"):
        f.grain = min(f.grain, grain)
    if space in ("", "shared"):
        f.shared_grain = min(f.shared_grain, grain)
    check = {"": "generic", "const": "global"}.get(space, space)
    return f"emu_{check}(t, {f.address(inner)}, {size}, {how}, {line})", kind, vector


def _names(operand: str) -> list[str]:
    return [x.strip() for x in operand[1:-1].split(",")] if operand[0] == "{" else [operand]


def loaded(f: Function, parts: list[str], operands: list[str], line: int) -> str:
    place, kind, _ = _place(f, parts, operands[1], "READ", line)
    c = _C.get(kind, kind)
    values = " ".join(f.write(name, kind, f"m[{k}]") for k, name in enumerate(_names(operands[0])))
    return f"{{ const {c} *m = (const {c} *){place}; {values} }}"


def stored(f: Function, parts: list[str], operands: list[str], line: int) -> str:
    place, kind, _ = _place(f, parts, operands[0], "WRITE", line)
    c = _C.get(kind, kind)
    values = " ".join(f"m[{k}] = {f.read(name, kind)};" for k, name in enumerate(_names(operands[1])))
    return f"{{ {c} *m = ({c} *){place}; {values} }}"


def atomic(f: Function, parts: list[str], operands: list[str], line: int) -> str:
    """``atom`` gives what was there before, ``red`` does not."""
    updates = {"add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec"}
    verb = next((part for part in parts if part in updates), None)
    if verb is None or parts[-1] == "f16":
        raise NotImplementedError(f"the emulator does not know the instruction {'.'.join(parts)}")
    if parts[0] == "red":
        operands = ["_", *operands]
    place, kind, _ = _place(f, [part for part in parts[1:] if part != verb], operands[1], "ATOMIC", line)
    c = "u" + kind[1:] if kind[0] in "bs" else kind
    given = f.read(operands[2], c)
    new = {
        "add": f"({c})(old + given)", "and": "old & given", "or": "old | given", "xor": "old ^ given", "exch": "given",
        "min": f"min_{kind}(old, given)", "max": f"max_{kind}(old, given)",
        "inc": "old >= given ? 0 : old + 1", "dec": "old == 0 || old > given ? given : old - 1",
        "cas": f"old == given ? {f.read(operands[3], c) if verb == 'cas' else ''} : old",
    }[verb]  # fmt: skip
    return f"{{ {c} *m = ({c} *){place}; {c} old = *m, given = {given}; *m = {new}; {f.write(operands[0], c, 'old')} }}"


def synchronised(f: Function, parts: list[str], operands: list[str], line: int) -> str | None:
    """Barriers and exchanges; None for any other instruction."""
    name = ".".join(parts)
    if parts[0] in ("membar", "fence"):
        return ";"
    if name == "bar.warp.sync":
        f.fibers = True
        return f"emu_exchange(t, WARP_BARRIER, {f.read(operands[0], 'u32')}, 0, 0, {line});"
    if parts[0] in ("bar", "barrier") and "red" in parts:  # a barrier that counts for how many threads something holds
        f.fibers = True
        result, number, *count, holds = operands
        threads = f.read(count[0], "u32") if count else "0"
        told = f"emu_barrier(t, {line}, {f.read(number, 'u32')}, {threads}, {f.read(holds, 'pred')} != 0)"
        if "popc" in parts:
            return f.write(result, "u32", told)
        return f.write(result, "pred", f"{told} {'== emu_all(t)' if 'and' in parts else '> 0'}")
    if parts[0] in ("bar", "barrier"):
        if "sync" not in parts or set(parts[1:]) - {"sync", "cta", "aligned"}:
            raise NotImplementedError(f"the emulator does not know the barrier {name}")
        f.fibers = True
        count = f.read(operands[1], "u32") if len(operands) > 1 else "0"
        return f"emu_barrier(t, {line}, {f.read(operands[0], 'u32')}, {count}, 0);"
    if parts[0] == "shfl":
        return _shuffled(f, parts, operands, line)
    if parts[0] == "vote":
        f.fibers = True
        kind = {"ballot": "BALLOT", "any": "ANY", "all": "ALL"}[parts[2]]
        ask = f"emu_exchange(t, {kind}, {f.read(operands[2], 'u32')}, {f.read(operands[1], 'pred')} != 0, 0, {line})"
        return f.write(operands[0], "u32" if kind == "BALLOT" else "pred", f"((u32){ask})")
    return None


def _shuffled(f: Function, parts: list[str], operands: list[str], line: int) -> str:
    """``shfl.sync.mode.b32 value|valid, given, b, c, members``: c says how the warp is cut into segments."""
    if parts[1] != "sync" or parts[-1] != "b32":
        raise NotImplementedError(f"the emulator does not know the instruction {'.'.join(parts)}")
    f.fibers = True
    value, _, valid = operands[0].partition("|")
    given, b, c, members = (f.read(x, "u32") for x in operands[1:5])
    wanted = {
        "up": "lane - (s32)b",
        "down": "lane + (s32)b",
        "bfly": "lane ^ (s32)b",
        "idx": "low | ((s32)b & ~(s32)cut)",
    }[parts[2]]
    there = "from >= high" if parts[2] == "up" else "from <= high"
    return (
        f"{{ u32 b = {b} & 31, c = {c}, cut = c >> 8 & 31; s32 lane = t->lane, high = (lane & cut) | (c & 31 & ~cut), "
        f"low = lane & cut, from = {wanted}; int ok = {there}; "
        f"u32 came = emu_exchange(t, SHUFFLE, {members}, {given}, ok ? from : lane, {line}); "
        f"{f.write(value.strip(), 'u32', 'came')} {f.write(valid.strip(), 'pred', 'ok') if valid else ''} }}"
    )
