"""A case for every public name of the rooms around nn: an expression of the library `t`, for two ways of judging.

BESIDE holds expressions that PyTorch evaluates too, with the same result. OWN holds expressions with the result they
must have, for what PyTorch itself does not have (train, and what is torchvision's). Each case names its subject.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = ["BESIDE", "ELSEWHERE", "OWN", "Parts"]

# Names with tables or tests of their own: the test that has them. It takes a network's other end, a folder of
# pictures, or many rows for each name.
ELSEWHERE: dict[str, dict[str, str]] = {
    "vision.datasets": {
        "MNIST FashionMNIST KMNIST": "vision/test_datasets.py::test_download_gives_torchvisions_layout",
        "CIFAR10": "vision/test_datasets.py::test_cifar_is_fetched_unpacked_and_read",
        "CIFAR100": "vision/test_datasets.py::test_cifar100_has_fine_labels",
        "ImageFolder": "vision/test_datasets.py::test_a_folder_for_each_class",
        "DatasetFolder": "vision/test_datasets.py::test_folders_that_are_wrong",
        "utils": "vision/test_download.py::test_archives_are_unpacked",
    },
    # refused: we train in one process
    "utils.data": {"DistributedSampler": "compat/test_without_a_gpu.py::ABSENT"},
}


class Parts:
    """What the expressions share, made with a library `t`; each access makes fresh ones, equal in both libraries."""

    def __init__(self, t: Any) -> None:
        self.t = t

    @property
    def net(self) -> Any:
        """A linear layer 2 -> 3 whose parameters, and their gradients, are counted up."""
        layer = self.t.nn.Linear(2, 3)
        with self.t.no_grad():
            for parameter in layer.parameters():
                parameter.copy_(self.t.arange(parameter.numel()).reshape(parameter.shape) / 4 - 0.6)
                parameter.grad = parameter.detach() * 2
        return layer

    @property
    def grads(self) -> list[Any]:
        """Two gradients, whose norm is 6.5."""
        return [self.t.tensor([1.5, 2.0]), self.t.tensor([[6.0]])]

    @property
    def sequences(self) -> list[Any]:
        """Three sequences of lengths 2, 4 and 1 with two features."""
        return [self.t.arange(2.0 * n).reshape(n, 2) + n for n in (2, 4, 1)]

    @property
    def pairs(self) -> Any:
        """Five samples of two features, and their classes."""
        return self.t.utils.data.TensorDataset(self.t.arange(10.0).reshape(5, 2), self.t.arange(5))

    def leaf(self, *numbers: float) -> Any:
        """A vector of float64 whose gradient is wanted."""
        return self.t.tensor(numbers, dtype=self.t.float64, requires_grad=True)

    @property
    def square(self) -> Any:
        """A matrix that has an inverse."""
        return self.t.tensor([[2.0, -1.0, 0.5], [0.25, 3.0, 1.0], [-1.5, 0.75, 1.25]], dtype=self.t.float64)

    @property
    def positive(self) -> Any:
        """A positive definite matrix with eigenvalues far apart."""
        return self.square @ self.square.T + self.t.eye(3, dtype=self.t.float64)

    @property
    def tall(self) -> Any:
        """Four rows of three."""
        return self.t.cat([self.square, self.t.tensor([[1.0, 2.0, -1.0]], dtype=self.t.float64)])

    @property
    def shares(self) -> Any:
        """Numbers between 0 and 1."""
        return self.t.tensor([0.125, 0.5, 0.875, 0.25], dtype=self.t.float64)

    @property
    def edges(self) -> Any:
        """Numbers at the borders of what a constraint allows."""
        return self.t.tensor([[-1.0, 0.0, 0.5], [1.0, 2.0, 2.5], [0.0, 1.0, 1.0]])

    def ramp(self, *shape: int) -> Any:
        """A tensor with irregular values."""
        return (self.t.arange(float(math.prod(shape))) * 7 % 11 / 8 - 0.6).reshape(shape)

    def run(self, function: Any, *tensors: Any) -> list[Any]:
        """The results of a function, and the gradients of their sum, weighted so that no place is like another."""
        leaves = [x.detach().clone().requires_grad_() for x in tensors]
        found = function(*leaves)
        parts = list(found) if isinstance(found, tuple) else [found]
        sum((x * (self.t.arange(x.numel()).reshape(x.shape) / 3 + 0.5)).sum() for x in parts).backward()
        return [*parts, *(leaf.grad for leaf in leaves)]

    def passes(self, module: Any, *inputs: Any) -> list[Any]:
        """The outputs of a module with counted up parameters, and the gradients of all of them and of the inputs."""
        state = module.state_dict()
        state = {key: self.ramp(*value.shape) * (1 + i) / 4 for i, (key, value) in enumerate(state.items())}
        module.double().load_state_dict(state)
        outputs = self.run(lambda *xs: self.flat(module(*xs)), *[x.double() for x in inputs])
        return [*outputs, {name: weight.grad for name, weight in module.named_parameters()}]

    def hooked(self, register: Any, see: Any) -> list[Any]:
        """What a network gives while a hook sees all its modules beside one's own, and afterwards."""
        t, order = self.t, []
        net = t.nn.Sequential(t.nn.Linear(2, 2), t.nn.Tanh())
        net[1].register_forward_hook(lambda module, args, out: order.append("own"))
        with register(lambda module, *seen: (order.append(type(module).__name__), see(module, *seen))[1]):
            found = self.passes(net, self.ramp(3, 2))
        return [order, *found, *self.passes(net, self.ramp(3, 2))]

    def flat(self, found: Any) -> Any:
        """The Tensors in nested tuples."""
        return tuple(x for part in found for x in self.flat(part)) if isinstance(found, tuple) else (found,)

    def inside(self, manager: Any, function: Any) -> Any:
        """What a function gives within a context."""
        with manager:
            return function()

    def refusal(self, function: Any) -> str:
        """The error that a function raises: the name of the first class of Python's own that it is."""
        try:
            return f"no error, but {function()}"
        except Exception as error:
            return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")

    def grads_after(self, act: Any, layer: Any) -> list[Any]:
        """The gradients of a layer once `act` has been done to its parameters."""
        act(list(layer.parameters()))
        return [parameter.grad for parameter in layer.parameters()]

    def near(self, filled: Any, mean: float, std: float, most: float = math.inf) -> bool:
        """Whether a tensor of at least 10,000 draws has these moments and stays within a bound."""
        values = filled.detach()
        return bool(
            abs(values.mean().item() - mean) < 0.1 * std
            and abs(values.std().item() / std - 1) < 0.05
            and values.abs().max().item() <= most
        )

    def fit(self, *callbacks: Any, epochs: int = 3, **options: Any) -> Any:
        """The History of y = w x with the loss (w - 1)² mean(x²) = (w - 1)² from w = 0, each step w += 2 lr (1 - w)."""
        t = self.t
        model = t.nn.Linear(1, 1, bias=False)
        t.nn.init.zeros_(model.weight)
        data = t.utils.data.DataLoader(t.utils.data.TensorDataset(t.ones(4, 1), t.ones(4, 1)), 4)
        optimizer = t.optim.SGD(model.parameters(), lr=0.25)
        if "scheduler" in options:
            options["scheduler"] = options["scheduler"](optimizer)
        callbacks = tuple(make(optimizer) if isinstance(make, type(lambda: 0)) else make for make in callbacks)
        return t.train.fit(
            model, data, t.nn.MSELoss(), optimizer, epochs=epochs, callbacks=callbacks, progress=False, **options
        )

    def metric(self, metric: Any, *batches: tuple[Any, Any]) -> float:
        """A metric over batches of (output, target)."""
        for output, target in batches:
            metric.update(self.t.tensor(output), self.t.tensor(target))
        return metric.compute()


