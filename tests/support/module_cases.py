"""Cases for names whose own tables cannot hold them: containers, chance, recurrent layers, pictures, settings.

Two tables in the form of `support.surface_cases`. The rooms have tables elsewhere too (see COMPLETE in
repo/test_every_name.py), which with these are whole; `torch` stands for the functions and for Tensor's methods.
"""

from __future__ import annotations

from typing import Any

__all__ = ["BESIDE_MORE", "OWN_MORE"]

CHAIN = "t.nn.Linear(2, 3), t.nn.Tanh(), t.nn.Linear(3, 1)"
RECURRENT = "2, 3, num_layers=2, bidirectional=True, batch_first=True"
ENCODER = "t.nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True)"
DECODER = "t.nn.TransformerDecoderLayer(4, 2, 6, dropout=0.0, batch_first=True)"
MIXTURE = "t.distributions.Categorical(p.shares), t.distributions.Normal(t.arange(4.0).double(), p.shares)"


def _drops(name: str, *shape: int) -> str:
    """Ones are dropped or doubled, a channel as a whole; nothing is done in eval mode, or for p = 0."""
    return (
        f"(lambda y: (y.min(1)[0].equal(y.max(1)[0]), 30 < (y[:, 0] == 0).sum().item() < 70, y.unique()))("
        f"t.nn.{name}(0.5)(t.ones{(*shape,)}).reshape(100, -1)), "
        f"[t.nn.{name}(0.5).eval()(p.ramp{shape}), t.nn.{name}(0.0)(p.ramp{shape})]"
    )


