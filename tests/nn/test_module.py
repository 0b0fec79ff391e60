"""A Module: its parts are found, walked, converted, saved and printed; what goes wrong is said. No PyTorch needed."""

import copy
import pickle
from typing import Any

import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn


class Layer(nn.Module):
    def __init__(self, size: int = 2) -> None:
        super().__init__()
        self.weight = nn.Parameter(tg.ones(size))
        self.register_buffer("steps", tg.zeros(1))
        self.register_buffer("scratch", tg.zeros(1), persistent=False)
        self.factor = 3

    def forward(self, x: Any) -> Any:
        return self.weight * x

    def extra_repr(self) -> str:
        return f"size={len(self.weight)}"


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = Layer()
        self.second = Layer()
        self.again = self.first
        self.bias = nn.Parameter(tg.zeros(2))

    def forward(self, x: Any) -> Any:
        return self.second(self.first(x)) + self.bias


def test_parts_are_listed_in_order_and_once() -> None:
    net = Net()
    assert [name for name, _ in net.named_parameters()] == ["bias", "first.weight", "second.weight"]
    assert [name for name, _ in net.named_parameters(remove_duplicate=False)][-1] == "again.weight"
    assert [name for name, _ in net.named_parameters(recurse=False)] == ["bias"]
    assert [name for name, _ in net.named_modules()] == ["", "first", "second"]
    assert [name for name, _ in net.named_children()] == ["first", "second"]
    assert [name for name, _ in net.named_buffers(prefix="net")][0] == "net.first.steps"
    assert len(list(net.parameters())) == 3
    assert len(list(net.buffers())) == 4
    assert list(net.modules())[0] is net
    assert list(net.children()) == [net.first, net.second]


def test_parts_are_found_by_path() -> None:
    net = Net()
    assert net.get_submodule("") is net
    assert net.get_submodule("first") is net.first
    assert net.get_parameter("first.weight") is net.first.weight
    assert net.get_buffer("second.steps") is net.second.steps
    with pytest.raises(AttributeError, match="`weight` is not an nn.Module"):
        net.get_submodule("first.weight")
    with pytest.raises(AttributeError, match="`steps` is not an nn.Parameter"):
        net.get_parameter("first.steps")
    with pytest.raises(AttributeError, match="`factor` is not a buffer"):
        net.get_buffer("first.factor")


def test_a_parameter_is_a_leaf_that_shares_memory() -> None:
    data = tg.tensor([1.0, 2.0])
    with tg.no_grad():
        param = nn.Parameter(data)
    assert param.requires_grad and param.is_leaf and isinstance(param, tg.Tensor)
    with tg.no_grad():
        param[0] = 5.0
    assert data.tolist() == [5.0, 2.0]
    assert type(copy.deepcopy(param)) is nn.Parameter
    assert type(pickle.loads(pickle.dumps(param))) is nn.Parameter
    assert type(param * 2) is tg.Tensor
    assert nn.Parameter().shape == (0,)
    assert not nn.Parameter(tg.arange(3), requires_grad=False).requires_grad
    with pytest.raises(RuntimeError, match="floating point"):
        nn.Parameter(tg.arange(3))
    with pytest.raises(TypeError, match="list"):
        nn.Parameter([1.0])


def test_a_buffer_can_be_assigned() -> None:
    net = nn.Module()
    net.kept = nn.Buffer(tg.ones(1))
    net.scratch = nn.Buffer(tg.ones(1), persistent=False)
    assert list(net.state_dict()) == ["kept"]
    assert len(list(net.buffers())) == 2


def test_what_is_assigned_later_takes_its_place() -> None:
    net = Net()
    net.bias = None
    assert [name for name, _ in net.named_parameters()] == ["first.weight", "second.weight"]
    net.bias = nn.Parameter(tg.ones(2))
    net.first.steps = tg.ones(1)
    assert net.first._buffers["steps"].item() == 1
    net.extra = 1
    net.extra = Layer()
    assert "extra" in dict(net.named_children()) and "extra" not in vars(net)
    del net.extra
    assert not hasattr(net, "extra")
    del net.first.factor


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("bias", 1.0, "cannot assign 'float' as parameter 'bias'"),
        ("bias", tg.ones(2), "cannot assign 'Tensor' as parameter 'bias'"),
        ("first", 1.0, "cannot assign 'float' as child module 'first'"),
        ("counts", 1.0, "cannot assign 'float' as buffer 'counts'"),
    ],
)
def test_a_part_stays_what_it_is(name: str, value: Any, told: str) -> None:
    net = Net()
    net.register_buffer("counts", tg.zeros(1))
    with pytest.raises(TypeError, match=told):
        setattr(net, name, value)