ROWS = "[1.0, 2.0, 4.0]"
BIG = "t.empty(120, 100)"  # fans: 100 in, 120 out
BESIDE: dict[str, dict[str, str]] = {
    "nn.init": {
        "calculate_gain": "[I.calculate_gain(n) for n in ('linear', 'tanh', 'relu', 'selu')], "
        "I.calculate_gain('leaky_relu', 0.2)",
        "constant_": "I.constant_(t.empty(2, 3), 2.5)",
        "dirac_": "I.dirac_(t.empty(4, 3, 3)), I.dirac_(t.empty(4, 2, 3, 3), groups=2), I.dirac_(t.empty(2, 2, 3, 3, "
        "3))",
        "eye_": "I.eye_(t.empty(2, 3))",
        "ones_": "I.ones_(t.empty(2, 3))",
        "zeros_": "I.zeros_(t.ones(2, 3))",
        "uniform_": f"p.near(I.uniform_({BIG}, -2, 2), 0, 4 / 12**0.5, 2)",
        "normal_": f"p.near(I.normal_({BIG}, 1.0, 3.0), 1, 3)",
        "trunc_normal_": f"p.near(I.trunc_normal_({BIG}, 0, 1, -1, 1), 0, 0.5396, 1)",
        "xavier_uniform_": f"p.near(I.xavier_uniform_({BIG}, 2.0), 0, 2 * (2 / 220)**0.5, 2 * (6 / 220)**0.5)",
        "xavier_normal_": f"p.near(I.xavier_normal_({BIG}), 0, (2 / 220)**0.5)",
        "kaiming_uniform_": f"p.near(I.kaiming_uniform_({BIG}, mode='fan_out', nonlinearity='relu'), 0, "
        "(2 / 120)**0.5, "
        "(6 / 120)**0.5), p.near(I.kaiming_uniform_(t.empty(120, 100), a=5**0.5), 0, (1 / 300)**0.5, 0.1)",
        "kaiming_normal_": f"p.near(I.kaiming_normal_({BIG}, a=1.0), 0, 0.1)",
        "orthogonal_": "(lambda w: ((w @ w.T - 4 * t.eye(5)).abs().max() < 1e-5).item())(I.orthogonal_(t.empty(5, "
        "8), 2))",
        "sparse_": f"(I.sparse_({BIG}, 0.25) == 0).sum(0).unique()",
    },
    "nn.utils": {
        "clip_grad_norm_": "p.grads_after(lambda ps: t.nn.utils.clip_grad_norm_(ps, 0.5), p.net), "
        "t.nn.utils.clip_grad_norm_(p.net.parameters(), 1.0, norm_type=1), "
        "p.grads_after(lambda ps: t.nn.utils.clip_grad_norm_(ps, 0.5, norm_type=float('inf')), p.net)",
        "clip_grad_value_": "p.grads_after(lambda ps: t.nn.utils.clip_grad_value_(ps, 0.3), p.net)",
        "clip_grads_with_norm_": "p.grads_after(lambda ps: t.nn.utils.clip_grads_with_norm_(ps, 1.0, t.tensor(4.0)), "
        "p.net)",
        "get_total_norm": "t.nn.utils.get_total_norm(p.grads), t.nn.utils.get_total_norm(p.grads, 1.0), "
        "t.nn.utils.get_total_norm([])",
        "parameters_to_vector": "t.nn.utils.parameters_to_vector(p.net.parameters())",
        "vector_to_parameters": "(lambda net: (t.nn.utils.vector_to_parameters(t.arange(9.0), net.parameters()), "
        "net.weight, net.bias))(p.net)",
        "weight_norm": "(lambda net: (net.weight_g, net.weight_v, net(t.ones(2)), sorted(net.state_dict())))("
        "t.nn.utils.weight_norm(p.net)), t.nn.utils.weight_norm(p.net, dim=None).weight_g",
        "remove_weight_norm": "(lambda net: (net.weight, sorted(net.state_dict())))("
        "t.nn.utils.remove_weight_norm(t.nn.utils.weight_norm(p.net)))",
        # after many rounds the largest singular value is 1, wherever the power iteration began
        "spectral_norm": "(lambda net: [net(t.ones(2)) for _ in range(50)][-1])(t.nn.utils.spectral_norm(p.net))",
        "remove_spectral_norm": "sorted(t.nn.utils.remove_spectral_norm(t.nn.utils.spectral_norm(p.net)).state_dict())",
        "clip_grad": "t.nn.utils.clip_grad.clip_grad_norm_(p.net.parameters(), 1.0)",
        "convert_parameters": "t.nn.utils.convert_parameters.parameters_to_vector(p.net.parameters())",
        "rnn": "t.nn.utils.rnn.pad_sequence(p.sequences)",
    },
    "nn.utils.rnn": {
        "pad_sequence": "R.pad_sequence(p.sequences), R.pad_sequence(p.sequences, True, -1.0), "
        "R.pad_sequence(p.sequences, padding_side='left')",
        "unpad_sequence": "R.unpad_sequence(R.pad_sequence(p.sequences), t.tensor([2, 4, 1]))",
        "pack_sequence": "tuple(R.pack_sequence(p.sequences, enforce_sorted=False))",
        "unpack_sequence": "R.unpack_sequence(R.pack_sequence(p.sequences, enforce_sorted=False))",
        "pack_padded_sequence": "tuple(R.pack_padded_sequence(R.pad_sequence(p.sequences, True), [2, 4, 1], True, "
        "False))",
        "pad_packed_sequence": "R.pad_packed_sequence(R.pack_sequence(p.sequences, False), True, -2.0, 6)",
        "PackedSequence": "(lambda s: (s.data, s.batch_sizes, s.sorted_indices, s.unsorted_indices, "
        "isinstance(s, R.PackedSequence), s.to(t.float64).data))(R.pack_sequence(p.sequences, False))",
        "invert_permutation": "R.invert_permutation(t.tensor([2, 0, 1])), R.invert_permutation(None)",
    },
    "utils.data": {
        "Dataset": "(lambda cls: len(cls() + cls()))(type('Two', (D.Dataset,), {'__len__': lambda s: 2, "
        "'__getitem__': lambda s, i: i}))",
        "IterableDataset": "list(D.DataLoader(type('Count', (D.IterableDataset,), "
        "{'__iter__': lambda s: iter(range(5))})(), "
        "2))",
        "TensorDataset": "(lambda d: (d[3], len(d), d[1:3]))(D.TensorDataset(t.arange(10.0).reshape(5, 2), "
        "t.arange(5)))",
        "StackDataset": "D.StackDataset(p.pairs, [5, 6, 7, 8, 9])[1], D.StackDataset(a=range(3))[2]",
        "ConcatDataset": "(lambda d: (len(d), d[6], d[-1], d.cumulative_sizes))(D.ConcatDataset([p.pairs, p.pairs]))",
        "ChainDataset": "list(D.ChainDataset([type('C', (D.IterableDataset,), "
        "{'__iter__': lambda s: iter(range(2))})()] * 2))",
        "Subset": "(lambda d: (len(d), d[1]))(D.Subset(p.pairs, [4, 2]))",
        "random_split": "sorted(i for part in D.random_split(range(10), [0.25, 0.75]) for i in part), "
        "[len(part) for part in D.random_split(range(10), [0.25, 0.25, 0.5])]",
        "Sampler": "list(type('Back', (D.Sampler,), {'__iter__': lambda s: iter([2, 0])})()), "
        "issubclass(D.RandomSampler, "
        "D.Sampler)",
        "SequentialSampler": "list(D.SequentialSampler(range(4)))",
        "RandomSampler": "sorted(D.RandomSampler(range(5))), len(D.RandomSampler(range(5), True, 12)), "
        "len(list(D.RandomSampler(range(5), num_samples=12)))",
        "SubsetRandomSampler": "sorted(D.SubsetRandomSampler([7, 3, 5]))",
        "WeightedRandomSampler": "list(D.WeightedRandomSampler([0.0, 3.0, 0.0], 4)), "
        "sorted(D.WeightedRandomSampler([1.0, 0.0, 2.0], 2, replacement=False))",
        "BatchSampler": "list(D.BatchSampler(range(7), 3, False)), list(D.BatchSampler(range(7), 3, True))",
        "DataLoader": "list(D.DataLoader(p.pairs, 2)), len(D.DataLoader(p.pairs, 2, drop_last=True)), "
        "list(D.DataLoader(p.pairs, batch_size=None))[4], list(D.DataLoader(range(4), 2, collate_fn=list))",
        "default_collate": "D.default_collate([{'a': 1, 'b': (2.0, 'x')}, {'a': 3, 'b': (4.0, 'y')}]), "
        "D.default_collate([np.ones(2), np.zeros(2)])",
        "default_convert": "D.default_convert([np.arange(2), 'x', {'a': 1}])",
        "get_worker_info": "D.get_worker_info()",
    },
    "random": {
        "manual_seed": "t.random.manual_seed(5).initial_seed()",
        "initial_seed": "(t.manual_seed(7), t.random.initial_seed())[1]",
        "seed": "(lambda s: s == t.random.initial_seed())(t.random.seed())",
        "get_rng_state": "(lambda s: (t.rand(3), t.random.set_rng_state(s), t.rand(3)))(t.random.get_rng_state())[1]",
        "set_rng_state": "(lambda s: (lambda a: (t.random.set_rng_state(s), (a == t.rand(3)).all())[1])(t.rand(3)))("
        "t.random.get_rng_state())",
        "default_generator": "(t.manual_seed(9), t.random.default_generator.initial_seed())[1]",
        "fork_rng": "(lambda m: (t.manual_seed(1), m.__enter__(), t.manual_seed(2), m.__exit__(None, None, None), "
        "t.initial_seed())[-1])(t.random.fork_rng())",
    },
    "serialization": {
        "save": "(t.save({'w': t.arange(3)}, path), t.load(path))[1]",
        "load": "(t.save([t.ones(2), {'a': 1.5, 'b': None}], path), t.load(path, map_location='cpu', "
        "weights_only=True))[1]",
        "get_safe_globals": "(S.clear_safe_globals(), S.add_safe_globals([complex]), S.get_safe_globals())[-1]",
        "add_safe_globals": "(S.clear_safe_globals(), S.add_safe_globals([p.__class__]), "
        "len(S.get_safe_globals()))[-1]",
        "clear_safe_globals": "(S.add_safe_globals([complex]), S.clear_safe_globals(), S.get_safe_globals())[-1]",
        "safe_globals": "(S.clear_safe_globals(), (lambda m: (m.__enter__(), S.get_safe_globals(), "
        "m.__exit__(None, None, None), S.get_safe_globals())[1::2])(S.safe_globals([complex])))[1]",
    },
    "optim.swa_utils": {
        "AveragedModel": "(lambda a: (a.update_parameters(p.net), a.n_averaged, "
        "a.module.weight))(W.AveragedModel(p.net))",
        "SWALR": "(lambda o: (lambda s: [(o.step(), s.step(), o.param_groups[0]['lr'])[2] for _ in range(6)])("
        "W.SWALR(o, swa_lr=0.05, anneal_epochs=4)))(t.optim.SGD(p.net.parameters(), lr=0.5))",
        "get_swa_avg_fn": "W.get_swa_avg_fn()(t.tensor([1.0]), t.tensor([4.0]), t.tensor(2))",
        "get_ema_avg_fn": "W.get_ema_avg_fn(0.9)(t.tensor([1.0]), t.tensor([4.0]), t.tensor(2))",
        "get_swa_multi_avg_fn": "(lambda a: (W.get_swa_multi_avg_fn()([a], [t.tensor([4.0])], t.tensor(2)), a))("
        "t.tensor([1.0]))",
        "get_ema_multi_avg_fn": "(lambda a: (W.get_ema_multi_avg_fn(0.9)([a], [t.tensor([4.0])], 2), "
        "a))(t.tensor([1.0]))",
        "update_bn": "(lambda b: (W.update_bn([t.arange(6.0).reshape(3, 2), t.ones(3, 2)], b), b.running_mean, "
        "b.running_var, b.momentum))(t.nn.BatchNorm1d(2))",
    },
}  # fmt: skip

