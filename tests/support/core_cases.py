"""A case for every public name of the rooms under nn: derivatives, linear algebra, devices and settings.

Two tables in the form of `support.surface_cases`: BESIDE_CORE is evaluated by PyTorch too, OWN_CORE has its results
beside it.
"""

from __future__ import annotations

from typing import Any

__all__ = ["BESIDE_CORE", "OWN_CORE"]

ABSENT = "all_gather all_gather_object all_reduce all_to_all barrier broadcast broadcast_object_list "
ABSENT += "destroy_process_group gather get_backend get_rank get_world_size init_process_group irecv isend "
ABSENT += "monitored_barrier new_group recv reduce reduce_scatter scatter send ReduceOp"
DOUBLE = "type('Double', (t.autograd.Function,), {'forward': staticmethod(lambda ctx, x: x * 2), " \
         "'backward': staticmethod(lambda ctx, g: g * 20)}).apply"  # fmt: skip
# spoils what it saved: an in-place operation between the two passes
NAN = "p.refusal(lambda: (x := p.leaf(-1.0)).sqrt().sum().backward())"


def _once(wrapped: str) -> str:
    """Second derivatives through a function whose backward is `wrapped`."""
    return (
        "(lambda F, x: (lambda g: (g, g.requires_grad, p.refusal(lambda: g.sum().backward())))("
        "t.autograd.grad(F.apply(x).sum(), x, create_graph=True)[0]))(type('F', (t.autograd.Function,), {"
        "'forward': staticmethod(lambda ctx, x: (ctx.save_for_backward(x), x * x)[1]), "
        f"'backward': staticmethod({wrapped}(lambda ctx, g: 2 * g * ctx.saved_tensors[0]))}}), p.leaf(3.0))"
    )