BESIDE_MORE: dict[str, dict[str, str]] = {
    "nn": {
        "Buffer": "(lambda m: (setattr(m, 'b', t.nn.Buffer(t.ones(2))), sorted(m.state_dict())))(t.nn.Linear(1, 1))",
        "Parameter": "(lambda m: (setattr(m, 'w', t.nn.Parameter(t.ones(2))), sorted(m.state_dict())))(t.nn.Module())",
        "UninitializedBuffer": "type(t.nn.UninitializedBuffer()).__name__",
        "UninitializedParameter": "type(t.nn.LazyLinear(2).weight) is t.nn.UninitializedParameter",
        "functional": "t.nn.functional.relu(p.ramp(3))",
        "grad": "t.nn.grad.conv1d_input((1, 1, 4), p.ramp(1, 1, 2), p.ramp(1, 1, 3))",
        "init": "t.nn.init.eye_(t.empty(2, 2))",
        "modules": "t.nn.modules.linear.Linear is t.nn.Linear",
        "parallel": "t.nn.parallel.DataParallel is t.nn.DataParallel",
        "parameter": "t.nn.parameter.Parameter is t.nn.Parameter",
        "utils": "t.nn.utils.parameters_to_vector(p.net.parameters())",
        "Module": "p.passes(type('Twice', (t.nn.Module,), {'__init__': lambda s: (t.nn.Module.__init__(s), "
        "setattr(s, 'a', t.nn.Linear(2, 2)))[0], 'forward': lambda s, x: s.a(s.a(x))})(), p.ramp(3, 2))",
        "Sequential": f"p.passes(t.nn.Sequential({CHAIN}), p.ramp(4, 2)), repr(t.nn.Sequential({CHAIN})[:2])",
        "ModuleList": "(lambda m: (m.append(t.nn.ReLU()), len(m), sorted(m.state_dict()), repr(m)))("
        "t.nn.ModuleList([t.nn.Linear(1, 2), t.nn.Linear(2, 1)]))[1:]",
        "ModuleDict": "(lambda m: (m.update({'c': t.nn.ReLU()}), list(m), sorted(m.state_dict()), 'b' in m, repr(m)))("
        "t.nn.ModuleDict({'a': t.nn.Linear(1, 2), 'b': t.nn.Tanh()}))[1:]",
        "ParameterList": "(lambda m: (m.append(t.ones(1)), len(m), sorted(m.state_dict()), repr(m)))("
        "t.nn.ParameterList([t.nn.Parameter(t.ones(2, 3))]))[1:]",
        "ParameterDict": "(lambda m: (list(m), sorted(m.state_dict()), m.pop('a'), len(m), repr(m)))("
        "t.nn.ParameterDict({'a': t.nn.Parameter(t.ones(2)), 'b': t.zeros(1)}))",
        "Dropout": _drops("Dropout", 100, 1),
        "Dropout1d": _drops("Dropout1d", 1, 100, 5),
        "Dropout2d": _drops("Dropout2d", 1, 100, 2, 2),
        "Dropout3d": _drops("Dropout3d", 1, 100, 2, 2, 2),
        "AlphaDropout": "p.near(t.nn.AlphaDropout(0.3)(t.randn(200, 200)), 0, 1), "
        "t.nn.AlphaDropout().eval()(p.ramp(5))",
        "FeatureAlphaDropout": "p.near(t.nn.FeatureAlphaDropout(0.3)(t.randn(200, 400, 2)), 0, 1), "
        "t.nn.FeatureAlphaDropout().eval()(p.ramp(1, 2, 3))",
        "DataParallel": "p.passes(t.nn.DataParallel(t.nn.Linear(2, 3)), p.ramp(4, 2))[0]",
        **{name: f"p.passes(t.nn.{name}({RECURRENT}), p.ramp(2, 4, 2))" for name in ("RNN", "LSTM", "GRU")},
        "RNNBase": "sorted(t.nn.RNNBase('LSTM', 2, 3).state_dict()), isinstance(t.nn.GRU(1, 1), t.nn.RNNBase)",
        **{name: f"p.passes(t.nn.{name}(2, 3), p.ramp(4, 2))" for name in ("RNNCell", "LSTMCell", "GRUCell")},
        "RNNCellBase": "issubclass(t.nn.GRUCell, t.nn.RNNCellBase)",
        "MultiheadAttention": "p.passes(t.nn.MultiheadAttention(4, 2), *[p.ramp(3, 2, 4)] * 3), "
        "p.passes(t.nn.MultiheadAttention(4, 2, kdim=3, vdim=5, batch_first=True), p.ramp(2, 3, 4), p.ramp(2, 5, 3), "
        "p.ramp(2, 5, 5))",
        "Transformer": "p.passes(t.nn.Transformer(4, 2, 1, 1, 6, dropout=0.0), p.ramp(3, 2, 4), p.ramp(2, 2, 4))",
        "TransformerEncoder": f"p.passes(t.nn.TransformerEncoder({ENCODER}, 2), p.ramp(2, 3, 4))",
        "TransformerEncoderLayer": f"p.passes({ENCODER}, p.ramp(2, 3, 4)), p.passes(t.nn.TransformerEncoderLayer("
        "4, 1, 6, 0.0, 'gelu', norm_first=True), p.ramp(2, 3, 4))",
        "TransformerDecoder": f"p.passes(t.nn.TransformerDecoder({DECODER}, 2), p.ramp(2, 3, 4), p.ramp(2, 5, 4))",
        "TransformerDecoderLayer": f"p.passes({DECODER}, p.ramp(2, 3, 4), p.ramp(2, 5, 4))",
    },
    "nn.functional": {
        # PyTorch's derivative is that of a loss behind log_softmax
        "ctc_loss": "p.run(lambda x: t.nn.functional.ctc_loss(x.log_softmax(2), t.tensor([[1, 2], [3, 3]]), "
        "t.tensor([5, 4]), t.tensor([2, 1])), p.ramp(5, 2, 4).double()), t.nn.functional.ctc_loss("
        "p.ramp(3, 1, 3).log_softmax(2), t.tensor([1, 2]), (3,), (2,), blank=0, reduction='none', zero_infinity=True)",
        "multi_head_attention_forward": "p.run(lambda q, w: t.nn.functional.multi_head_attention_forward(q, q, q, 4, "
        "2, w, None, None, None, False, 0.0, w[:4], None, training=False), p.ramp(3, 2, 4).double(), "
        "p.ramp(12, 4).double())",
    },
    "distributions": {
        "Distribution": "p.refusal(lambda: t.distributions.Distribution().sample()), "
        "isinstance(t.distributions.Normal(0.0, 1.0), t.distributions.Distribution)",
        "Independent": "(lambda d: (d.log_prob(p.shares), d.entropy(), d.event_shape, d.batch_shape, d.mean))("
        "t.distributions.Independent(t.distributions.Normal(p.shares, 1.0), 1))",
        "MixtureSameFamily": f"(lambda d: (p.run(d.log_prob, p.leaf(0.5)), d.mean, d.variance, d.cdf(p.leaf(0.5))))("
        f"t.distributions.MixtureSameFamily({MIXTURE}))",
        "constraints": "t.distributions.constraints.positive.check(p.edges)",
        "kl_divergence": "p.run(lambda a: t.distributions.kl_divergence(t.distributions.Normal(a, 1.0), "
        "t.distributions.Normal(0.0, 2 * a)), p.shares), p.refusal(lambda: t.distributions.kl_divergence("
        "t.distributions.Normal(0.0, 1.0), t.distributions.Bernoulli(0.5)))",
        "register_kl": "(lambda A: (t.distributions.register_kl(A, A)(lambda a, b: 'ours'), "
        "t.distributions.kl_divergence(A(0.0, 1.0), A(0.0, 1.0))))(type('A', (t.distributions.Normal,), {}))[1]",
    },
    "optim": {
        "LBFGS": "(lambda x: (lambda o: ([o.step(lambda: (o.zero_grad(), (lambda l: (l.backward(), l)[1])("
        "((x - t.tensor([1.0, 2.0]).double()) ** 4).sum()))[1]).item() for _ in range(3)], x.detach()))("
        "t.optim.LBFGS([x], lr=0.5)))(p.leaf(0.0, 0.0))",
        "Optimizer": "issubclass(t.optim.SGD, t.optim.Optimizer), p.refusal(lambda: t.optim.Optimizer([], {}))",
        "lr_scheduler": "t.optim.lr_scheduler.StepLR(t.optim.SGD([p.leaf(1.0)], lr=0.5), 1).get_last_lr()",
    },
    "optim.lr_scheduler": {
        "LRScheduler": "isinstance(t.optim.lr_scheduler.StepLR(t.optim.SGD([p.leaf(1.0)], lr=0.5), 1), "
        "t.optim.lr_scheduler.LRScheduler)",
        "ReduceLROnPlateau": "(lambda o: (lambda s: [(s.step(v), o.param_groups[0]['lr'])[1] for v in (1.0, 0.5, 0.5, "
        "0.49999, 0.6, 0.1)])(t.optim.lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=1)))("
        "t.optim.SGD([p.leaf(1.0)], lr=1.0))",
    },
    "torch": {
        "backward": "(lambda x: ((x * x).backward(t.tensor([1.0, 2.0]).double()), x.grad))(p.leaf(3.0, 4.0))",
        "register_hook": "(lambda x: (x.register_hook(lambda g: g * 5), x.sum().backward(), x.grad)[2])(p.leaf(1.0))",
        "register_post_accumulate_grad_hook": "(lambda x: (x.register_post_accumulate_grad_hook(lambda w: setattr(w, "
        "'grad', None)), x.sum().backward(), x.grad)[2])(p.leaf(1.0))",
        "qr": "p.tall.qr()[1].abs(), t.qr(p.tall)[0].abs()",
        "svd": "p.tall.svd()[1], (lambda u, s, v: (u * s) @ v.T)(*t.svd(p.tall))",
        "trapezoid": "p.run(t.trapezoid, p.tall), t.trapezoid(p.tall, dx=0.5, dim=0), t.trapezoid(p.shares, p.shares)",
        "trapz": "t.trapz(p.tall), t.trapz(p.shares, p.shares * 2)",
        "cumulative_trapezoid": "p.run(t.cumulative_trapezoid, p.tall), t.cumulative_trapezoid(p.tall, dx=2.0, dim=0)",
        "sinc": "p.run(t.sinc, p.leaf(0.0, 0.5, -1.25))",
        "pdist": "t.nn.functional.pdist(p.tall), t.pdist(p.tall, 1.0)",
        "vander": "t.vander(p.shares), t.vander(p.shares, 3, increasing=True)",
        "gcd": "t.gcd(t.tensor([12, 7, 0]), t.tensor([18, 21, 5]))",
        "lcm": "t.lcm(t.tensor([12, 7, 0]), t.tensor([18, 21, 5]))",
        "ldexp": "p.run(lambda x: t.ldexp(x, t.tensor([1.0, -2.0, 0.0, 3.0])), p.shares)",
        "is_signed": "t.ones(1).is_signed(), [t.ones(1, dtype=t.uint8).is_signed()]",
        "logspace": "t.logspace(-1, 2, 4), t.logspace(0, 3, 4, base=2.0)",
        "scalar_tensor": "t.scalar_tensor(2.5), t.scalar_tensor(3, dtype=t.int64)",
        "renorm": "p.run(lambda x: t.renorm(x, 2, 0, 1.5), p.tall)",
        "renorm_": "p.tall.renorm_(1, 1, 2.0)",
        "mvlgamma": "p.run(lambda x: t.mvlgamma(x + 1, 2), p.shares)",
        "mvlgamma_": "(p.shares + 1).mvlgamma_(2)",
        "apply_": "p.tall.apply_(lambda v: v + 1)",
        "map_": "p.tall.map_(p.tall, lambda a, b: a * b)",
        "map2_": "p.tall.map2_(p.tall, p.tall, lambda a, b, c: a * b - c)",
        "sum_to_size": "p.run(lambda x: x.sum_to_size(1, 3), p.tall)",
        "unravel_index": "t.unravel_index(t.tensor([5, 11]), (3, 4))",
        "celu": "p.run(lambda x: t.celu(x, 0.5), p.square)",
        "celu_": "t.celu_(p.square)",
        "cosine_similarity": "p.run(t.cosine_similarity, p.square, p.positive), "
        "t.cosine_similarity(p.square, p.positive, dim=0)",
        "pairwise_distance": "p.run(t.pairwise_distance, p.square, p.positive)",
        "selu": "p.run(t.selu, p.square)",
        "selu_": "t.selu_(p.square)",
        "bilinear": "p.run(lambda a, b, w: t.bilinear(a, b, w, None), p.square, p.tall[:3, :2], "
        "p.ramp(2, 3, 2).double())",
        "rrelu": "t.rrelu(p.square, training=False), t.rrelu(p.square, 0.25, 0.25, training=True)",
        "rrelu_": "t.rrelu_(p.square, 0.25, 0.25)",
        "threshold_": "t.threshold_(p.square, 0.5, -1.0)",
        "numpy": "p.tall.numpy().sum(), t.ones(2, requires_grad=True).numpy(force=True).tolist()",
        "frombuffer": "t.frombuffer(bytearray(b'\\x01\\x02\\x03'), dtype=t.uint8, offset=1)",
        "from_dlpack": "t.from_dlpack(np.arange(3.0))",
        "from_numpy": "(lambda a: (lambda x: (a.fill(7), x))(t.from_numpy(a)))(np.zeros(2))[1]",
        "untyped_storage": "p.tall.untyped_storage().nbytes(), "
        "(lambda x: x.untyped_storage().data_ptr() == x.data_ptr())(p.tall)",
        "data_ptr": "(lambda x: x[1:].data_ptr() - x.data_ptr())(p.tall)",
        "is_shared": "[p.tall.is_shared()]",
        "get_float32_matmul_precision": "t.get_float32_matmul_precision()",
        "set_float32_matmul_precision": "(t.set_float32_matmul_precision('high'), t.get_float32_matmul_precision(), "
        "t.set_float32_matmul_precision('highest'))[1]",
        "get_num_interop_threads": "t.get_num_interop_threads() > 0",
        "set_num_interop_threads": "p.refusal(lambda: t.set_num_interop_threads(-1))",
        "get_num_threads": "t.get_num_threads() > 0",
        "set_num_threads": "(lambda n: (t.set_num_threads(1), t.get_num_threads(), t.set_num_threads(n)))("
        "t.get_num_threads())[1], p.refusal(lambda: t.set_num_threads(0))",
        "get_rng_state": "t.get_rng_state().dtype == t.uint8",
        "set_rng_state": "(lambda s: (lambda a: (t.set_rng_state(s), (a == t.rand(3)).all().item()))(t.rand(3)))("
        "t.get_rng_state())[1]",
        "manual_seed": "t.manual_seed(3).initial_seed(), (t.rand(2) != t.rand(2)).any().item()",
        "seed": "t.seed() == t.initial_seed()",
        "initial_seed": "(t.manual_seed(11), t.initial_seed())[1]",
        "bernoulli": "t.bernoulli(t.tensor([0.0, 1.0])), 400 < t.bernoulli(t.full((1000,), 0.5)).sum().item() < 600, "
        "p.refusal(lambda: t.bernoulli(t.tensor([1.5])))",
        "multinomial": "t.multinomial(t.tensor([0.0, 1.0, 0.0]), 3, replacement=True), "
        "t.multinomial(t.tensor([1.0, 0.0, 2.0]), 2).sort()[0], p.refusal(lambda: t.multinomial(t.ones(2), 3))",
        "are_deterministic_algorithms_enabled": "[t.are_deterministic_algorithms_enabled()]",
        "use_deterministic_algorithms": "(t.use_deterministic_algorithms(True), "
        "t.are_deterministic_algorithms_enabled(), t.use_deterministic_algorithms(False))[1]",
        "get_default_device": "str(t.get_default_device())",
        "set_default_device": "(t.set_default_device('cpu'), t.ones(1).device.type, t.set_default_device(None))[1], "
        "p.refusal(lambda: t.set_default_device('nowhere'))",
        "get_default_dtype": "str(t.get_default_dtype())",
        "set_default_dtype": "(t.set_default_dtype(t.float64), t.ones(1), t.set_default_dtype(t.float32))[1], "
        "p.refusal(lambda: t.set_default_dtype(t.int64))",
        "set_default_tensor_type": "(t.set_default_tensor_type(t.DoubleTensor), t.ones(1), "
        "t.set_default_tensor_type(t.FloatTensor))[1]",
        "set_printoptions": "(t.set_printoptions(precision=2), repr(t.tensor([1 / 3])), "
        "t.set_printoptions(profile='default'), repr(t.tensor([1 / 3])))[1::2]",
        "is_grad_enabled": "t.is_grad_enabled(), [p.inside(t.no_grad(), t.is_grad_enabled)]",
        "is_inference_mode_enabled": "p.inside(t.inference_mode(), t.is_inference_mode_enabled), "
        "[t.is_inference_mode_enabled()]",
        "is_anomaly_enabled": "p.inside(t.autograd.detect_anomaly(), t.is_anomaly_enabled), [t.is_anomaly_enabled()]",
        "is_anomaly_check_nan_enabled": "[p.inside(t.autograd.detect_anomaly(check_nan=False), "
        "t.is_anomaly_check_nan_enabled)]",
        "is_inference": "p.inside(t.inference_mode(), lambda: t.ones(1)).is_inference(), [t.ones(1).is_inference()]",
        "save": "(t.save(p.tall, path), t.load(path))[1]",
        "load": "(t.save({'a': p.tall}, path), t.load(path)['a'])[1], p.refusal(lambda: t.load(path + 'x'))",
        "conv1d": "p.run(lambda x, w: t.conv1d(x, w, padding='same'), p.ramp(2, 2, 5), p.ramp(3, 2, 3))",
        "conv2d": "p.run(lambda x, w: t.conv2d(x, w, stride=2, padding=1), p.ramp(2, 2, 5, 5), p.ramp(3, 2, 3, 3))",
        "conv3d": "p.run(lambda x, w: t.conv3d(x, w), p.ramp(1, 2, 3, 3, 3), p.ramp(2, 2, 2, 2, 2))",
        "conv_transpose1d": "p.run(lambda x, w: t.conv_transpose1d(x, w, stride=2), p.ramp(2, 2, 4), p.ramp(2, 3, 3))",
        "conv_transpose2d": "p.run(lambda x, w: t.conv_transpose2d(x, w, stride=2, output_padding=1), "
        "p.ramp(1, 2, 3, 3), p.ramp(2, 3, 2, 2))",
        "conv_transpose3d": "p.run(lambda x, w: t.conv_transpose3d(x, w), p.ramp(1, 2, 2, 2, 2), "
        "p.ramp(2, 1, 2, 2, 2))",
        "avg_pool1d": "p.run(lambda x: t.avg_pool1d(x, 3, 2, 1), p.ramp(2, 2, 7))",
        "adaptive_avg_pool1d": "p.run(lambda x: t.adaptive_avg_pool1d(x, 3), p.ramp(2, 2, 7))",
        "adaptive_max_pool1d": "t.adaptive_max_pool1d(p.ramp(2, 2, 7), 3)",
        "max_pool1d": "p.run(lambda x: t.max_pool1d(x, 3, 2), p.ramp(2, 2, 7))",
        "max_pool2d": "p.run(lambda x: t.max_pool2d(x, 2), p.ramp(2, 2, 5, 5))",
        "max_pool3d": "p.run(lambda x: t.max_pool3d(x, 2), p.ramp(1, 2, 4, 4, 4))",
        "channel_shuffle": "t.channel_shuffle(p.ramp(1, 4, 2, 2), 2)",
        "pixel_shuffle": "p.run(lambda x: t.pixel_shuffle(x, 2), p.ramp(1, 4, 2, 2))",
        "pixel_unshuffle": "p.run(lambda x: t.pixel_unshuffle(x, 2), p.ramp(1, 1, 4, 4))",
    },
}  # fmt: skip

