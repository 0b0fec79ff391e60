"""Writes pytorch.md, the page that says which of PyTorch's names are here, from pytorch-names.txt and what is here.

    python docs/surface.py                   # after adding names
    python docs/surface.py --from-pytorch    # pytorch-names.txt anew, from the PyTorch that is installed

A name is *here* if our module has it; it *raises* if it is there only so that programs can import it.
"""

import importlib
import re
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

DOCS = Path(__file__).parent
NAMES, PAGE = DOCS / "pytorch-names.txt", DOCS / "pytorch.md"
BEGIN, END = "<!-- written by docs/surface.py from here -->", "<!-- to here -->"

# What is listed of PyTorch: modules, and the classes whose methods lessons call.
PLACES = (
    "torch", "torch.Tensor", "torch.nn", "torch.nn.Module", "torch.nn.functional", "torch.nn.init", "torch.nn.utils",
    "torch.nn.utils.rnn", "torch.optim", "torch.optim.Optimizer", "torch.optim.lr_scheduler", "torch.utils.data",
    "torch.autograd", "torch.autograd.functional", "torch.linalg", "torch.distributions", "torch.fft", "torch.special",
    "torch.random", "torch.serialization", "torch.amp", "torch.cuda", "torch.distributed", "torch.onnx",
)  # fmt: skip
# torchvision is not among our tests' oracles: its names were written down by hand, from its documentation.
BY_HAND = ("torchvision.transforms", "torchvision.datasets", "torchvision.utils")
# Helpers of PyTorch's own source that its modules do not hide.
INNER = re.compile(
    r"BroadcastingList|.*_notes$|.*has_torch_function.*|handle_torch_function|boolean_dispatch|assert_int|TYPE_CHECKING"
    r"|DType$|T_destination|call_super_init|dump_patches|factory_kwargs|reduce_op$|[A-Z_]+_MODES$"
)


def read_names() -> dict[str, list[str]]:
    """The names of pytorch-names.txt by place."""
    parts = re.split(r"^\[([\w.]+)\]$", NAMES.read_text(encoding="utf-8"), flags=re.M)
    return dict(zip(parts[1::2], (part.split() for part in parts[2::2]), strict=True))


def find(place: str) -> Any:
    """Our module or class for a place of PyTorch's; None where there is none."""
    from tinygrad_edu.compat.names import translated

    try:
        return importlib.import_module(translated(place))
    except ModuleNotFoundError:
        owner, _, name = place.rpartition(".")
        return getattr(find(owner), name, None) if owner else None


def state(place: str, name: str) -> str:
    """Whether it is here, raises, or is missing."""
    owner = find(place)
    try:
        found = getattr(owner, name)
    except (AttributeError, RuntimeError):  # a method of Tensor's class that is a property there
        return "here" if name in dir(owner) else "missing"
    return "raises" if getattr(found, "not_provided", False) else "here"


def table() -> str:
    """The part of the page that is written."""
    rows, lists = [], []
    for place, names in read_names().items():
        states = {name: state(place, name) for name in names}
        by_state = {kind: [n for n in names if states[n] == kind] for kind in ("here", "raises", "missing")}
        here, raises, missing = by_state.values()
        rows.append(f"| `{place}` | {len(names)} | {len(here)} | {len(raises) or ''} | {len(missing) or ''} |")
        kinds = [("Raise when called", raises), ("Missing", missing)]
        told = [f"{what}: {', '.join(some)}." for what, some in kinds if some]
        lines = [textwrap.fill(line, 118, break_on_hyphens=False) for line in told]
        if lines:
            lists.append("\n\n".join([f"### {place}", *lines]))
    head = "| where | names in PyTorch | here | raise when called | missing |\n|---|---|---|---|---|"
    return "\n".join([head, *rows]) + "\n\n## By name\n\n" + "\n\n".join(lists)


def page() -> str:
    """The whole page, its table written anew."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


def names_of_pytorch(place: str) -> list[str]:
    """The public names that PyTorch documents in a place."""
    try:
        owner = importlib.import_module(place)
    except ModuleNotFoundError:
        above, _, name = place.rpartition(".")
        owner = getattr(importlib.import_module(above), name)
    names = []
    for name in sorted(set(getattr(owner, "__all__", None) or dir(owner))):
        if name.startswith("_") or INNER.match(name):
            continue
        thing = getattr(owner, name, None)
        if isinstance(thing, ModuleType) or not _belongs(thing):
            continue
        if place == "torch" and (name[0].isupper() and not name.endswith(("Tensor", "Size", "Generator"))):
            continue  # types of the compiler
        if not isinstance(owner, ModuleType) or not callable(thing) or thing.__doc__:
            names.append(name)
    return names


def _belongs(thing: Any) -> bool:
    """Not something from typing or from Python's library that a module has imported."""
    home = getattr(thing, "__module__", None) or "torch"
    return not callable(thing) or home.split(".")[0] in ("torch", "builtins")


def write_names() -> None:
    """Write pytorch-names.txt, keeping the parts that were written by hand."""
    parts = {place: names_of_pytorch(place) for place in PLACES} | {place: read_names()[place] for place in BY_HAND}
    wrapped = {place: textwrap.fill(" ".join(names), 118, break_on_hyphens=False) for place, names in parts.items()}
    text = [f"[{place}]\n{names}\n" for place, names in wrapped.items()]
    NAMES.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    if "--from-pytorch" in sys.argv:
        write_names()
    PAGE.write_text(page(), encoding="utf-8")