@pytest.mark.parametrize("method", ["register_parameter", "register_buffer", "add_module"])
def test_names_are_checked(method: str) -> None:
    net = Net()
    net.plain = 1
    for name, told in (("a.b", "t contain"), ("", "t be empty"), ("plain", "already exists")):
        with pytest.raises(KeyError, match=told):
            getattr(net, method)(name, None)
    with pytest.raises(KeyError, match="already exists"):
        getattr(net, method)("forward", None)
    with pytest.raises(TypeError, match="should be a string"):
        getattr(net, method)(1, None)
    with pytest.raises(TypeError):
        getattr(net, method)("fresh", 1.0)


def test_a_typo_is_told_the_nearest_names() -> None:
    with pytest.raises(AttributeError, match=r"'Net' object has no attribute 'frist': did you mean 'first'\?"):
        _ = Net().frist
    with pytest.raises(AttributeError, match="'Layer' object has no attribute 'wieght': did you mean 'weight'"):
        _ = Net().first.wieght
    assert not hasattr(Net(), "zzzz")


def test_a_forgotten_super_init_is_named() -> None:
    class Parameters(nn.Module):
        def __init__(self) -> None:
            self.weight = nn.Parameter(tg.ones(1))

    class Modules(nn.Module):
        def __init__(self) -> None:
            self.layer = Layer()

    class Nothing(nn.Module):
        def __init__(self) -> None:
            self.size = 3

        def forward(self, x: Any) -> Any:
            return x

    with pytest.raises(AttributeError, match=r"cannot assign parameters before Module.__init__\(\) call"):
        Parameters()
    with pytest.raises(AttributeError, match=r"cannot assign module before Module.__init__\(\) call"):
        Modules()
    assert Nothing().size == 3
    with pytest.raises(AttributeError, match=r"super\(\).__init__\(\)"):
        _ = Nothing().layer
    with pytest.raises(AttributeError, match=r"super\(\).__init__\(\)"):
        Nothing()(1)


def test_forward_must_be_written() -> None:
    with pytest.raises(NotImplementedError, match="Empty.*forward"):
        type("Empty", (nn.Module,), {})()(1)


def test_modes_reach_all_parts() -> None:
    net = Net()
    assert net.eval() is net and not net.second.training
    assert net.train().second.training
    with pytest.raises(ValueError, match="boolean"):
        net.train("yes")
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())
    seen: list[Any] = []
    assert net.apply(seen.append) is net
    assert seen == [net.first, net.second, net]