BESIDE_CORE: dict[str, dict[str, str]] = {
    "autograd": {
        "Function": f"p.run({DOUBLE}, p.leaf(1.0, 2.0))",
        "GradcheckError": "p.refusal(lambda: t.autograd.gradcheck("
        f"{DOUBLE}, p.leaf(1.0, 2.0))), t.autograd.gradcheck.__globals__['GradcheckError'].__name__",
        "Variable": "t.autograd.Variable(t.ones(2), requires_grad=True).requires_grad, "
        "isinstance(t.ones(1), t.autograd.Variable)",
        "anomaly_mode": "p.inside(t.autograd.anomaly_mode.detect_anomaly(), t.is_anomaly_enabled), "
        "[t.is_anomaly_enabled()]",
        "backward": "(lambda x: (t.autograd.backward([x.sum(), x * 3], [None, t.ones(2)]), x.grad)[1])(p.leaf(1.0, "
        "2.0))",
        "detect_anomaly": f"(lambda m: (m.__enter__(), {NAN}, m.__exit__(None, None, None))[1])("
        "t.autograd.detect_anomaly())",
        "enable_grad": "p.inside(t.no_grad(), lambda: p.inside(t.autograd.enable_grad(), "
        "lambda: (p.leaf(1.0) * 2).requires_grad))",
        "function": "t.autograd.function.Function is t.autograd.Function",
        "functional": "t.autograd.functional.jacobian(lambda x: x**2, p.leaf(1.0, 2.0))",
        "grad": "(lambda x, y: t.autograd.grad((x * y).sum(), [x, y], grad_outputs=t.tensor(2.0).double()))("
        "p.leaf(1.0, 2.0), p.leaf(3.0, 5.0)), "
        "(lambda x, y: t.autograd.grad(x.sum(), [x, y], allow_unused=True)[1])(p.leaf(1.0), p.leaf(2.0)), "
        "(lambda x, y: p.refusal(lambda: t.autograd.grad(x.sum(), [y])))(p.leaf(1.0), p.leaf(2.0))",
        "grad_mode": "p.inside(t.autograd.grad_mode.no_grad(), lambda: [t.is_grad_enabled()])",
        "gradcheck": "t.autograd.gradcheck(lambda x, y: x * y.exp(), (p.leaf(1.0, 2.0), p.leaf(0.5))), "
        f"[t.autograd.gradcheck({DOUBLE}, p.leaf(1.0), raise_exception=False)]",
        "gradgradcheck": "t.autograd.gradgradcheck(lambda x: x**3, p.leaf(1.0, 2.0))",
        "graph": "isinstance((p.leaf(1.0) * 2).grad_fn, t.autograd.graph.Node)",
        "inference_mode": "p.inside(t.autograd.inference_mode(), lambda: (t.ones(1) * 2).is_inference())",
        "no_grad": "[p.inside(t.autograd.no_grad(), lambda: (p.leaf(1.0) * 2).requires_grad)]",
        "set_detect_anomaly": f"p.inside(t.autograd.set_detect_anomaly(True), lambda: {NAN}), [t.is_anomaly_enabled()]",
        "set_grad_enabled": "[p.inside(t.autograd.set_grad_enabled(on), lambda: (p.leaf(1.0) * 2).requires_grad) "
        "for on in (True, False)]",
    },
    "autograd.anomaly_mode": {
        "detect_anomaly": f"p.inside(t.autograd.anomaly_mode.detect_anomaly(), lambda: {NAN})",
        "set_detect_anomaly": "p.inside(t.autograd.anomaly_mode.set_detect_anomaly(True), "
        "lambda: t.is_anomaly_enabled())",
    },
    "autograd.function": {
        "Function": "p.refusal(lambda: t.autograd.function.Function.apply(p.leaf(1.0)))",
        "FunctionCtx": "(lambda seen: (type('F', (t.autograd.Function,), {'forward': staticmethod(lambda ctx, x: ("
        "seen.append(isinstance(ctx, t.autograd.function.FunctionCtx)), x)[1])}).apply(p.leaf(1.0)), seen)[1])([])",
        "once_differentiable": _once("t.autograd.function.once_differentiable") + ", " + _once(""),
    },
    "autograd.functional": {
        "jacobian": "t.autograd.functional.jacobian(lambda x, y: x * y.sum(), (p.leaf(1.0, 2.0), p.leaf(3.0)))",
        "hessian": "t.autograd.functional.hessian(lambda x: (x**3).sum() + x.prod(), p.leaf(1.0, 2.0, 3.0))",
        "vjp": "t.autograd.functional.vjp(lambda x: x.exp(), p.leaf(0.5, 1.0), t.tensor([1.0, 2.0]).double())",
        "jvp": "t.autograd.functional.jvp(lambda x: x.exp(), p.leaf(0.5, 1.0), t.tensor([1.0, 2.0]).double())",
        "hvp": "t.autograd.functional.hvp(lambda x: (x**3).sum(), p.leaf(0.5, 1.0), t.tensor([1.0, 2.0]).double())",
        "vhp": "t.autograd.functional.vhp(lambda x: (x**3).prod(), p.leaf(0.5, 1.0), t.tensor([1.0, 2.0]).double())",
    },
    "autograd.grad_mode": {
        "enable_grad": "p.inside(t.autograd.grad_mode.enable_grad(), t.is_grad_enabled)",
        "inference_mode": "p.inside(t.autograd.grad_mode.inference_mode(), t.is_inference_mode_enabled)",
        "no_grad": "[t.autograd.grad_mode.no_grad()(t.is_grad_enabled)()]",
        "set_grad_enabled": "[p.inside(t.autograd.grad_mode.set_grad_enabled(False), t.is_grad_enabled)]",
    },
    "autograd.gradcheck": {
        # (the function of that name hides the module, as in PyTorch)
        "GradcheckError": "issubclass(module('autograd.gradcheck').GradcheckError, RuntimeError)",
        "gradcheck": "module('autograd.gradcheck').gradcheck(lambda x: x.sin(), p.leaf(1.0, 2.0))",
        "gradgradcheck": "module('autograd.gradcheck').gradgradcheck(lambda x: x.sin(), p.leaf(1.0, 2.0))",
    },
    "autograd.graph": {
        "GradientEdge": "(lambda e: (isinstance(e, t.autograd.graph.GradientEdge), t.autograd.grad(e, e)))("
        "t.autograd.graph.get_gradient_edge((p.leaf(1.0, 2.0) * 2).sum()))",
        "Node": "isinstance((p.leaf(1.0) * 2).grad_fn, t.autograd.graph.Node)",
        "RemovableHandle": "(lambda x: (lambda h: (h.remove(), (x * 2).sum().backward(), x.grad))("
        "x.register_hook(lambda g: g * 0)))(p.leaf(1.0)), "
        "isinstance(p.leaf(1.0).register_hook(abs), t.autograd.graph.RemovableHandle)",
        "disable_saved_tensors_hooks": "p.inside(t.autograd.graph.disable_saved_tensors_hooks('not here'), "
        "lambda: p.refusal(lambda: t.autograd.graph.saved_tensors_hooks(id, id).__enter__()))",
        "get_gradient_edge": "t.autograd.graph.get_gradient_edge(p.leaf(1.0) * 2).node.name(), "
        "t.autograd.graph.get_gradient_edge(p.leaf(1.0) * 2).output_nr",
        "increment_version": "(lambda x: (t.autograd.graph.increment_version(x), x._version)[1])(t.ones(2))",
        "register_multi_grad_hook": "(lambda x, y, seen: (t.autograd.graph.register_multi_grad_hook((x, y), "
        "lambda grads: seen.extend(grads)), (x * y).sum().backward(), seen)[2])(p.leaf(1.0), p.leaf(2.0), [])",
        "save_on_cpu": "p.run(lambda x: p.inside(t.autograd.graph.save_on_cpu(), lambda: x.exp()), p.leaf(1.0, 2.0))",
        "saved_tensors_hooks": "p.run(lambda x: p.inside(t.autograd.graph.saved_tensors_hooks("
        "lambda x: x.detach().numpy(), lambda x: t.from_numpy(x) * 10), lambda: x * x), p.leaf(1.0, 2.0))",
    },
    "autograd.variable": {"Variable": "t.autograd.variable.Variable is t.autograd.Variable"},
    "linalg": {
        "LinAlgError": "p.refusal(lambda: t.linalg.inv(t.zeros(2, 2))), "
        "issubclass(t.linalg.LinAlgError, RuntimeError)",
        "cholesky": "p.run(t.linalg.cholesky, p.positive), p.refusal(lambda: t.linalg.cholesky(-p.positive))",
        "cond": "t.linalg.cond(p.square), t.linalg.cond(p.square, 1), t.linalg.cond(p.square, 'fro')",
        "cross": "p.run(t.linalg.cross, p.square, p.positive), t.linalg.cross(p.square, p.positive, dim=0)",
        "det": "p.run(t.linalg.det, p.square), t.linalg.det(t.stack([p.square, p.positive]))",
        "diagonal": "p.run(t.linalg.diagonal, p.square), t.linalg.diagonal(p.square, offset=1)",
                "eigh": "t.linalg.eigh(p.positive)[0], t.linalg.eigh(p.positive).eigenvectors.abs()",
        "eigvalsh": "t.linalg.eigvalsh(p.positive), t.linalg.eigvalsh(p.square, UPLO='U')",
        "inv": "p.run(t.linalg.inv, p.square), p.refusal(lambda: t.linalg.inv(t.ones(2, 3)))",
        "lstsq": "t.linalg.lstsq(p.tall, p.tall[:, :1].exp()).solution, "
        "t.linalg.lstsq(p.tall, p.tall[:, :1].exp()).residuals",
        "matmul": "p.run(t.linalg.matmul, p.tall, p.square)",
        "matrix_norm": "[t.linalg.matrix_norm(p.tall, o) for o in ('fro', 'nuc', 1, -1, 2, -2, float('inf'))]",
        "matrix_power": "p.run(lambda a: t.linalg.matrix_power(a, 3), p.square), t.linalg.matrix_power(p.square, -2)",
        "matrix_rank": "t.linalg.matrix_rank(t.ones(3, 4)), t.linalg.matrix_rank(p.square, tol=1.5)",
        "multi_dot": "p.run(lambda a, b, c: t.linalg.multi_dot([a, b, c]), p.tall, p.square, p.square[0])",
        "norm": "p.run(t.linalg.norm, p.tall), t.linalg.norm(p.tall, 'nuc'), t.linalg.norm(p.tall, 3, dim=1), "
        "t.linalg.norm(p.tall, 1, dim=(0, 1), keepdim=True)",
        "pinv": "p.run(t.linalg.pinv, p.tall), t.linalg.pinv(p.positive, hermitian=True)",
        "qr": "(lambda q, r: (q @ r, r.abs()))(*t.linalg.qr(p.tall)), "
        "t.linalg.qr(p.tall, mode='complete').Q.abs()",
        "slogdet": "p.run(lambda a: t.linalg.slogdet(a).logabsdet, p.square), t.linalg.slogdet(p.square)[0]",
        "solve": "p.run(t.linalg.solve, p.square, p.positive), t.linalg.solve(p.square, p.tall, left=False), "
        "p.run(t.linalg.solve, p.square, p.square[0])",
        "solve_triangular": "p.run(lambda a, b: t.linalg.solve_triangular(a, b, upper=True), p.square.triu(), "
        "p.positive), t.linalg.solve_triangular(p.square.tril(), p.tall, upper=False, left=False), "
        "t.linalg.solve_triangular(p.square, p.positive, upper=False, unitriangular=True)",
        "svd": "(lambda u, s, v: (s, (u * s) @ v))(*t.linalg.svd(p.tall, full_matrices=False)), "
        "t.linalg.svd(p.tall).U.shape",
        "svdvals": "p.run(t.linalg.svdvals, p.tall)",
        "vecdot": "p.run(t.linalg.vecdot, p.square, p.positive), t.linalg.vecdot(p.square, p.positive, dim=0)",
        "vector_norm": "[p.run(lambda a: t.linalg.vector_norm(a, o, dim=0), p.tall) for o in (1, 2, 3.5, "
        "float('inf'))], t.linalg.vector_norm(p.tall, 0), t.linalg.vector_norm(p.tall, -1)",
    },
    "special": {
        **{name: f"p.run(t.special.{name}, p.shares)" for name in "digamma erf erfc erfinv exp2 expit expm1 gammaln "
           "log1p logit psi".split()},
        "log_softmax": "p.run(lambda x: t.special.log_softmax(x, 0), p.shares)",
        "logsumexp": "p.run(lambda x: t.special.logsumexp(x, 0), p.shares)",
        "round": "t.special.round(p.shares * 10), t.special.round(p.shares, decimals=1)",
        "softmax": "p.run(lambda x: t.special.softmax(x, 0), p.shares)",
        "xlogy": "p.run(t.special.xlogy, p.shares, p.shares + 1), t.special.xlogy(0, p.shares * 0)",
    },
    "cuda": {
        "OutOfMemoryError": "issubclass(t.cuda.OutOfMemoryError, RuntimeError)",
        "device_count": "t.cuda.device_count()",
        "empty_cache": "t.cuda.empty_cache()",
        "is_available": "[t.cuda.is_available()]",
        "is_bf16_supported": "[t.cuda.is_bf16_supported(including_emulation=False)]",
        "is_initialized": "[t.cuda.is_initialized()]",
        "manual_seed": "t.cuda.manual_seed(3)",
        "manual_seed_all": "t.cuda.manual_seed_all(3)",
        "max_memory_allocated": "t.cuda.max_memory_allocated()",
        "max_memory_reserved": "t.cuda.max_memory_reserved()",
        "memory_allocated": "t.cuda.memory_allocated()",
        "memory_reserved": "t.cuda.memory_reserved()",
        "reset_peak_memory_stats": "t.cuda.reset_peak_memory_stats.__name__",
    },
    "cuda.amp": {
        "GradScaler": "(lambda s: (s.scale(t.tensor(3.0)), s.get_scale(), [s.is_enabled()]))("
        "t.cuda.amp.GradScaler(enabled=False))",
        "autocast": "p.inside(t.cuda.amp.autocast(enabled=False), lambda: t.ones(2) @ t.ones(2))",
        "custom_fwd": "t.cuda.amp.custom_fwd(lambda ctx, x: x + 1)(type('Ctx', (), {})(), 1)",
        "custom_bwd": "t.cuda.amp.custom_bwd.__name__",
    },
    "amp": {
        "GradScaler": "(lambda s: (s.scale(t.tensor(3.0)), s.get_scale(), s.state_dict()))("
        "t.amp.GradScaler('cuda', enabled=False))",
        "autocast": "p.inside(t.amp.autocast('cpu', enabled=False), lambda: t.ones(2) @ t.ones(2))",
        "custom_fwd": "t.amp.custom_fwd(lambda ctx, x: x + 1, device_type='cpu')(type('Ctx', (), {})(), 1)",
        "custom_bwd": "callable(t.amp.custom_bwd(device_type='cpu'))",
        "is_autocast_available": "callable(t.amp.is_autocast_available)",
    },
    "mps": {
        "device_count": "t.mps.device_count()",
        "is_available": "[t.mps.is_available()]",
        "manual_seed": "t.mps.manual_seed.__name__",
    },
    "accelerator": {
        "current_accelerator": "t.accelerator.current_accelerator()",
        "device_count": "t.accelerator.device_count()",
        "is_available": "[t.accelerator.is_available()]",
    },
    "utils.dlpack": {
        "from_dlpack": "(lambda x: (t.utils.dlpack.from_dlpack(t.utils.dlpack.to_dlpack(x)).fill_(3), x))(t.ones(2))",
        "to_dlpack": "type(t.utils.dlpack.to_dlpack(t.ones(2))).__name__",
    },
    "backends": {
        "cuda": "[t.backends.cuda.is_built(), t.backends.cuda.matmul.allow_tf32]",
        "cudnn": "[t.backends.cudnn.is_available(), t.backends.cudnn.benchmark, t.backends.cudnn.deterministic]",
        "mkl": "callable(t.backends.mkl.is_available)",
        "mkldnn": "callable(t.backends.mkldnn.is_available)",
        "mps": "[t.backends.mps.is_available(), t.backends.mps.is_built()]",
        "openmp": "callable(t.backends.openmp.is_available)",
    },
    "multiprocessing": {
        "set_sharing_strategy": "t.multiprocessing.set_sharing_strategy.__name__",
        "spawn": "t.multiprocessing.spawn.__name__",
        "start_processes": "t.multiprocessing.start_processes.__name__",
    },
    "onnx": {"export": "t.onnx.export.__name__", "is_in_onnx_export": "[t.onnx.is_in_onnx_export()]"},
    "version": {
        "__version__": "isinstance(t.version.__version__, str)",
        "cuda": "t.version.cuda", "debug": "[t.version.debug]", "hip": "t.version.hip",
    },
    "distributions.utils": {
        "broadcast_all": "U.broadcast_all(1, t.ones(2, 1).double(), t.zeros(3).double()), "
        "p.refusal(lambda: U.broadcast_all('a'))",
        "clamp_probs": "U.clamp_probs(t.tensor([0.0, 0.5, 1.0]))",
        "lazy_property": "(lambda seen, cls: (lambda o: (o.x, o.x, seen))(cls(seen)))([], type('Lazy', (), {"
        "'__init__': lambda s, seen: setattr(s, 'seen', seen), "
        "'x': U.lazy_property(lambda s: s.seen.append(1) or 5)}))",
        "logits_to_probs": "U.logits_to_probs(p.shares), U.logits_to_probs(p.shares, is_binary=True)",
        "probs_to_logits": "U.probs_to_logits(p.shares), U.probs_to_logits(p.shares, is_binary=True)",
    },
    "distributions.constraints": {
        name: f"t.distributions.constraints.{call}.check(p.edges)"
        for name, call in {
            **{n: n for n in "boolean nonnegative nonnegative_integer positive positive_integer real "
               "unit_interval".split()},
            **{n: f"{n}(1.0)" for n in "greater_than greater_than_eq less_than".split()},
            "half_open_interval": "half_open_interval(0.0, 1.0)", "integer_interval": "integer_interval(0, 2)",
            "interval": "interval(0.0, 1.0)", "multinomial": "multinomial(2)",
            "independent": "independent(t.distributions.constraints.real, 1)",
        }.items()
    } | {
        "Constraint": "p.refusal(lambda: t.distributions.constraints.Constraint().check(p.edges)), "
        "isinstance(t.distributions.constraints.real, t.distributions.constraints.Constraint)",
        "dependent": "p.refusal(lambda: t.distributions.constraints.dependent.check(p.edges))",
        "is_dependent": "[t.distributions.constraints.is_dependent(c) for c in (t.distributions.constraints.dependent, "
        "t.distributions.constraints.real)]",
        "lower_cholesky": "t.distributions.constraints.lower_cholesky.check(t.stack([p.positive, p.positive.tril()]))",
        "one_hot": "t.distributions.constraints.one_hot.check(t.tensor([[0.0, 1.0], [0.5, 0.5], [1.0, 1.0]]))",
        "positive_definite": "t.distributions.constraints.positive_definite.check(t.stack([p.positive, -p.positive]))",
        "real_vector": "t.distributions.constraints.real_vector.check(p.edges)",
        "simplex": "t.distributions.constraints.simplex.check(t.tensor([[0.25, 0.75], [0.5, 0.6], [1.5, -0.5]]))",
        "symmetric": "t.distributions.constraints.symmetric.check(t.stack([p.positive, p.positive.tril()]))",
    },
    "nn.parameter": {
        "Buffer": "(lambda m: (setattr(m, 'b', t.nn.parameter.Buffer(t.ones(2))), sorted(m.state_dict()), "
        "list(dict(m.named_buffers()))))(t.nn.Linear(1, 1))",
        "Parameter": "t.nn.parameter.Parameter(t.ones(2)).requires_grad, "
        "[t.nn.parameter.Parameter(t.ones(2), requires_grad=False).requires_grad], "
        "p.refusal(lambda: t.nn.parameter.Parameter(t.ones(2, dtype=t.int64)))",
        "UninitializedBuffer": "(lambda b: (b.materialize((2, 3)), b.shape, type(b).__name__))("
        "t.nn.parameter.UninitializedBuffer())",
        "UninitializedParameter": "(lambda w: (w.materialize((2, 3)), w.shape, type(w).__name__, w.requires_grad))("
        "t.nn.parameter.UninitializedParameter()), "
        "p.refusal(lambda: t.nn.parameter.UninitializedParameter() + 1)",
    },
    "nn.grad": {
        f"conv{n}d_{what}": f"t.nn.grad.conv{n}d_{what}({given}, stride=2, padding=1)"
        for n in (1, 2, 3)
        for what, given in (
            ("input", f"(2, 2, *[5] * {n}), p.ramp(3, 2, *[3] * {n}), p.ramp(2, 3, *[3] * {n})"),
            ("weight", f"p.ramp(2, 2, *[5] * {n}), (3, 2, *[3] * {n}), p.ramp(2, 3, *[3] * {n})"),
        )
    },
    "nn.modules.module": {
        "Module": "module('nn.modules.module').Module is t.nn.Module",
        **{
            f"register_module_{what}_hook": f"p.hooked(module('nn.modules.module').register_module_{what}_hook, {see})"
            for what, see in (
                ("forward_pre", "lambda m, args: args[0] * 2"),
                ("forward", "lambda m, args, out: out + 1"),
                ("full_backward_pre", "lambda m, grads: (grads[0] * 2,)"),
                ("full_backward", "lambda m, ins, outs: (ins[0] * outs[0].sum(),)"),
            )
        },
        "register_module_backward_hook": "callable(module('nn.modules.module').register_module_backward_hook)",
    },
    "nn.modules.utils": {
        "consume_prefix_in_state_dict_if_present": "(lambda d: (module('nn.modules.utils')."
        "consume_prefix_in_state_dict_if_present(d, 'module.'), sorted(d))[1])({'module.a': 1, 'b': 2})",
    },
    "nn.modules.lazy": {
        "LazyModuleMixin": "isinstance(t.nn.LazyLinear(2), module('nn.modules.lazy').LazyModuleMixin), "
        "t.nn.LazyLinear(2).has_uninitialized_params()",
    },
    "nn.modules.linear": {
        "NonDynamicallyQuantizableLinear": "isinstance(module('nn.modules.linear').NonDynamicallyQuantizableLinear("
        "2, 3), t.nn.Linear), type(t.nn.MultiheadAttention(2, 1).out_proj).__name__",
    },
}  # fmt: skip

