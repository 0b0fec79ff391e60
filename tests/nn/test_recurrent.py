"""Recurrent layers and cells against PyTorch's, from one table; packed and padded sequences; their errors."""

import copy
import inspect
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.nn.utils import rnn as utils

STEPS, BATCH, INSIDE, UNITS = 5, 3, 4, 3
LENGTHS = [3, 5, 1]
# The class, its options, and how the input comes: a batch, no batch, or packed.
TABLE: list[tuple[str, dict[str, Any], str]] = [
    ("RNN", {}, "batch"),
    ("RNN", {"nonlinearity": "relu", "bias": False}, "batch"),
    ("RNN", {"num_layers": 2, "bidirectional": True, "batch_first": True}, "batch"),
    ("RNN", {"nonlinearity": "relu", "num_layers": 2, "bidirectional": True}, "packed"),
    ("RNN", {"bidirectional": True}, "alone"),
    ("LSTM", {}, "batch"),
    ("LSTM", {"num_layers": 2, "bidirectional": True, "batch_first": True}, "batch"),
    ("LSTM", {"num_layers": 2, "bidirectional": True, "proj_size": 2}, "batch"),
    ("LSTM", {"proj_size": 1, "bias": False}, "packed"),
    ("LSTM", {"num_layers": 2, "bidirectional": True, "batch_first": True}, "packed"),
    ("LSTM", {"batch_first": True}, "alone"),
    ("GRU", {}, "batch"),
    ("GRU", {"bias": False, "num_layers": 2}, "batch"),
    ("GRU", {"num_layers": 2, "bidirectional": True, "batch_first": True}, "batch"),
    ("GRU", {"num_layers": 2, "bidirectional": True}, "packed"),
    ("GRU", {"bidirectional": True}, "alone"),
]
CELLS: list[tuple[str, dict[str, Any]]] = [
    ("RNNCell", {}),
    ("RNNCell", {"bias": False, "nonlinearity": "relu"}),
    ("LSTMCell", {}),
    ("LSTMCell", {"bias": False}),
    ("GRUCell", {}),
    ("GRUCell", {"bias": False}),
]


