"""What is used less often: connectionist temporal classification, bags, softmax by clusters; their errors."""

from itertools import product
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

T, N, C = 6, 3, 4
TEXTS = np.array([[1, 1, 2], [3, 2, 0], [1, 0, 0]])
LENGTHS = [3, 2, 1]
CTC: list[dict[str, Any]] = [
    {},
    {"reduction": "sum"},
    {"reduction": "none", "blank": 2},
    {"steps": [6, 2, 4]},
    {"steps": [3, 6, 6], "reduction": "none", "zero_infinity": True},
    {"steps": [3, 6, 6], "reduction": "none"},
    {"lengths": [3, 0, 1]},
    {"rows": True},
]


@pytest.mark.oracle
@pytest.mark.parametrize("options", CTC)
def test_ctc_equals_pytorch_s(options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    options = dict(options)
    steps, lengths = options.pop("steps", [T] * N), options.pop("lengths", LENGTHS)
    texts = TEXTS
    if options.pop("rows", False):
        texts = np.concatenate([row[:n] for row, n in zip(TEXTS, lengths, strict=True)])
    if options.get("blank") == 2:
        texts = np.where(TEXTS == 2, 3, TEXTS)
    logits = np.random.default_rng(1).standard_normal((T, N, C))
    found = []
    for library in (tg, torch):
        x = library.tensor(logits).requires_grad_()
        out = library.nn.CTCLoss(**options)(
            x.log_softmax(2), library.tensor(texts), library.tensor(steps), library.tensor(lengths)
        )
        finite = out[~out.isinf()] if out.ndim else out
        finite.sum().backward()
        found.append((out.detach().numpy(), x.grad.numpy()))
    for mine, yours in zip(*found, strict=True):
        if "steps" in options or np.isfinite(yours).all():
            np.testing.assert_allclose(mine, yours, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-9)


def test_ctc_adds_up_all_ways_to_say_it() -> None:
    log_probs = tg.tensor(np.random.default_rng(2).standard_normal((4, 3))).log_softmax(1)
    text = [1, 2]

    def read(path: tuple[int, ...]) -> list[int]:
        kept = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
        return [c for c in kept if c]

    total = sum(
        np.exp(sum(log_probs[t, c].item() for t, c in enumerate(path)))
        for path in product(range(3), repeat=4)
        if read(path) == text
    )
    loss = tg.nn.functional.ctc_loss(log_probs, tg.tensor(text), (4,), (2,), reduction="none")
    assert loss.shape == () and loss.item() == pytest.approx(-np.log(total))
    x = tg.tensor(np.random.default_rng(3).standard_normal((4, 1, 3))).requires_grad_()
    lengths = (tg.tensor([[1, 2]]), (4,), (2,))
    assert tg.autograd.gradcheck(lambda x: tg.nn.functional.ctc_loss(x.log_softmax(2), *lengths), (x,))


@pytest.mark.oracle
@pytest.mark.parametrize("options", [{}, {"head_bias": True, "div_value": 2.0}])
def test_clusters_equal_pytorch_s(options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(16, 20, [4, 9], **options).double()
    ours = tg.nn.AdaptiveLogSoftmaxWithLoss(16, 20, [4, 9], **options).double()
    assert repr(ours) == repr(theirs)
    ours.load_state_dict({key: tg.tensor(value.numpy()) for key, value in theirs.state_dict().items()})
    x = np.random.default_rng(4).standard_normal((5, 16)) * 3
    for rows, target in ((x, [0, 19, 5, 12, 3]), (x[0], 7), (x[:2], [1, 2])):
        found = []
        for library, net in ((tg, ours), (torch, theirs)):
            net.zero_grad()
            leaf = library.tensor(rows).requires_grad_()
            result = net(leaf, library.tensor(target))
            result.loss.backward()
            grads = [p.grad for p in net.parameters() if p.grad is not None]
            found.append([result.output, result.loss, leaf.grad, net.log_prob(library.tensor(x)), *grads])
        for mine, yours in zip(*found, strict=True):
            np.testing.assert_allclose(mine.detach().numpy(), yours.detach().numpy(), rtol=1e-9, atol=1e-12)
    assert ours.predict(tg.tensor(x)).tolist() == theirs.predict(torch.tensor(x)).tolist()
    assert tg.allclose(ours.log_prob(tg.tensor(x)).exp().sum(1), tg.ones(5).double())
    before = ours.head.weight.clone()
    ours.reset_parameters()
    assert not tg.equal(ours.head.weight, before)


def test_bags_of_a_table_that_exists() -> None:
    table = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    bag = tg.nn.EmbeddingBag.from_pretrained(table, mode="sum")
    assert not bag.weight.requires_grad and bag(tg.tensor([[0, 1]])).tolist() == [[4.0, 6.0]]
    with pytest.raises(AssertionError):
        tg.nn.EmbeddingBag.from_pretrained(tg.zeros(2))
    assert bag(tg.tensor([], dtype=tg.int64), tg.tensor([0])).tolist() == [[0.0, 0.0]]


def test_feature_alpha_dropout_drops_channels() -> None:
    tg.manual_seed(0)
    out = tg.nn.FeatureAlphaDropout(0.5)(tg.zeros(4, 50, 3))
    low, high = out.min().item(), out.max().item()
    assert ((out == low) | (out == high)).all() and (out == out[:, :, :1]).all() and low < 0 < high
    assert tg.equal(tg.nn.FeatureAlphaDropout(0.5).eval()(tg.ones(2, 2)), tg.ones(2, 2))


def ctc(t: Any, steps: Any = (4, 4), lengths: Any = (2, 2), blank: int = 0, rows: int = 2) -> Any:
    given = (t.zeros(4, 2, 3).log_softmax(2), t.ones(rows, 2, dtype=t.int64), t.tensor(steps), t.tensor(lengths))
    return t.nn.functional.ctc_loss(*given, blank=blank)


def bag(t: Any, shape: Any, *rest: Any, **options: Any) -> Any:
    return t.nn.EmbeddingBag(5, 3, **options)(t.zeros(*shape, dtype=t.int64), *rest)


REFUSED: list[tuple[str, Any]] = [
    ("steps", lambda t: ctc(t, steps=(4, 5))),
    ("too few texts", lambda t: ctc(t, rows=1)),
    ("texts too short", lambda t: ctc(t, lengths=(2, 3))),
    ("blank", lambda t: ctc(t, blank=7)),
    ("rank", lambda t: bag(t, (2, 2, 2))),
    ("no offsets", lambda t: bag(t, (3,))),
    ("two offsets", lambda t: bag(t, (2, 2), t.tensor([0, 1]))),
    ("first offset", lambda t: bag(t, (3,), t.tensor([1, 2]))),
    ("last offset", lambda t: bag(t, (3,), t.tensor([0, 4]))),
    ("weights", lambda t: bag(t, (2, 2), None, t.ones(2, 2))),
    ("mode", lambda t: bag(t, (2, 2), mode="median")),
    ("weights' shape", lambda t: bag(t, (2, 2), None, t.ones(2), mode="sum")),
    ("no cutoffs", lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [])),
    ("cutoffs", lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5, 3])),
    ("target", lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5])(t.zeros(2, 8), t.tensor([3, 11]))),
    ("batch", lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5])(t.zeros(3, 8), t.tensor([3, 1]))),
]


@pytest.mark.oracle
@pytest.mark.parametrize("attempt", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused(attempt: Any) -> None:
    torch = pytest.importorskip("torch")
    caught = []
    for library in (tg, torch):
        with pytest.raises((RuntimeError, ValueError, NotImplementedError)) as error:
            attempt(library)
        caught.append(error.value)
    assert isinstance(caught[0], type(caught[1])), caught
