"""What a layer, a loss or a hook refuses with PyTorch's kind of error; and the batch of none, which it takes."""

import numpy as np
import pytest

import tinygrad_edu as torch
from tinygrad_edu import nn
from tinygrad_edu.nn import functional as F


@pytest.mark.parametrize("wrong", [[[1.0, 2.0, 3.0]], np.ones((1, 3), np.float32), 3], ids=["list", "array", "int"])
@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda x: nn.Linear(3, 2)(x), ("linear", "input")),
        (lambda x: nn.Embedding(5, 2)(x), ("embedding", "indices")),
        (lambda x: nn.Dropout()(x), ("dropout", "input")),
        (lambda x: nn.CrossEntropyLoss()(torch.ones(1, 3), x), ("cross_entropy", "target")),
    ],
    ids=["linear", "embedding", "dropout", "cross_entropy"],
)
def test_what_is_no_tensor_is_a_type_error_that_names_the_argument(call, names, wrong):
    with pytest.raises(TypeError, match=rf"{names[0]}.*'{names[1]}' must be Tensor, not {type(wrong).__name__}"):
        call(wrong)


def test_probabilities_have_no_index_to_ignore():
    scores, target = torch.zeros(2, 3), torch.full((2, 3), 1 / 3)
    with pytest.raises(RuntimeError, match="ignore_index is not supported for floating point target"):
        F.cross_entropy(scores, target, ignore_index=1)
    assert F.cross_entropy(scores, target).item() == pytest.approx(np.log(3))


@pytest.mark.parametrize("register", ["register_full_backward_hook", "register_full_backward_pre_hook"])
def test_a_backward_hook_returns_one_gradient_for_each(register):
    layer, x = nn.Linear(2, 2), torch.ones(3, 2, requires_grad=True)
    getattr(layer, register)(lambda module, *gradients: (torch.ones(3, 2), torch.ones(3, 2)))
    with pytest.raises(RuntimeError, match=r"invalid number of grad_(in|out)put, got 2, but expected 1"):
        layer(x).sum().backward()


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_a_recurrent_network_takes_a_batch_of_no_sequences(kind):
    network = getattr(nn, kind)(3, 4, num_layers=2, bidirectional=True)
    states, last = network(torch.ones(5, 0, 3, requires_grad=True))
    assert states.shape == (5, 0, 8)
    assert (last[0] if kind == "LSTM" else last).shape == (4, 0, 4)
    states.sum().backward()
    assert not any(p.grad.any() for p in network.parameters())