# name: the expression, and its result (floats within 1e-6)
OWN: dict[str, dict[str, tuple[str, Any]]] = {
    "train": {
        "Metric": ("p.metric(type('Largest', (T.Metric,), {'measure': lambda s, o, y: (o.max().item(), 1)})(), "
                   "([1.0, 3.0], [0.0]), ([5.0], [0.0]))", 4.0),
        "Mean": ("p.metric(T.Mean(lambda o, y: (o - y).abs().max()), ([1.0, 4.0], [1.0, 1.0]), ([1.0], [1.0]))", 2.0),
        "Accuracy": ("p.metric(T.Accuracy(), ([[0.0, 1.0], [2.0, 1.0]], [1, 1]), ([[0.0, 1.0]], [1]))", 2 / 3),
        "BinaryAccuracy": ("p.metric(T.BinaryAccuracy(), ([0.9, 0.2, 0.4], [1.0, 0.0, 1.0])), "
                           "p.metric(T.BinaryAccuracy(0.3), ([0.9, 0.2, 0.4], [1.0, 0.0, 1.0]))", (2 / 3, 1.0)),
        "BinaryAccuracyWithLogits": ("p.metric(T.BinaryAccuracyWithLogits(), ([0.9, -0.2, 0.4, 0.1], [1.0, 0.0, 0.0, "
        "0.0]))",
                                     0.5),
        "MAE": ("p.metric(T.MAE(), ([1.0, -3.0], [0.0, 1.0]), ([2.0], [1.0]))", 2.0),
        "MSE": ("p.metric(T.MSE(), ([1.0, -3.0], [0.0, 1.0]), ([2.0], [1.0]))", 6.0),
        "RMSE": ("p.metric(T.RMSE(), ([3.0], [0.0]), ([4.0], [0.0]))", 12.5**0.5),
        # each step halves what is missing of w = 1, and the loss is its square, measured before the step
        "fit": ("p.fit()['loss']", [1.0, 0.25, 0.0625]),
        "History": ("(lambda h: (isinstance(h, T.History), len(h), h.best('loss')['epoch'], h[0]['loss']))(p.fit())",
                    (True, 3, 3, 1.0)),
        "Schedule": ("p.fit(lambda o: T.Schedule(t.optim.lr_scheduler.StepLR(o, 1, 0.5)))['lr']",
                     [0.25, 0.125, 0.0625]),
        # 1.0, 0.25, two that are borne, and one more
        "EarlyStopping": ("len(p.fit(T.EarlyStopping('loss', patience=2, min_delta=0.5), epochs=20))", 5),
        "SaveBest": ("(p.fit(T.SaveBest(path, 'loss')), t.load(path)['weight'].item())[1]", 0.875),
        "CSVLog": ("(p.fit(T.CSVLog(path)), open(path).read().splitlines()[0].split(',')[:2], "
                   "len(open(path).read().splitlines()))[1:]", (["epoch", "loss"], 4)),
        "JSONLog": ("(p.fit(T.JSONLog(path)), [json.loads(line)['loss'] for line in open(path)])[1]",
                    [1.0, 0.25, 0.0625]),
        "Callback": ("(lambda seen: (p.fit(type('Note', (T.Callback,), {'on_batch_end': lambda s, run: "
                     "seen.append(run.epoch)})()), seen)[1])([])", [1, 2, 3]),
        "Run": ("(lambda seen: (p.fit(type('Note', (T.Callback,), {'on_fit_end': lambda s, run: seen.append("
                "isinstance(run, T.Run))})()), seen)[1])([])", [True]),
        "Progress": ("(lambda out: (T.fit(p.net, [(t.ones(1, 2), t.ones(1, 3))], t.nn.MSELoss(), "
                     "t.optim.SGD(p.net.parameters(), 0.1), epochs=1, progress=False, callbacks=[T.Progress(out)]), "
                     "'epoch 1/1' in out.getvalue())[1])(io.StringIO())", True),
        "evaluate": ("T.evaluate(p.net, [(t.zeros(1, 2), t.zeros(1, 3))], t.nn.MSELoss(), ['mae'])",
                     {"loss": 0.16416667, "mae": 0.35}),
        "predict": ("T.predict(p.net, [t.zeros(2, 2), t.ones(1, 2)]).shape", (3, 3)),
    },
    "vision.utils": {
        "make_grid": ("(lambda g: (g.shape, g[0, 0, 0].item(), g[0, 1, 1].item(), g[0, 1, 4].item()))("
                      "V.make_grid(t.arange(3.0).reshape(3, 1, 1, 1).expand(3, 1, 2, 2), nrow=2, padding=1, "
        "pad_value=9.0))",
                      ((3, 7, 7), 9.0, 0.0, 1.0)),
        "save_image": ("(V.save_image(t.tensor([[[0.0, 1.0, 0.5]]]), path + '.png'), "
                       "list(PIL.open(path + '.png').convert('L').tobytes()))[1]", [0, 255, 128]),
    },
    "vision.datasets": {
        "moons": ("(lambda x, y: (x.shape, y.bincount(), x[y == 0].norm(dim=1).std().item() < 1e-6))("
                  "*V.moons(20, noise=0.0))", ((20, 2), [10, 10], True)),
        "circles": ("(lambda x, y: (x[y == 0].norm(dim=1).mean().item(), x[y == 1].norm(dim=1).mean().item()))("
                    "*V.circles(20, noise=0.0))", (1.0, 0.5)),
        "spiral": ("(lambda x, y: (x.shape, y.bincount(), x.norm(dim=1).max().item()))(*V.spiral(30, noise=0.0))",
                   ((30, 2), [10, 10, 10], 1.0)),
        "xor": ("(lambda x, y: ((x[:, 0] * x[:, 1] < 0) == (y == 1)).all().item())(*V.xor(40))", True),
        "regression": ("(lambda x, y: (x.shape, y.shape))(*V.regression(7)[:2])", ((7, 3), (7, 1))),
        "toy": ("V.toy.xor is V.xor", True),
        "johnson_johnson": ("V.johnson_johnson()[:3]", [0.71, 0.63, 0.85]),
        "Digits": ("(lambda d: (len(d), d.targets[:4], d.data[0].sum().item()))(V.Digits(train=False))",
                   (360, [2, 3, 4, 5], 5530)),
        "VisionDataset": ("repr(type('Mine', (V.VisionDataset,), {'__len__': lambda s: 3})('here')).splitlines()",
                          ["Dataset Mine", "    Number of datapoints: 3", "    Root location: here"]),
        "idx": ("(open(path, 'wb').write(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9])), V.idx.read(path).tolist())[1]",
                [7, 9]),
    },
}  # fmt: skip
