"""einsum: products and sums of Tensors written as letters, in all of NumPy's notation.

The equation is put into plain form first: dots become letters, a letter that stands twice in an operand becomes its
diagonal, a letter that nothing else needs is summed away. What remains is one operation, whose derivative is an einsum
again.
"""

from __future__ import annotations

from string import ascii_letters
from typing import Any

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops.products import contract
from tinygrad_edu.tensors.composed import composed, tensors_of
from tinygrad_edu.tensors.tensor import Tensor

__all__ = ["einsum"]


@composed(many=True)
def einsum(equation: str | Any, *operands: Any) -> Tensor:
    """Multiply Tensors and sum over dimensions: each dimension has a letter; those missing after ``->`` are summed.

    Without ``->`` the result has the letters that occur once, in alphabetical order. ``...`` stands for any further
    dimensions, which broadcast. Letters may be given as numbers from 0 to 51: ``einsum(a, [0, 1], b, [1], [0])``.

    Raises:
        ShapeError (a RuntimeError): an equation that does not fit the operands, or sizes that disagree.

    >>> import tinygrad_edu as tg
    >>> einsum("ij,j->i", tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([1.0, 10.0]))
    tensor([21., 43.])
    """
    if isinstance(equation, Tensor):
        equation, operands = _from_sublists((equation, *operands))
    if not isinstance(equation, str):
        raise TypeError(f"einsum(): the equation must be text, such as 'ij,jk->ik', not {type(equation).__name__}")
    tensors = tensors_of("einsum", operands)
    terms, result = parse(equation, [t.ndim for t in tensors])
    _check_sizes(equation, terms, tensors)
    for i, (term, tensor) in enumerate(zip(terms, tensors, strict=True)):
        terms[i], tensors[i] = _without_repeats(term, tensor)
    for i in range(len(terms)):
        needed = {letter for j, term in enumerate(terms) if j != i for letter in term} | set(result)
        lonely = tuple(d for d, letter in enumerate(terms[i]) if letter not in needed)
        if lonely:
            tensors[i] = tensors[i].sum(lonely)
            terms[i] = "".join(letter for letter in terms[i] if letter in needed)
    if len(tensors) == 1:
        return tensors[0].permute(tuple(terms[0].index(letter) for letter in result))
    return contract(tensors, f"{','.join(terms)}->{result}")


def _from_sublists(given: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """``a, [0, 1], b, [1], [0]`` as an equation and the operands."""
    result = "->" + _term(given[-1]) if len(given) % 2 else ""
    pairs = given[: len(given) // 2 * 2]
    return ",".join(map(_term, pairs[1::2])) + result, pairs[::2]


def _term(sublist: Any) -> str:
    if not isinstance(sublist, (list, tuple)):
        raise TypeError(f"einsum(): expected a list of subscripts after each operand, got {type(sublist).__name__}")
    letters = []
    for number in sublist:
        if number is Ellipsis:
            letters.append("...")
        elif not isinstance(number, int) or not 0 <= number < len(ascii_letters):
            raise ValueError(f"einsum(): subscript {number!r} in subscript list is not within the valid range [0, 52)")
        else:
            letters.append(_by_number[number])
    return "".join(letters)


_by_number = ascii_letters[26:] + ascii_letters[:26]  # as letters are sorted: A to Z before a to z


def parse(equation: str, ranks: list[int]) -> tuple[list[str], str]:
    """The letters of each operand's dimensions, and of the result's."""
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise ShapeError(f"einsum: {equation!r} is for {len(terms)} operands, but {len(ranks)} were given")
    for term in [*terms, right]:
        bare = term.replace("...", "", 1)
        wrong = next((c for c in bare if c not in ascii_letters), None)
        if wrong:
            raise ShapeError(
                f"einsum: invalid subscript {wrong!r} in {equation!r}: it takes letters, one '...', ',' and '->'"
            )
    free = [c for c in ascii_letters if c not in text]
    most = 0
    for term, rank in zip(terms, ranks, strict=True):
        letters = len(term.replace("...", ""))
        if letters > rank or ("..." not in term and letters < rank):
            raise ShapeError(
                f"einsum: the number of subscripts in {term!r} of {equation!r} does not match the {rank} dimensions of "
                "its operand" + ("" if letters > rank else ": '...' stands for those not named")
            )
        most = max(most, rank - letters)
    if most > len(free):
        raise ShapeError(f"einsum: {equation!r} has more dimensions than there are letters")
    dots = "".join(free[:most])
    plain = []
    for term, rank in zip(terms, ranks, strict=True):
        width = rank - len(term.replace("...", ""))
        plain.append(term.replace("...", dots[most - width :]))
    if not arrow:
        once = sorted(c for c in set(left) if c in ascii_letters and left.count(c) == 1)
        return plain, dots + "".join(once)
    result = right.replace("...", dots)
    known = {letter for term in plain for letter in term} | set(dots)
    for letter in result:
        if result.count(letter) > 1:
            raise ShapeError(f"einsum: {letter!r} stands twice in the result of {equation!r}")
        if letter not in known:
            raise ShapeError(f"einsum: {letter!r} in the result of {equation!r} is in no operand")
    return plain, result


def _check_sizes(equation: str, terms: list[str], tensors: list[Tensor]) -> None:
    sizes: dict[str, int] = {}
    for term, tensor in zip(terms, tensors, strict=True):
        for letter, size in zip(term, tensor.shape, strict=True):
            known = sizes.get(letter, 1)
            if size not in (1, known) and known != 1:
                raise ShapeError(
                    f"einsum: sizes disagree in {equation!r}: {letter!r} is {known} in one operand and {size} in "
                    f"another (shapes {' and '.join(str(tuple(t.shape)) for t in tensors)})"
                )
            sizes[letter] = size if known == 1 else known


def _without_repeats(term: str, tensor: Tensor) -> tuple[str, Tensor]:
    """A letter that stands twice means the diagonal of its two dimensions."""
    for letter in dict.fromkeys(term):
        while term.count(letter) > 1:
            first = term.index(letter)
            second = term.index(letter, first + 1)
            if tensor.shape[first] != tensor.shape[second]:
                raise ShapeError(
                    f"einsum: {letter!r} stands twice in an operand of shape {tuple(tensor.shape)}, so both dimensions "
                    "must have the same size"
                )
            tensor = tensor.diagonal(0, first, second)
            term = term[:first] + term[first + 1 : second] + term[second + 1 :] + letter
    return term, tensor