def test_gradients_are_forgotten() -> None:
    net = Net()
    net(tg.ones(2)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert net.bias.grad.tolist() == [0.0, 0.0]
    net.zero_grad()
    assert net.bias.grad is None


def test_converting_keeps_the_parameters_themselves() -> None:
    net = Net()
    weight = net.first.weight
    net(tg.ones(2)).sum().backward()
    net.first.register_buffer("count", tg.tensor(3))
    assert net.double() is net
    assert net.first.weight is weight and weight.dtype is tg.float64 and weight.grad.dtype is tg.float64
    assert net.first.steps.dtype is tg.float64 and net.first.count.dtype is tg.int64
    assert net.to("cpu", tg.float16).bias.dtype is tg.float16
    assert net.to(tg.zeros(1)).bias.dtype is tg.float32
    assert net.half().float().cpu().bias.dtype is tg.float32
    assert net.to(device="cpu", dtype=tg.float64).bias.dtype is tg.float64
    with pytest.raises(TypeError, match="only accepts floating point"):
        net.to(tg.int64)
    with pytest.raises(RuntimeError, match="cuda"):
        net.to("cuda")


def test_states_are_saved_and_loaded() -> None:
    net, other = Net(), Net()
    with tg.no_grad():
        net.bias.add_(1.5)
    state = net.state_dict()
    assert list(state) == [
        "bias", "first.weight", "first.steps", "second.weight", "second.steps", "again.weight", "again.steps",
    ]  # fmt: skip
    assert not state["bias"].requires_grad
    assert net.state_dict(keep_vars=True)["bias"] is net.bias
    assert repr(other.load_state_dict(state)) == "<All keys matched successfully>"
    assert other.bias.tolist() == [1.5, 1.5] and other.bias is not net.bias
    kept = other.bias
    other.load_state_dict(state, assign=True)
    assert other.bias is not kept and isinstance(other.bias, nn.Parameter)


def test_all_that_is_wrong_with_a_state_is_told_at_once_and_nothing_changes() -> None:
    net = Net()
    state = Net().state_dict()
    with tg.no_grad():
        state["bias"].add_(7)
    del state["first.weight"]
    state["strange"] = tg.ones(1)
    state["second.weight"] = tg.ones(3)
    state["second.steps"] = 5
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    message = str(caught.value)
    assert message.startswith("Error(s) in loading state_dict for Net:")
    for told in (
        'Missing key(s) in state_dict: "first.weight"',
        'Unexpected key(s) in state_dict: "strange"',
        "size mismatch for second.weight: copying a param with shape torch.Size([3]) from checkpoint, the shape in "
        "current model is torch.Size([2])",
        'the parameter named "second.steps"',
    ):
        assert told in message
    assert net.bias.tolist() == [0.0, 0.0]
    with pytest.raises(RuntimeError, match="size mismatch"):
        net.load_state_dict(state, strict=False)
    del state["second.weight"], state["second.steps"]
    missing, unexpected = net.load_state_dict(state, strict=False)
    assert missing == ["first.weight", "second.weight", "second.steps"] and unexpected == ["strange"]
    assert net.bias.tolist() == [7.0, 7.0]
    with pytest.raises(TypeError, match="dict-like"):
        net.load_state_dict([1])


def test_a_module_may_save_more() -> None:
    class Counting(nn.Module):
        seen = 0

        def get_extra_state(self) -> Any:
            return self.seen

        def set_extra_state(self, state: Any) -> None:
            self.seen = state

    module = Counting()
    module.seen = 4
    fresh = Counting()
    fresh.load_state_dict(module.state_dict())
    assert fresh.seen == 4
    with pytest.raises(RuntimeError, match="_extra_state"):
        fresh.load_state_dict({})


def test_modules_are_copied_and_pickled() -> None:
    net = Net()
    twin = copy.deepcopy(net)
    assert twin.first.weight is not net.first.weight and twin.again is twin.first
    again = pickle.loads(pickle.dumps(Layer()))
    assert again.weight.tolist() == [1.0, 1.0] and again.training


def test_hooks_see_and_replace() -> None:
    layer, seen = Layer(), []
    handles = [
        layer.register_forward_pre_hook(lambda module, args: seen.append("before") or (args[0] * 2,)),
        layer.register_forward_hook(lambda module, args, out: seen.append("after") or out + 1),
        layer.register_forward_pre_hook(lambda module, args, kw: seen.append("first"), prepend=True, with_kwargs=True),
    ]
    assert layer(tg.tensor([1.0, 2.0])).tolist() == [3.0, 5.0]
    assert seen == ["first", "before", "after"]
    for handle in handles:
        handle.remove()
    assert layer(tg.tensor([1.0, 2.0])).tolist() == [1.0, 2.0]


def test_a_hook_that_must_be_called_is() -> None:
    class Broken(nn.Module):
        def forward(self, x: Any) -> Any:
            raise ValueError("broken")

    module, seen = Broken(), []
    module.register_forward_hook(lambda *given: seen.append(given[-1]), always_call=True)
    with pytest.raises(ValueError, match="broken"):
        module(1)
    assert seen == [None]


def test_backward_hooks_see_both_sides() -> None:
    layer, seen = Layer(), []
    layer.register_full_backward_pre_hook(lambda module, out: seen.append(("pre", out[0].tolist())))
    layer.register_full_backward_hook(lambda module, gi, go: seen.append((gi[0].tolist(), go[0].tolist())))
    layer.register_full_backward_hook(lambda module, gi, go: (gi[0] * 10,))
    with tg.no_grad():
        layer.weight.mul_(3)
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    out = layer(x)
    (out.sum() + x.sum()).backward(retain_graph=True)
    assert seen == [("pre", [1.0, 1.0]), ([3.0, 3.0], [1.0, 1.0])]
    assert x.grad.tolist() == [31.0, 31.0]
    out.sum().backward()
    assert len(seen) == 4


def test_backward_hooks_run_without_an_input_that_needs_a_gradient() -> None:
    layer, seen = Layer(), []
    layer.register_full_backward_hook(lambda module, gi, go: seen.append((gi, go[0].tolist())))
    layer(tg.ones(2)).sum().backward()
    assert seen == [((None,), [1.0, 1.0])]


def test_it_prints_as_a_tree() -> None:
    assert repr(Layer(3)) == "Layer(size=3)"
    assert repr(nn.Module()) == "Module()"
    assert repr(Net()).splitlines()[:3] == ["Net(", "  (first): Layer(size=2)", "  (second): Layer(size=2)"]


def test_unknown_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="unexpected arguments: 3, size"):
        nn.Module(3, size=2)