def drawn(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def pair(name: str, *args: Any, **options: Any) -> tuple[Any, Any]:
    """Our module and PyTorch's in float64 with the same weights."""
    torch = pytest.importorskip("torch")
    theirs = getattr(torch.nn, name)(*args, **options).double()
    ours = getattr(tg.nn, name)(*args, **options).double()
    state = {key: drawn(*value.shape, seed=i) * 0.5 for i, (key, value) in enumerate(theirs.state_dict().items())}
    theirs.load_state_dict({key: torch.tensor(value) for key, value in state.items()})
    ours.load_state_dict({key: tg.tensor(value) for key, value in state.items()})
    return ours, theirs


def flat(value: Any) -> list[Any]:
    """The Tensors in nested tuples."""
    if isinstance(value, tuple):
        return [tensor for part in value if part is not None for tensor in flat(part)]
    return [value]


def close(ours: Any, theirs: Any, what: str) -> None:
    mine, yours = ours.detach().numpy(), theirs.detach().numpy()
    assert mine.shape == yours.shape and mine.dtype == yours.dtype, what
    np.testing.assert_allclose(mine, yours, rtol=1e-9, atol=1e-11, err_msg=what)


def outcome(library: Any, net: Any, how: str, given: bool) -> tuple[list[Any], list[Any]]:
    """Outputs, and gradients of the inputs and states, of one run forward and back."""
    first = getattr(net, "batch_first", False)
    shape = {"alone": (STEPS, INSIDE)}.get(how, (BATCH, STEPS, INSIDE) if first else (STEPS, BATCH, INSIDE))
    x = library.tensor(drawn(*shape)).requires_grad_()
    leaves, args = [x], [x]
    if given:
        layers = net.num_layers * (2 if net.bidirectional else 1)
        sizes = [net.proj_size or UNITS] + [UNITS] * (net.mode == "LSTM")
        batch = () if how == "alone" else (BATCH,)
        states = tuple(library.tensor(drawn(layers, *batch, s, seed=i)).requires_grad_() for i, s in enumerate(sizes))
        leaves += states
        args.append(states if net.mode == "LSTM" else states[0])
    if how == "packed":
        pack = library.nn.utils.rnn.pack_padded_sequence
        args[0] = pack(x, LENGTHS, batch_first=first, enforce_sorted=False)
    outs = [out for out in flat(net(*args)) if out.is_floating_point()]
    sum((out * library.tensor(drawn(*out.shape, seed=9))).sum() for out in outs).backward()
    return outs, [leaf.grad for leaf in leaves]


@pytest.mark.oracle
@pytest.mark.parametrize("given", [False, True], ids=["from 0", "from a state"])
@pytest.mark.parametrize(("name", "options", "how"), TABLE)
def test_layers_equal_pytorch_s(name: str, options: dict[str, Any], how: str, given: bool) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = pair(name, INSIDE, UNITS, **options)
    assert repr(ours) == repr(theirs)
    assert [(k, tuple(p.shape)) for k, p in ours.named_parameters()] == [
        (k, tuple(p.shape)) for k, p in theirs.named_parameters()
    ]
    assert [len(layer) for layer in ours.all_weights] == [len(layer) for layer in theirs.all_weights]
    (mine, my_grads), (yours, your_grads) = outcome(tg, ours, how, given), outcome(torch, theirs, how, given)
    for i, (a, b) in enumerate(zip(mine, yours, strict=True)):
        close(a, b, f"output {i}")
    for i, (a, b) in enumerate(zip(my_grads, your_grads, strict=True)):
        close(a, b, f"gradient of input {i}")
    for (key, a), (_, b) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        close(a.grad, b.grad, key)


@pytest.mark.oracle
@pytest.mark.parametrize("batch", [(), (BATCH,)], ids=["one", "batch"])
@pytest.mark.parametrize(("name", "options"), CELLS)
def test_cells_equal_pytorch_s(name: str, options: dict[str, Any], batch: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = pair(name, INSIDE, UNITS, **options)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for library, net in ((tg, ours), (torch, theirs)):
        net.x = library.tensor(drawn(*batch, INSIDE)).requires_grad_()
        state = net(net.x)
        net.outs = flat(net(net.x, state))  # two steps: the second from the first one's state
        sum((out * out).sum() for out in net.outs).backward()
    for i, (a, b) in enumerate(zip(ours.outs, theirs.outs, strict=True)):
        close(a, b, f"output {i}")
    close(ours.x.grad, theirs.x.grad, "gradient of the input")
    for (key, a), (_, b) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        close(a.grad, b.grad, key)


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["RNNBase", "RNNCellBase", "RNNCell", "LSTMCell", "GRUCell"])
def test_signatures(name: str) -> None:
    torch = pytest.importorskip("torch")
    mine, yours = (inspect.signature(getattr(nn, name)).parameters.values() for nn in (tg.nn, torch.nn))
    assert [(p.name, p.default) for p in mine] == [(p.name, p.default) for p in yours]


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_a_packed_batch_gives_what_each_sequence_gives_alone(name: str) -> None:
    net = getattr(tg.nn, name)(INSIDE, UNITS, num_layers=2, bidirectional=True).double()
    sequences = [tg.tensor(drawn(length, INSIDE, seed=length)) for length in LENGTHS]
    out, state = net(utils.pack_sequence(sequences, enforce_sorted=False))
    padded, lengths = utils.pad_packed_sequence(out)
    assert lengths.tolist() == LENGTHS
    for i, sequence in enumerate(sequences):
        alone, end = net(sequence)
        assert tg.allclose(padded[: LENGTHS[i], i], alone)
        assert (padded[LENGTHS[i] :, i] == 0).all()
        for a, b in zip(flat(state), flat(end), strict=True):
            assert tg.allclose(a[:, i], b)


def test_second_derivatives_flow_through_layers() -> None:
    x = tg.tensor(drawn(3, 2, INSIDE)).requires_grad_()
    for name in ("RNN", "LSTM", "GRU"):
        net = getattr(tg.nn, name)(INSIDE, UNITS).double()
        assert tg.autograd.gradgradcheck(lambda x, net=net: net(x)[0], (x,))


def test_dropout_falls_between_layers_in_training_only() -> None:
    net = tg.nn.GRU(INSIDE, 50, num_layers=2, dropout=1.0)
    x = tg.randn(2, 1, INSIDE)
    zero_input = tg.nn.GRU(50, 50)
    zero_input.load_state_dict({key.replace("l1", "l0"): v for key, v in net.state_dict().items() if "l1" in key})
    assert tg.allclose(net(x)[0], zero_input(tg.zeros(2, 1, 50))[0])
    assert not tg.allclose(net.eval()(x)[0], zero_input(tg.zeros(2, 1, 50))[0])


def test_layers_are_copied_and_pickled_and_begin_as_uniform_draws() -> None:
    net = tg.nn.LSTM(2, 16, num_layers=2)
    x = tg.randn(3, 2, 2)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert tg.equal(net(x)[0], other(x)[0])
    everything = tg.nn.utils.parameters_to_vector(net.parameters())
    assert 0.24 < everything.abs().max() <= 0.25
    assert net.flatten_parameters() is None
    states = net(x.requires_grad_())[1]
    assert isinstance(states, tuple) and states[0].shape == (2, 2, 16)


# --- padding and packing --------------------------------------------------------------------------------------------


@pytest.mark.oracle
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("lengths", [[5, 3, 1], [5, 5, 5], [2, 2, 1]])
def test_packing_equals_pytorch_s(lengths: list[int], first: bool) -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.nn.utils.rnn
    array = drawn(3, 5, 2) if first else drawn(5, 3, 2)
    for given, sort in ((lengths, True), (lengths[::-1], False), (np.roll(lengths, 1).tolist(), False)):
        mine, yours = tg.tensor(array).requires_grad_(), torch.tensor(array, requires_grad=True)
        a = utils.pack_padded_sequence(mine, tg.tensor(given), first, sort)
        b = theirs.pack_padded_sequence(yours, torch.tensor(given), first, sort)
        assert [None if x is None else x.tolist() for x in a[1:]] == [None if x is None else x.tolist() for x in b[1:]]
        close(a.data, b.data, "packed")
        for total in (None, 6):
            (p, n), (q, m) = (
                lib.pad_packed_sequence(packed, first, -1.0, total) for lib, packed in ((utils, a), (theirs, b))
            )
            close(p, q, "padded")
            assert n.tolist() == m.tolist()
        (p * p).sum().backward(), (q * q).sum().backward()
        close(mine.grad, yours.grad, "gradient")
        assert [s.tolist() for s in utils.unpack_sequence(a)] == [s.tolist() for s in theirs.unpack_sequence(b)]


@pytest.mark.oracle
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("first", [False, True])
def test_padding_equals_pytorch_s(first: bool, side: str) -> None:
    torch = pytest.importorskip("torch")
    arrays = [drawn(n, 2) for n in (1, 4, 2)]
    mine = utils.pad_sequence([tg.tensor(a) for a in arrays], first, 7.0, side)
    close(mine, torch.nn.utils.rnn.pad_sequence([torch.tensor(a) for a in arrays], first, 7.0, side), "padded")
    if side == "right":
        back = utils.unpad_sequence(mine, tg.tensor([1, 4, 2]), first)
        assert [b.tolist() for b in back] == [a.tolist() for a in arrays]


def test_a_packed_sequence_converts_and_prints() -> None:
    packed = utils.pack_sequence([tg.tensor([1, 2]), tg.tensor([3])])
    assert packed.double().data.dtype is tg.float64 and packed.to(tg.float32).data.dtype is tg.float32
    assert repr(packed) == (
        "PackedSequence(data=tensor([1, 3, 2]), batch_sizes=tensor([2, 1]), sorted_indices=None, unsorted_indices=None)"
    )
    data, sizes, order, back = packed
    assert order is None and back is None and sizes.tolist() == [2, 1] and data is packed[0]
    assert utils.PackedSequence(data, sizes).batch_sizes is sizes


X = (2, 3, 4)  # steps, batch, inside
REFUSED: list[tuple[str, Any]] = [
    ("a dropout", lambda t: t.nn.LSTM(4, 3, dropout=2)),
    ("a size", lambda t: t.nn.LSTM(4, 3.0)),
    ("no layers", lambda t: t.nn.GRU(4, 3, 0)),
    ("no units", lambda t: t.nn.GRU(4, 0)),
    ("a nonlinearity", lambda t: t.nn.RNN(4, 3, nonlinearity="sin")),
    ("a projection", lambda t: t.nn.GRU(4, 3, proj_size=1)),
    ("a wide projection", lambda t: t.nn.LSTM(4, 3, proj_size=3)),
    ("a mode", lambda t: t.nn.RNNBase("X", 4, 3)),
    ("a rank", lambda t: t.nn.RNN(4, 3)(t.zeros(1, 2, 3, 4))),
    ("an input size", lambda t: t.nn.RNN(4, 3)(t.zeros(2, 3, 5))),
    ("a dtype", lambda t: t.nn.RNN(4, 3)(t.zeros(*X, dtype=t.float64))),
    ("no steps", lambda t: t.nn.RNN(4, 3)(t.zeros(0, 3, 4))),
    ("a state", lambda t: t.nn.GRU(4, 3)(t.zeros(*X), t.zeros(2, 3, 3))),
    ("a state's rank", lambda t: t.nn.GRU(4, 3)(t.zeros(*X), t.zeros(3, 3))),
    ("a state with a batch", lambda t: t.nn.GRU(4, 3)(t.zeros(2, 4), t.zeros(1, 1, 3))),
    ("a cell", lambda t: t.nn.LSTM(4, 3)(t.zeros(*X), (t.zeros(1, 3, 3), t.zeros(1, 2, 3)))),
    ("a cell's rank", lambda t: t.nn.LSTM(4, 3)(t.zeros(*X), (t.zeros(1, 3, 3), t.zeros(3, 3)))),
    ("a cell layer's input", lambda t: t.nn.LSTMCell(4, 3)(t.zeros(2, 5))),
    ("a cell layer's rank", lambda t: t.nn.GRUCell(4, 3)(t.zeros(2, 4, 1))),
    ("a cell layer's batch", lambda t: t.nn.GRUCell(4, 3)(t.zeros(2, 4), t.zeros(3, 3))),
    ("a cell layer's state", lambda t: t.nn.RNNCell(4, 3)(t.zeros(2, 4), t.zeros(2, 4))),
    ("a cell layer's sine", lambda t: t.nn.RNNCell(4, 3, nonlinearity="sin")(t.zeros(2, 4))),
    ("rising lengths", lambda t: t.nn.utils.rnn.pack_padded_sequence(t.zeros(*X), [1, 2, 2])),
    ("no length", lambda t: t.nn.utils.rnn.pack_padded_sequence(t.zeros(*X), [2, 1, 0])),
    ("lengths", lambda t: t.nn.utils.rnn.pack_padded_sequence(t.zeros(*X), [2, 1])),
    ("an order", lambda t: t.nn.utils.rnn.pack_sequence([t.zeros(1), t.zeros(2)])),
    ("no sequences", lambda t: t.nn.utils.rnn.pad_sequence([])),
    ("a side", lambda t: t.nn.utils.rnn.pad_sequence([t.zeros(1)], padding_side="top")),
    ("parts", lambda t: t.nn.utils.rnn.PackedSequence(t.zeros(3))),
]


@pytest.mark.oracle
@pytest.mark.parametrize("attempt", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused(attempt: Any) -> None:
    torch = pytest.importorskip("torch")
    caught = []
    for library in (tg, torch):
        with pytest.raises((RuntimeError, ValueError, TypeError, AssertionError)) as error, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            attempt(library)
        caught.append(error.value)
    assert isinstance(caught[0], type(caught[1])), caught


def test_too_long_a_sequence_and_a_lonely_dropout_are_told() -> None:
    with pytest.raises(RuntimeError, match="at most 2"):
        utils.pack_padded_sequence(tg.zeros(2, 1), [3])
    with pytest.warns(UserWarning, match="all but last recurrent layer"):
        tg.nn.LSTM(1, 1, dropout=0.5)
    with pytest.raises(ValueError, match="total_length=1"):
        utils.pad_packed_sequence(utils.pack_padded_sequence(tg.zeros(2, 1), [2]), total_length=1)