IMAGE = "t.tensor([[[0.0, 0.25, 0.5], [0.75, 1.0, 0.125]]])"  # (1, 2, 3)
COLOUR = "t.tensor([[[0.5]], [[0.25]], [[1.0]]])"  # one pixel
OWN_MORE: dict[str, dict[str, tuple[str, Any]]] = {
    "vision.transforms.functional": {
        "InterpolationMode": ("F.InterpolationMode.BILINEAR.value", "bilinear"),
        "adjust_brightness": (f"F.adjust_brightness({IMAGE}, 2.0)", [[[0.0, 0.5, 1.0], [1.0, 1.0, 0.25]]]),
        # 0.2989 r + 0.587 g + 0.114 b
        "adjust_contrast": (f"F.adjust_contrast({COLOUR}, 0.0).reshape(3)", [0.4102] * 3),
        "adjust_saturation": (f"F.adjust_saturation({COLOUR}, 0.5).reshape(3)", [0.4551, 0.3301, 0.7051]),
        "adjust_gamma": (f"F.adjust_gamma({IMAGE}, 2.0, 0.5)", [[[0.0, 0.03125, 0.125], [0.28125, 0.5, 0.0078125]]]),
        # a third of the circle: red to green
        "adjust_hue": ("F.adjust_hue(t.tensor([[[1.0]], [[0.0]], [[0.0]]]), 1 / 3).reshape(3).round(decimals=4)",
                       [0.0, 1.0, 0.0]),
        "affine": (f"F.affine({IMAGE}, 0.0, [1, 0], 1.0, [0.0, 0.0])", [[[0.0, 0.0, 0.25], [0.0, 0.75, 1.0]]]),
        "center_crop": (f"F.center_crop({IMAGE}, [2, 1])", [[[0.25], [1.0]]]),
        "convert_image_dtype": (f"F.convert_image_dtype({IMAGE}, t.uint8)", [[[0, 63, 127], [191, 255, 31]]]),
        "crop": (f"F.crop({IMAGE}, 1, 1, 1, 3)", [[[1.0, 0.125, 0.0]]]),
        "erase": (f"F.erase({IMAGE}, 0, 1, 2, 1, t.tensor(9.0))", [[[0.0, 9.0, 0.5], [0.75, 9.0, 0.125]]]),
        "five_crop": (f"[c.item() for c in F.five_crop({IMAGE}, 1)]", [0.0, 0.5, 0.75, 0.125, 0.25]),
        "gaussian_blur": ("F.gaussian_blur(t.ones(1, 3, 3), 3)", [[[1.0] * 3] * 3]),
        "get_dimensions": (f"F.get_dimensions({IMAGE})", [1, 2, 3]),
        "get_image_num_channels": (f"F.get_image_num_channels({COLOUR})", 3),
        "get_image_size": (f"F.get_image_size({IMAGE})", [3, 2]),
        "hflip": (f"F.hflip({IMAGE})", [[[0.5, 0.25, 0.0], [0.125, 1.0, 0.75]]]),
        "invert": (f"F.invert({IMAGE})", [[[1.0, 0.75, 0.5], [0.25, 0.0, 0.875]]]),
        "normalize": (f"F.normalize({IMAGE}, [0.5], [0.25])", [[[-2.0, -1.0, 0.0], [1.0, 2.0, -1.5]]]),
        "pad": (f"F.pad({IMAGE}, [1, 0], padding_mode='edge')[0, 0]", [0.0, 0.0, 0.25, 0.5, 0.5]),
        "pil_to_tensor": ("F.pil_to_tensor(PIL.new('L', (2, 1), 7))", [[[7, 7]]]),
        "resize": (f"F.resize({IMAGE}, [4, 6], F.InterpolationMode.NEAREST)[0, 1]", [0.0, 0.0, 0.25, 0.25, 0.5, 0.5]),
        "resized_crop": (f"F.resized_crop({IMAGE}, 0, 0, 2, 2, [1, 1], F.InterpolationMode.BILINEAR)", [[[0.5]]]),
        "rgb_to_grayscale": (f"F.rgb_to_grayscale({COLOUR}, 3).reshape(3)", [0.4102] * 3),
        "rotate": (f"F.rotate({IMAGE}, 180)", [[[0.125, 1.0, 0.75], [0.5, 0.25, 0.0]]]),
        "ten_crop": (f"[c.item() for c in F.ten_crop({IMAGE}, 1)]",
                     [0.0, 0.5, 0.75, 0.125, 0.25, 0.5, 0.0, 0.125, 0.75, 0.25]),
        "to_grayscale": ("F.to_grayscale(PIL.new('RGB', (1, 1), (255, 0, 0))).getpixel((0, 0))", 76),
        "to_pil_image": (f"list(F.to_pil_image({IMAGE}).tobytes())", [0, 63, 127, 191, 255, 31]),
        "to_tensor": ("F.to_tensor(np.array([[0, 255]], np.uint8))", [[[0.0, 1.0]]]),
        "vflip": (f"F.vflip({IMAGE})[0, 0]", [0.75, 1.0, 0.125]),
    },
    "optim": {
        "OPTIMIZERS": ("sorted(t.optim.OPTIMIZERS)[:3]", ["adadelta", "adagrad", "adam"]),
        "MinimizeResult": ("type(t.optim.minimize(lambda x: (x * x).sum(), [1.0])) is t.optim.MinimizeResult", True),
        "minimize": ("t.optim.minimize(lambda x: (x ** 2).sum(), [3.0, 4.0], 'sgd', lr=0.25, steps=1).x", [1.5, 2.0]),
    },
    "torch": {
        "draw_graph": ("'mul' in str(type(p.tall.draw_graph)) or callable(p.tall.draw_graph)", True),
        "get_backend": ("t.get_backend() in ('numpy', 'numba')", True),
        "set_backend": ("(lambda b: (t.set_backend('numpy'), t.get_backend(), t.set_backend(b)))(t.get_backend())[1]",
                        "numpy"),
        "get_matmul": ("isinstance(t.get_matmul(), str)", True),
        "set_matmul": ("p.refusal(lambda: t.set_matmul('nothing'))", "ValueError"),
        "load_ipython_extension": ("p.refusal(lambda: t.load_ipython_extension(1, 2, 3))", "TypeError"),
        "unload_ipython_extension": ("p.refusal(lambda: t.unload_ipython_extension(1, 2, 3))", "TypeError"),
        "pin_memory": ("p.tall.pin_memory().tolist() == p.tall.tolist() if t.cuda.is_available() else p.refusal("
                       "p.tall.pin_memory) in ('RuntimeError', 'no error')", True),
        "compile": ("t.compile(lambda x: x + 1)(t.ones(1))", [2.0]),
        "minimize": ("t.minimize(lambda x: ((x - 3) ** 2).sum(), t.zeros(1), steps=200).x.round(decimals=2)", [3.0]),
        "get_printoptions": ("sorted(t.get_printoptions())[:2]", ["edgeitems", "linewidth"]),
        "cuda": ("p.tall.cuda().is_cuda if t.cuda.is_available() else p.refusal(p.tall.cuda) == 'RuntimeError'", True),
        "set_": ("p.refusal(lambda: p.tall.set_(p.tall))", "NotImplementedError"),
        **{f"{name}_": (f"p.square.{name}_(1.0).tolist() == t.{name}(p.square, t.ones(1).double()).tolist()", True)
           for name in "logaddexp logaddexp2 maximum minimum fmax fmin".split()},
        "rsub_": ("p.square.rsub_(1.0)[0]", [-1.0, 2.0, 0.5]),
        "hardshrink_": ("p.square.hardshrink_(1.0)[0]", [2.0, 0.0, 0.0]),
    },
}  # fmt: skip