FOLDER = "(lambda f: (f.mkdir(), (f / 'a').mkdir(), (f / 'a' / 'one.png').write_bytes(b'x'), f)[-1])(" \
         "pathlib.Path(path))"  # fmt: skip
OWN_CORE: dict[str, dict[str, tuple[str, Any]]] = {
    "distributions.utils": {"softplus": ("U.softplus(t.zeros(1))", [0.6931472])},
    "nn.parameter": {"Uninitialized": (
        "isinstance(t.nn.UninitializedBuffer(), module('nn.parameter').Uninitialized)", True)},
    # complex numbers are not here
    "linalg": {name: (f"p.refusal(lambda: t.linalg.{name}(p.square))", "NotImplementedError") for name in (
        "eig", "eigvals")},
    "multiprocessing": {name: (f"p.refusal(t.multiprocessing.{name})", "NotImplementedError") for name in (
        "get_all_sharing_strategies", "get_sharing_strategy")},
    "distributed": {
        **{name: (f"p.refusal(lambda: t.distributed.{name}(1))", "NotImplementedError") for name in ABSENT.split()},
        "is_available": ("[t.distributed.is_available()]", [False]),
        "is_initialized": ("[t.distributed.is_initialized()]", [False]),
        "is_torchelastic_launched": ("[t.distributed.is_torchelastic_launched()]", [False]),
    },
    "nn.parallel": {
        "DistributedDataParallel": ("p.refusal(lambda: t.nn.parallel.DistributedDataParallel(p.net))",
                                    "NotImplementedError"),
    },
    "utils.hooks": {"RemovableHandle": (
        "isinstance(p.net.register_forward_hook(print), module('utils.hooks').RemovableHandle)", True)},
    "utils": {
        "data": ("len(t.utils.data.DataLoader(range(5), 2))", 3),
        "dlpack": ("t.utils.dlpack.from_dlpack(t.utils.dlpack.to_dlpack(t.ones(2))).tolist()", [1, 1]),
    },
    "utils.tensorboard": {
        "SummaryWriter": ("(lambda w: (w.add_scalar('loss', 1.5, 3), w.close(), w.get_logdir() == path, "
                          "len(os.listdir(path)))[2:])(module('utils.tensorboard').SummaryWriter(path))", (True, 1)),
    },
    "vision": {
        "datasets": ("t.vision.datasets.xor(4)[0].shape", (4, 2)),
        "transforms": ("t.vision.transforms.Normalize([1.0], [2.0])(t.ones(1, 1, 1) * 5)", [[[2.0]]]),
        "utils": ("t.vision.utils.make_grid(t.ones(2, 3, 4, 4)).shape", (3, 8, 14)),
    },
    "vision.datasets.folder": {
        "DatasetFolder": ("len(module('vision.datasets.folder').DatasetFolder("
                          f"str({FOLDER}), len, extensions=('.png',)))", 1),
        "IMG_EXTENSIONS": ("'.png' in module('vision.datasets.folder').IMG_EXTENSIONS", True),
        "ImageFolder": (f"module('vision.datasets.folder').ImageFolder(str({FOLDER})).classes", ["a"]),
        "default_loader": ("(PIL.new('L', (2, 3), 7).save(path + '.png'), "
                           "module('vision.datasets.folder').default_loader(path + '.png').getpixel((1, 2)))[1]",
                           (7, 7, 7)),
        "find_classes": (f"module('vision.datasets.folder').find_classes(str({FOLDER}))", (["a"], {"a": 0})),
        "make_dataset": (f"[(p[-9:], c) for p, c in module('vision.datasets.folder').make_dataset(str({FOLDER}), "
                         "{'a': 0}, ('.png',))]", [("a/one.png", 0)]),
        "pil_loader": ("(PIL.new('RGB', (2, 3), (1, 2, 3)).save(path + '.png'), "
                       "module('vision.datasets.folder').pil_loader(path + '.png').size)[1]", (2, 3)),
    },
    "vision.datasets.utils": {
        "calculate_md5": ("(open(path, 'wb').write(b'abc'), module('vision.datasets.utils').calculate_md5(path))[1]",
                          "900150983cd24fb0d6963f7d28e17f72"),
        "check_integrity": ("(open(path, 'wb').write(b'abc'), [module('vision.datasets.utils').check_integrity(path, "
                            "md5) for md5 in (None, '900150983cd24fb0d6963f7d28e17f72', '0' * 32)])[1]",
                            [True, True, False]),
        "extract_archive": ("(zipfile.ZipFile(path + '.zip', 'w').writestr('a', 'b'), module('vision.datasets.utils')."
                            "extract_archive(path + '.zip', path), open(path + '/a').read())[2]", "b"),
        # (what is fetched is tested beside a server, vision/test_download.py)
        "download_url": ("p.refusal(lambda: module('vision.datasets.utils').download_url('x:/', path))", "ValueError"),
        "download_and_extract_archive": ("p.refusal(lambda: module('vision.datasets.utils')."
                                         "download_and_extract_archive('x:/', path))", "ValueError"),
    },
}  # fmt: skip
