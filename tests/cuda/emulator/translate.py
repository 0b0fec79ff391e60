"""PTX to C: a kernel becomes a C function that is one of its threads; registers become variables, branches ``goto``.

Accesses to memory go through checks.c, barriers and exchanges within a warp through runs.c; both get the line of the
PTX, so that what they find can be shown. What the parser does not expect is an error, with the text.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from tests.cuda.emulator import build, folder
from tests.cuda.emulator.instructions import BYTES, Operands, statement
from tests.cuda.emulator.memory import atomic, loaded, stored, synchronised
from tests.cuda.emulator.parse import VARIABLE, Module, Piece, pieces

__all__ = ["translated"]

_CLASSES = {"pred": "u8", "b16": "u16", "b32": "u32", "b64": "u64", "f32": "f32", "f64": "f64",
            "u16": "u16", "u32": "u32", "u64": "u64", "s16": "u16", "s32": "u32", "s64": "u64",
            "f16": "u16"}  # fmt: skip
_SPECIAL = {
    f"%{name}.{axis}": f"t->{name}[{k}]" for name in ("tid", "ntid", "ctaid", "nctaid") for k, axis in enumerate("xyz")
}
_SPECIAL |= {"%laneid": "t->lane", "%warpid": "(t->flat / 32)", "WARP_SZ": "32", "%nwarpid": "32"}
_C = {"b8": "u8", "b16": "u16", "b32": "u32", "b64": "u64", "f16": "u16"}


class Function:
    """One kernel or device function, as it is translated."""

    def __init__(self, module: Module, header: str) -> None:
        self.module = module
        found = re.search(r"\.(entry|func)\s*(\(([^)]*)\))?\s*([\w$]+)\s*(\(([^)]*)\))?", header, re.DOTALL)
        assert found is not None, header
        self.kernel = found[1] == "entry"
        self.ptx_name = found[4]
        self.name = "f_" + identifier(found[4])
        self.registers: dict[str, str] = {}
        self.parameters: dict[str, tuple[str, int]] = {}  # where it is in C, and its bytes
        self.offsets: list[int] = []
        self.sizes: list[int] = []
        self.locals: set[str] = set()
        self.code: list[str] = []
        self.targets: dict[str, list[str]] = {}
        self.fibers = False
        self.grain = self.shared_grain = 16
        passed = []
        at = 0
        for text in [x for k in (3, 6) for x in re.split(r",\s*(?=\.param)", (found[k] or "").strip())]:
            if not text.strip():
                continue
            kind, name, count = re.search(r"\.(\w+)\s+([\w$]+)(?:\[(\d+)\])?$", text.strip()).groups()  # type: ignore[union-attr]
            size = BYTES[kind] * int(count or 1)
            align = re.search(r"\.align\s+(\d+)", text)
            step = int(align[1]) if align else BYTES[kind]
            if self.kernel:
                at = -(-at // step) * step
                self.parameters[name] = (f"(t->parameters + {at})", size)
                self.offsets.append(at)
                self.sizes.append(size)
                at += size
            else:
                self.parameters[name] = (f"p_{identifier(name)}", size)
                passed.append(f"u8 *p_{identifier(name)}")
        self.signature = f"static void {self.name}({', '.join(['Thread *t', *passed])})"

    # Operands.

    def read(self, text: str, kind: str) -> str:
        """The operand as a C expression of the kind."""
        kind = _C.get(kind, kind)
        if text[0] == "!":
            return f"!{self.read(text[1:], kind)}"
        if text in self.registers:
            return as_kind(identifier(text), self.registers[text], kind)
        if text in _SPECIAL:
            return f"(({kind}){_SPECIAL[text]})"
        if found := re.fullmatch(r"0[fF]([0-9a-fA-F]{8})", text):
            return as_kind(f"0x{found[1]}u", "u32", kind)
        if found := re.fullmatch(r"0[dD]([0-9a-fA-F]{16})", text):
            value = as_kind(f"0x{found[1]}ull", "u64", "f64")
            return f"((f32){value})" if kind == "f32" else as_kind(f"0x{found[1]}ull", "u64", kind)
        if re.fullmatch(r"-?(0x[0-9a-fA-F]+|\d+)U?", text):
            number = int(text.rstrip("U"), 0)
            if kind == "pred":
                return str(int(number != 0))
            return f"(({kind}){f'{number % (1 << 64)}ull'})"
        if kind == "pred" and text in ("true", "false"):
            return str(int(text == "true"))
        return f"(({kind}){self.address(text)})"

    def write(self, text: str, kind: str, value: str) -> str:
        """An assignment to the register."""
        if text == "_":
            return f"(void){value};"
        if text not in self.registers:
            raise NotImplementedError(f"the emulator does not know the destination {text}")
        kind, own = _C.get(kind, kind), self.registers[text]
        if kind == "pred":
            return f"{identifier(text)} = {value};"
        if kind[0] == "s" and own[0] == "u":
            return f"{identifier(text)} = ({own})({value});"
        return f"{identifier(text)} = {as_kind(f'({value})', kind, own)};"

    def address(self, text: str) -> str:
        """``name+offset`` as a number of 64 bits."""
        found = re.fullmatch(r"([%\w$]+)(?:\+(-?\w+))?", text.replace(" ", ""))
        if found is None:
            raise NotImplementedError(f"the emulator does not know the operand {text}")
        base, offset = found[1], int(found[2] or "0", 0)
        if base in self.registers:
            value = as_kind(identifier(base), self.registers[base], "u64")
        elif base in self.module.shared:
            value = f"{self.module.shared[base]}ull"
        elif base in self.module.statics:
            value = f"((u64)emu_statics + {self.module.statics[base]})"
        elif base in self.locals:
            value = f"((u64){identifier(base)})"
        elif base in self.parameters:
            value = f"((u64){self.parameters[base][0]})"
        elif re.fullmatch(r"\d+", base):
            value = f"{base}ull"
        else:
            raise NotImplementedError(f"the emulator does not know the operand {text}")
        return f"({value} + ({offset}ll))"

    # Statements.

    def add(self, piece: Piece) -> None:
        text = piece.text
        if text in ("{", "}"):
            self.code.append(text)
        elif text.endswith(":"):
            self.code.append(f"{identifier(text[:-1])}: ;")
        elif text.startswith(".reg"):
            self.declare_registers(text)
        elif text.startswith((".local", ".param", ".shared")):
            self.declare(text)
        elif text.startswith(".branchtargets") or not text:
            self.code[-1] = self.code[-1]  # (its label stands before it)
            self.targets[self.code.pop().split(":")[0]] = [identifier(x) for x in re.findall(r"[\w$]+", text[14:])]
        elif not text.startswith((".pragma", ".loc")):
            guard = re.match(r"@(!?)(%\w+)\s+", text)
            body = self.instruction(text[guard.end() :] if guard else text, piece.line)
            self.code.append(f"if ({guard[1]}{identifier(guard[2])}) {{ {body} }}" if guard else body)

    def declare_registers(self, text: str) -> None:
        kind, names = re.match(r"\.reg\s+\.(\w+)\s+(.*)$", text, re.DOTALL).groups()  # type: ignore[union-attr]
        for name in re.split(r"\s*,\s*", names):
            if found := re.fullmatch(r"(%\w+)<(\d+)>", name):
                all_names = [f"{found[1]}{k}" for k in range(int(found[2]))]
            else:
                all_names = [name]
            for one in all_names:
                self.registers[one] = "pred" if kind == "pred" else _CLASSES[kind]
            if all_names:
                self.code.append(f"{_CLASSES[kind]} {', '.join(map(identifier, all_names))};")

    def declare(self, text: str) -> None:
        if text.startswith(".shared"):
            return self.module.declare(text)
        space, align, kind, name, array, count, _, _ = VARIABLE.search(text).groups()  # type: ignore[union-attr]
        size = BYTES[kind] * (int(count) if array else 1)
        self.code.append(f"u8 {identifier(name)}[{size}] __attribute__((aligned({max(int(align or 8), 8)})));")
        if space == "local":
            self.locals.add(name)
        else:
            self.parameters[name] = (identifier(name), size)
        return None

    def instruction(self, text: str, line: int) -> str:
        opcode, _, rest = text.partition(" ") if " " in text else (*re.split(r"\s", text, maxsplit=1), "", "")[:3]
        opcode, rest = opcode.strip(), rest.strip()
        if "\t" in opcode:
            opcode, rest = opcode.split("\t", 1)[0], f"{opcode.split(chr(9), 1)[1]} {rest}".strip()
        parts = opcode.split(".")
        operands = [x.strip() for x in re.split(r",(?![^{(\[]*[})\]])", rest)] if rest else []
        if parts[0] == "bra":
            return f"goto {identifier(operands[0])};"
        if parts[0] == "brx":
            cases = "".join(f"case {k}: goto {label};" for k, label in enumerate(self.targets[identifier(operands[1])]))
            return f"switch ({self.read(operands[0], 'u32')}) {{ {cases} }}"
        if parts[0] in ("ret", "exit"):
            return "return;"
        if parts[0] == "trap":
            return f'emu_trap(t, {line}, "trap");'
        if parts[0] == "call":
            found = re.fullmatch(r"(?:\(([^)]*)\)\s*,\s*)?([\w$]+)\s*(?:,\s*\(([^)]*)\))?", rest, re.DOTALL)
            if found is None or not any(f"f_{identifier(found[2])}(" in f for f in self.module.functions):
                raise NotImplementedError(f"the emulator does not know the call {text}")
            given = [identifier(x.strip()) for part in (found[1], found[3]) if part for x in part.split(",")]
            return f"f_{identifier(found[2])}({', '.join(['t', *given])});"
        if parts[0] == "ld":
            return loaded(self, parts[1:], operands, line)
        if parts[0] == "st":
            return stored(self, parts[1:], operands, line)
        if parts[0] in ("atom", "red"):
            return atomic(self, parts, operands, line)
        if parts[0] == "mov":
            return self.move(parts[-1], operands)
        if parts[0] == "cvta":
            return self.converted_address(parts, operands)
        if (done := synchronised(self, parts, operands, line)) is not None:
            return done
        try:
            return statement(opcode, Operands(
                lambda k, kind: self.read(operands[k], kind),
                lambda k, kind, value: self.write(operands[k], kind, value), len(operands),
            ))  # fmt: skip
        except (IndexError, KeyError) as error:
            raise NotImplementedError(f"the emulator does not know the instruction {text}") from error

    def move(self, kind: str, operands: list[str]) -> str:
        to, of = operands
        if to[0] == "{":
            names = [x.strip() for x in to[1:-1].split(",")]
            width = 8 * BYTES[kind] // len(names)
            parts = [
                self.write(name, f"u{width}", f"((u{width})(whole >> {width * k}))") for k, name in enumerate(names)
            ]
            return f"{{ u64 whole = {self.read(of, f'u{8 * BYTES[kind]}')}; {' '.join(parts)} }}"
        if of[0] == "{":
            names = [x.strip() for x in of[1:-1].split(",")]
            width = 8 * BYTES[kind] // len(names)
            parts = [f"((u64){self.read(name, f'u{width}')} << {width * k})" for k, name in enumerate(names)]
            return self.write(to, f"u{8 * BYTES[kind]}", f"((u{8 * BYTES[kind]})({' | '.join(parts)}))")
        return self.write(to, kind, self.read(of, kind))

    def converted_address(self, parts: list[str], operands: list[str]) -> str:
        value = self.read(operands[1], "u64")
        if "shared" in parts:
            value = f"({value} - SHARED_WINDOW)" if "to" in parts else f"({value} + SHARED_WINDOW)"
        return self.write(operands[0], "u64", value)


def identifier(text: str) -> str:
    """A name that C takes."""
    return re.sub(r"\W", "_", text.replace("%", "r_").replace("$", "L_"))


def as_kind(value: str, own: str, kind: str) -> str:
    """A value of one C type as another: floats and integers of one size share their bits."""
    if own == kind or kind == "pred":
        return value
    if own[0] == "f" and kind[0] == "f":
        raise NotImplementedError(f"the emulator does not know a {kind} in a register of {own}")
    if own[0] == "f":
        return f"(({kind})of_{own}({value}))"
    if kind[0] == "f":
        return f"as_{kind}((u{kind[1:]}){value})"
    return f"(({kind}){value})"


def in_c(ptx: str, source: Path) -> str:
    """The module in C."""
    module = Module()
    function: Function | None = None
    depth = 0
    done: list[Function] = []
    for piece in pieces(ptx):
        if function is not None and depth == 0 and piece.text != "{":  # it was only declared
            function = None
        if function is None:
            if re.search(r"\.(entry|func)\b", piece.text):
                if not re.match(r"\.extern", piece.text):
                    function, depth = Function(module, piece.text), 0
                    module.functions.append(function.signature)
            elif piece.text:
                module.declare(piece.text)
            continue
        function.add(piece)
        depth += {"{": 1, "}": -1}.get(piece.text, 0)
        if depth == 0 and piece.text == "}":
            done.append(function)
            function = None
    fibers = any(f.fibers for f in done)
    grain = min([3, *(f.grain for f in done)])
    shared_grain = min([3, *(f.shared_grain for f in done)])
    own = ",".join(map(str, module.bytes))
    text = [
        '#include "kernel.h"',
        f"static u8 emu_statics[{len(module.bytes) + 1}] __attribute__((aligned(256))) = {{{own}}};",
        *(f"{f.signature};" for f in done),
        *(f"{f.signature}\n{{ u32 cc = 0;\n" + "\n".join(f.code) + "\n}" for f in done),
    ]
    rows = []
    for f in (f for f in done if f.kernel):
        offsets, sizes = (",".join(map(str, [*numbers, 0])) for numbers in (f.offsets, f.sizes))
        text.append(f"static const int o_{f.name}[] = {{{offsets}}}, s_{f.name}[] = {{{sizes}}};")
        rows.append(
            f'{{"{f.ptx_name}", {f.name}, {len(f.sizes)}, o_{f.name}, s_{f.name}, {module.shared_size}, {int(fibers)}, '
            f'{grain}, {shared_grain}, emu_statics, {len(module.bytes)}, "{source}"}}'
        )
    return "\n".join([*text, f"const Kernel emu_kernels[] = {{{', '.join(rows)}, {{0}}}};\n"])


def translated(ptx: str) -> Path:
    """The library of a module's kernels; made once for each text."""
    name = hashlib.sha256(ptx.encode()).hexdigest()[:16]
    library = folder() / f"{name}.so"
    if not library.exists():
        source, c = library.with_suffix(".ptx"), library.with_suffix(".c")
        source.write_text(ptx)
        c.write_text(in_c(ptx, source))
        build(library, c, options=("-O1", "-march=native", "-fno-math-errno"))
    return library
