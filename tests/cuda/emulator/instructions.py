"""What each PTX instruction is in C: the subset that NVVM makes of our kernels, and its near relations.

`statement` takes the parts of an opcode (``["add", "s64"]``) and C expressions that read its operands as a type, and
gives a C statement. Anything it does not know is a `NotImplementedError` that names the instruction: nothing is passed
over. The meanings are those of NVIDIA's "Parallel Thread Execution ISA", version 9.0, chapter 9.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["BYTES", "Operands", "statement"]

BYTES = {
    "pred": 1, "u8": 1, "s8": 1, "b8": 1, "u16": 2, "s16": 2, "b16": 2, "f16": 2,
    "u32": 4, "s32": 4, "b32": 4, "f32": 4, "u64": 8, "s64": 8, "b64": 8, "f64": 8,
}  # fmt: skip

# What may stand in an opcode and changes nothing here: one thread runs at a time, memory has no caches, and the flush
# of subnormals to zero is done where it is written only (`_FTZ`).
_NOTHING = {"uni", "volatile", "relaxed", "acquire", "release", "acq_rel", "gpu", "cta", "sys", "nc", "ca", "cg", "cs",
            "lu", "cv", "wb", "wt", "weak", "aligned", "full"}  # fmt: skip
_COMPARED = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "lo": "<",
    "ls": "<=",
    "hi": ">",
    "hs": ">=",
}
_LOGIC = {"and": "&", "or": "|", "xor": "^"}


class Operands(NamedTuple):
    """How the operands of one instruction are read and written in C."""

    read: Callable[[int, str], str]  # operand number as a type
    write: Callable[[int, str, str], str]  # operand number, type, expression: an assignment
    count: int


def unsigned(kind: str) -> str:
    return "u" + kind[1:] if kind[0] in "sb" else kind


def floating(kind: str) -> bool:
    return kind[0] == "f"


def statement(opcode: str, given: Operands) -> str:
    """The instruction in C.

    Raises:
        NotImplementedError: the emulator does not know it.
    """
    parts = [part for part in opcode.split(".") if part not in _NOTHING]
    name, rest = parts[0], parts[1:]
    kinds = [part for part in rest if part in BYTES]
    flags = [part for part in rest if part not in BYTES]
    maker = _carried if "cc" in flags else _MAKERS.get(name)
    text = maker(name, flags, kinds, given) if maker else None
    if text is None:
        raise NotImplementedError(f"the emulator does not know the instruction {opcode}")
    return text


def _flushed(flags: list[str], kind: str, expression: str) -> str:
    return f"ftz_{kind}({expression})" if "ftz" in flags else expression


def _float_two(name: str, flags: list[str], kind: str, g: Operands) -> str | None:
    left, right = g.read(1, kind), g.read(2, kind)
    if kind == "f16":
        left, right, inner = f"half({g.read(1, 'b16')})", f"half({g.read(2, 'b16')})", "f32"
    else:
        inner = kind
    known = {"rn", "ftz", "sat", "approx", "NaN"}
    if set(flags) - known:
        if inner == "f32" and set(flags) <= {"rm", "rp", "rz"} and name in ("add", "sub", "mul"):
            way = {"rm": -1, "rp": 1, "rz": 0}[flags[0]]
            a, b, c = {"add": (left, "1.0f", right), "sub": (right, "-1.0f", left), "mul": (left, right, "-0.0f")}[name]
            return g.write(0, "f32", f"fma_directed({a}, {b}, {c}, {way})")
        return None
    left, right = _flushed(flags, inner, left), _flushed(flags, inner, right)
    if name in ("min", "max"):
        text = f"{name}{'nan' if 'NaN' in flags else ''}_{inner}({left}, {right})"
    else:
        text = f"({left} { ({'add': '+', 'sub': '-', 'mul': '*', 'div': '/'}[name]) } {right})"
    text = _flushed(flags, inner, text)
    if "sat" in flags:
        text = f"sat_{inner}({text})"
    return g.write(0, "b16", f"to_half({text})") if kind == "f16" else g.write(0, kind, text)


def _two(name: str, flags: list[str], kinds: list[str], g: Operands) -> str | None:
    kind = kinds[0]
    if floating(kind):
        return _float_two(name, flags, kind, g)
    u = unsigned(kind)
    if name == "mul" and flags == ["wide"]:
        wide = f"{kind[0]}{2 * int(kind[1:])}"
        return g.write(0, unsigned(wide), f"(({wide}){g.read(1, kind)} * ({wide}){g.read(2, kind)})")
    a, b = g.read(1, u), g.read(2, u)
    if name == "mul" and flags == ["hi"]:
        return g.write(0, u, f"mulhi_{kind}({a}, {b})")
    if flags not in ([], ["lo"]):
        return None
    if name in ("div", "rem", "min", "max"):
        return g.write(0, u, f"{name}_{kind}({a}, {b})")
    sign = {"add": "+", "sub": "-", "mul": "*"}[name]
    return g.write(0, u, f"(({u})({a} {sign} {b}))")


def _mad(name: str, flags: list[str], kinds: list[str], g: Operands) -> str | None:
    kind = kinds[0]
    if floating(kind):
        a, b, c = (g.read(i, kind) for i in (1, 2, 3))
        if kind == "f16":
            return None
        if set(flags) <= {"rn", "ftz", "sat"}:
            a, b, c = (_flushed(flags, kind, x) for x in (a, b, c))
            text = _flushed(flags, kind, f"__builtin_fma{'f' if kind == 'f32' else ''}({a}, {b}, {c})")
            return g.write(0, kind, f"sat_{kind}({text})" if "sat" in flags else text)
        way = {"rm": -1, "rp": 1, "rz": 0}.get(flags[0])
        if kind == "f32" and len(flags) == 1 and way is not None:
            return g.write(0, kind, f"fma_directed({a}, {b}, {c}, {way})")
        return None
    u = unsigned(kind)
    if flags == ["lo"]:
        return g.write(0, u, f"(({u})({g.read(1, u)} * {g.read(2, u)} + {g.read(3, u)}))")
    if flags == ["hi"]:
        return g.write(0, u, f"(({u})(mulhi_{kind}({g.read(1, u)}, {g.read(2, u)}) + {g.read(3, u)}))")
    if flags == ["wide"]:
        wide = f"{kind[0]}{2 * int(kind[1:])}"
        return g.write(
            0, unsigned(wide), f"(({wide}){g.read(1, kind)} * ({wide}){g.read(2, kind)} + {g.read(3, wide)})"
        )
    return None


def _bits(name: str, flags: list[str], kinds: list[str], g: Operands) -> str | None:
    if flags:
        return None
    kind = kinds[0]
    if kind == "pred":
        if name == "not":
            return g.write(0, kind, f"!{g.read(1, kind)}")
        return g.write(0, kind, f"({g.read(1, kind)} {_LOGIC[name]} {g.read(2, kind)})")
    u = unsigned(kind)
    if name in _LOGIC:
        return g.write(0, u, f"({g.read(1, u)} {_LOGIC[name]} {g.read(2, u)})")
    if name in ("not", "cnot"):
        return g.write(0, u, f"(({u}){'~' if name == 'not' else '!'}{g.read(1, u)})")
    if name in ("shl", "shr"):
        return g.write(0, u, f"{name}_{kind if kind[0] == 's' else u}({g.read(1, u)}, {g.read(2, 'u32')})")
    width = kind[1:]
    if name == "popc":
        return g.write(0, "u32", f"__builtin_popcountll({g.read(1, u)})")
    if name in ("clz", "brev"):
        return g.write(0, "u32" if name == "clz" else u, f"{name}_{width}({g.read(1, u)})")
    if name == "bfind" and kind[0] == "u":
        return g.write(0, "u32", f"bfind_{kind}({g.read(1, u)})")
    if name == "bfe":
        return g.write(0, u, f"bfe_{kind}({g.read(1, u)}, {g.read(2, 'u32')}, {g.read(3, 'u32')})")
    if name == "bfi":
        return g.write(0, u, f"bfi_{u}({g.read(1, u)}, {g.read(2, u)}, {g.read(3, 'u32')}, {g.read(4, 'u32')})")
    if name == "prmt":
        return g.write(0, u, f"prmt({g.read(1, u)}, {g.read(2, u)}, {g.read(3, u)})")
    return None


def _lop3(name: str, flags: list[str], kinds: list[str], g: Operands) -> str | None:
    return g.write(0, "u32", f"lop3({', '.join(g.read(i, 'u32') for i in (1, 2, 3, 4))})") if not flags else None


def _shf(name: str, flags: list[str], kinds: list[str], g: Operands) -> str | None:
    if len(flags) != 2 or flags[0] not in "lr" or flags[1] not in ("wrap", "clamp"):
        return None
    n = f"({g.read(3, 'u32')} & 31)" if flags[1] == "wrap" else f"min_u32({g.read(3, 'u32')}, 32)"
    return g.write(0, "u32", f"shf_{flags[0]}({g.read(1, 'u32')}, {g.read(2, 'u32')}, {n})")


def _copysign(name: str, flags: list[str], kinds: list[str], g: Operands) -> str | None:
    """PTX has the sign first."""
    kind = kinds[0]
    end = "f" if kind == "f32" else ""
    return g.write(0, kind, f"__builtin_copysign{end}({g.read(2, kind)}, {g.read(1, kind)})")


def _one(name: str, flags: list[str], kinds: list[str], g: Operands) -> str | None:
    kind = kinds[0]
    if not floating(kind):
        u = unsigned(kind)
        return g.write(0, u, f"(({u})-{g.read(1, u)})" if name == "neg" else f"abs_{kind}({g.read(1, u)})")
    if set(flags) - {"ftz"}:
        return None
    if kind == "f16":
        return g.write(0, "b16", f"({g.read(1, 'b16')} {'^ 0x8000' if name == 'neg' else '& 0x7fff'})")
    a = _flushed(flags, kind, g.read(1, kind))
    return g.write(0, kind, f"(-{a})" if name == "neg" else f"__builtin_fabs{'f' if kind == 'f32' else ''}({a})")


def _carried(name: str, flags: list[str], kinds: list[str], g: Operands) -> str | None:
    """Sums with the carry, and those that leave one: `cc` is a variable of every function."""
    u = unsigned(kinds[0])
    bits = 8 * BYTES[u]
    half = [flag for flag in flags if flag != "cc"]
    before = "cc" if name in ("addc", "subc", "madc") else "0"
    a, b = g.read(1, u), g.read(2, u)
    if name[:3] == "mad":
        if half not in (["lo"], ["hi"]):
            return None
        product = f"(({u})({a} * {b}))" if half == ["lo"] else f"mulhi_{kinds[0]}({a}, {b})"
        whole = f"(u128){product} + {g.read(3, u)} + {before}"
    else:
        sign = "+" if name[:3] == "add" else "-"
        whole = f"(u128){a} {sign} {b} {sign} {before}"
    carry = f" cc = (u32)(whole >> {bits}) & 1;" if "cc" in flags else ""
    return f"{{ u128 whole = {whole};{carry} {g.write(0, u, f'(({u})whole)')} }}"


_CURVES = {
    "sqrt": "sqrt{s}({a})", "rcp": "(1 / {a})", "rsqrt": "(1 / sqrt{s}({a}))", "ex2": "exp2{s}({a})",
    "lg2": "log2{s}({a})", "sin": "sin{s}({a})", "cos": "cos{s}({a})", "tanh": "tanh{s}({a})",
}  # fmt: skip


def _curve(name: str, flags: list[str], kinds: list[str], g: Operands) -> str | None:
    kind = kinds[0]
    if set(flags) - {"rn", "approx", "ftz"} or kind not in ("f32", "f64"):
        return None
    if kind == "f64" and "approx" in flags:
        return g.write(0, kind, f"{name}_approx_f64({g.read(1, kind)})") if name in ("rcp", "rsqrt") else None
    a = _flushed(flags, kind, g.read(1, kind))
    return g.write(0, kind, _flushed(flags, kind, _CURVES[name].format(s="f" if kind == "f32" else "", a=a)))


def comparison(compared: str, kind: str, a: str, b: str) -> str | None:
    if not floating(kind):
        return f"({a} {_COMPARED[compared]} {b})" if compared in _COMPARED else None
    if compared in ("num", "nan"):
        return f"{'' if compared == 'num' else '!'}num_{kind}({a}, {b})"
    both = f"num_{kind}({a}, {b})"
    if compared == "ne":
        return f"({both} && {a} != {b})"
    if compared in _COMPARED:
        return f"({a} {_COMPARED[compared]} {b})"
    if compared[-1] == "u" and compared[:-1] in _COMPARED:
        return f"(!{both} || {a} {_COMPARED[compared[:-1]]} {b})"
    return None


def _setp(name: str, flags: list[str], kinds: list[str], g: Operands) -> str | None:
    kind = kinds[0]
    read = "s" + kind[1:] if kind[0] == "s" else unsigned(kind)
    flags = [flag for flag in flags if flag != "ftz"] if kind != "f32" or "ftz" not in flags else []
    if not flags or kind == "f16":
        return None
    text = comparison(flags[0], kind, g.read(1, read), g.read(2, read))
    if text is None or len(flags) > 2 or (len(flags) == 2 and flags[1] not in _LOGIC):
        return None
    return g.write(0, "pred", text if len(flags) == 1 else f"({text} {_LOGIC[flags[1]]} {g.read(3, 'pred')})")


def _selp(name: str, flags: list[str], kinds: list[str], g: Operands) -> str | None:
    kind = kinds[0] if floating(kinds[0]) and kinds[0] != "f16" else unsigned(kinds[0]).replace("f", "u")
    return g.write(0, kind, f"({g.read(3, 'pred')} ? {g.read(1, kind)} : {g.read(2, kind)})") if not flags else None


def _cvt(name: str, flags: list[str], kinds: list[str], g: Operands) -> str | None:
    if len(kinds) != 2:
        return None
    to, of = kinds
    way = next((flag for flag in flags if flag in ("rni", "rzi", "rmi", "rpi", "rn", "rz", "rm", "rp")), "")
    if set(flags) - {way, "ftz", "sat"}:
        return None
    if not floating(of):
        if not floating(to):
            if "sat" in flags:
                return None
            low = f"(({of})({g.read(1, unsigned(of))}))"  # as many bits as its type has, with its sign
            return g.write(0, to, f"(({to}){low})")
        value = f"(({of})({g.read(1, unsigned(of))}))"
        if way not in ("rn", "") or to == "f16":
            return g.write(0, "b16", f"to_half64((f64){value})") if to == "f16" and way == "rn" else None
        return g.write(0, to, f"(({to}){value})")
    value = f"half({g.read(1, 'b16')})" if of == "f16" else g.read(1, of)
    inner = "f32" if of == "f16" else of
    if way in ("rni", "rzi", "rmi", "rpi"):
        value = f"{way}_{inner}({_flushed(flags, inner, value)})"
    if not floating(to):
        return g.write(0, to, f"(({to})to_{to}({value}))") if way.endswith("i") else None
    if way not in ("rn", "", "rni", "rzi", "rmi", "rpi"):
        if not (to == "f32" and of == "f64"):
            return None
        value = f"directed({value}, 0, { ({'rm': -1, 'rp': 1, 'rz': 0}[way]) })"
    if to == "f16":
        return (
            g.write(0, "b16", f"{'to_half64' if of == 'f64' else 'to_half'}({value})") if "sat" not in flags else None
        )
    value = f"(({to}){value})"
    return g.write(0, to, _flushed(flags, to, f"sat_{to}({value})" if "sat" in flags else value))


_MAKERS: dict[str, Callable[[str, list[str], list[str], Operands], str | None]] = {
    **dict.fromkeys(("add", "sub", "mul", "div", "rem", "min", "max"), _two),
    **dict.fromkeys(("mad", "fma"), _mad),
    **dict.fromkeys(("and", "or", "xor", "not", "cnot", "shl", "shr"), _bits),
    **dict.fromkeys(("popc", "clz", "brev", "bfind", "bfe", "bfi", "prmt"), _bits),
    **dict.fromkeys(("addc", "subc", "madc"), _carried),
    **dict.fromkeys(_CURVES, _curve),
    "copysign": _copysign,
    "neg": _one, "abs": _one, "setp": _setp, "selp": _selp, "cvt": _cvt, "lop3": _lop3, "shf": _shf,
}  # fmt: skip
