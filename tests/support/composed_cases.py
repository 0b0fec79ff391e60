"""What every function and method that is not a row of the operation table is tried on, beside PyTorch.

Each expression is run on several Tensors `x` (of all types, layouts and shapes, empty, without dimensions). `c` is a
copy of x that may be changed in place, `y` another Tensor like x, `m` a mask of its shape; `i` and `j` are positions,
`s` a square matrix. A name that stands in an expression is covered by it; some expressions are there to be refused.
"""

from __future__ import annotations

__all__ = ["EXPRESSIONS"]

_CASES = """
x.square() | x.square(1) | x[(0, 1), 1] | x[..., ...] | x[[0], (1, 2)] | x[t.tensor([1], dtype=t.int8)]
(c.__setitem__(0, y[None, None, :1]), c) | (c.__setitem__((0, (0, 1)), 1), c) | (c.__setitem__(0, y[None]), c)
x.H | x.T | x.mH | x.mT | x.adjoint() | c.float_power_(y) | x.t() | x.swapaxes(0, 1) | x.swapdims(0, -1)
x.moveaxis(0, 1) | x.movedim(1, 0) | x.movedim(5, 0) | x.swapaxes(0, 7) | x.flatten() | x.flatten(0, 1)
x.flatten(1, 0) | x.ravel() | x.unflatten(0, (-1, 1)) | x.unflatten(0, (5, 7)) | x.view(-1) | x.view(7) | x.view_as(x)
x.view_as(x[:1]) | x.reshape_as(x) | x.reshape_as(i) | x.expand_as(x) | x.expand_as(i) | x.broadcast_to((4, 2, 3))
x.broadcast_to((5,)) | x.contiguous() | x.contiguous(memory_format=3) | x.chunk(2) | x.chunk(2, 1) | x.chunk(0)
x.split(1) | x.split([1, 1], 0) | x.split(-1) | x.split_with_sizes([1, 1]) | x.split_with_sizes([5])
x.tensor_split(2) | x.tensor_split((1,), 1) | x.tensor_split(0) | x.hsplit([1]) | x.hsplit(7) | x.vsplit(2)
x.vsplit(7) | x.reshape(1, 2, -1).dsplit([1]) | x.dsplit(2) | x.unbind() | x.unbind(1) | x.unbind(4)
x.repeat_interleave(2) | x.repeat_interleave(2, 1) | x.repeat_interleave(-1) | x.tile(2) | x.tile((2, 1))
x.tile("a") | x.fliplr() | x.flipud() | x[0].fliplr() | t.flipud(t.tensor(1.0)) | x.diag() | x.diag(1)
x[None].diag() | x.diagflat() | x.diagflat("a") | x.dim() | x.ndimension() | x.ndim | x.numel() | x.nelement()
x.size() | x.size(0) | x.size(9) | x.shape | x.stride() | x.element_size() | x.itemsize | x.nbytes
x.storage_offset() | x.is_contiguous() | x.get_device() | x.device | x.dtype | x.layout | x.is_cpu | x.is_cuda
x.is_mps | x.is_meta | x.is_sparse | x.is_quantized | x.is_mkldnn | x.is_nested | x.is_xpu | x.is_pinned()
x.is_shared() | x.is_complex() | x.is_floating_point() | x.is_leaf | x.is_inference() | x.requires_grad | x.output_nr
x.retains_grad | x.is_same_size(y) | x.is_same_size(i) | x.type() | x.type("torch.DoubleTensor") | x.type(t.int32)
x.type("torch.Nonsense") | x.type_as(i) | x.to(t.float32) | x.to("cpu") | x.to("nonsense") | x.to(y) | x.cpu()
x.bool() | x.byte() | x.char() | x.short() | x.int() | x.long() | x.half() | x.float() | x.double() | x.tolist()
x.cuda() | x.pin_memory() | x.item() | x[:1].sum().item() | x.data | x.detach() | c.requires_grad_(False) | x.grad
x.grad_fn | x.abs().absolute() | t.absolute(x) | x.positive() | x.negative() | x.isreal() | x.fix() | x.sgn()
x.greater(y) | x.greater_equal(y) | x.less(y) | x.less_equal(y) | x.not_equal(y) | x.greater(i[0]) | x.less("a")
t.less_equal(x, y, 3) | x.multiply(y) | x.subtract(y) | x.subtract(y, alpha=2) | x.divide(y) | x.true_divide(y)
x.true_divide(i[0]) | x.div(y) | x.div(y, rounding_mode="floor") | x.div(y, rounding_mode="trunc")
x.div(y, rounding_mode="up") | x.multiply("a") | x.arccos() | x.arccosh() | x.arcsin() | x.arcsinh() | x.arctan()
x.arctanh() | x.arctan2(y) | x.arctan2(i[0]) | x.clip(0, 1) | x.clip() | x.float_power(2) | x.float_power(y.abs())
t.float_power(2.0, x) | x.floor_divide(y) | x.floor_divide(0.5) | x.xlogy(y) | t.xlogy(2.0, x) | t.rsub(x, y)
t.rsub(x, y, alpha=2) | x.addr(x[0], y[0]) | x.addr(x, y) | x.aminmax() | x.aminmax(dim=0) | x.aminmax(dim=7)
x.max() | x.max(0) | x.max(1, True) | x.max(y) | x.max(9) | x.min() | x.min(0) | x.min(y) | x.min(9) | x.argmax()
x.argmax(1) | x.argmax(0, True) | x.argmax(9) | x.argmin() | x.argmin(1) | x.argmin(9) | x.argsort()
x.argsort(0, True) | x.argsort(9) | x.msort() | x.median() | x.median(0) | x.median(9) | x.nanmedian()
x.nanmedian(0) | x.nanmedian(9) | x.quantile(0.4) | x.quantile(0.4, 1) | x.quantile(7.0) | x.nanquantile(0.4)
x.nanquantile(2.0) | x.nanmean() | x.nanmean(1) | x.nanmean(9) | x.norm() | x.norm(1, 0) | x.norm(2, 9) | x.dist(y)
x.dist(i) | x.diff() | x.diff(2, 0) | x.diff(-1) | x.count_nonzero() | x.count_nonzero(1) | x.count_nonzero(9)
x.cov() | x[None].cov() | x.corrcoef() | x[None].corrcoef() | x.nonzero() | x.nonzero(as_tuple=True) | x.argwhere()
t.argwhere(x) | x.unique() | x.unique(return_inverse=True, return_counts=True) | x.unique(dim=0) | x.unique(dim=9)
x.unique_consecutive() | x.unique_consecutive(return_counts=True, dim=1) | x.unique_consecutive(dim=9)
x.histc(4, 0, 3) | x.histc(0) | x.histogram(3) | x.histogram(-1) | i.flatten().bincount() | x.bincount()
x.allclose(y) | x.allclose(x) | x.allclose(i) | x.equal(y) | x.equal(x.clone()) | x.equal(3) | x.dot(x)
x.flatten().dot(y.flatten()) | x.vdot(x) | x.flatten().vdot(y.flatten()) | x.inner(y) | x.inner(i) | x.outer(y)
x.flatten().outer(y.flatten()) | x.flatten().ger(y.flatten()) | x.ger(y) | x.mm(y.t()) | x.mm(y) | x.mv(y[0])
x.mv(y) | x.kron(y) | x.kron("a") | s.matrix_power(3) | s.matrix_power(-1) | x.matrix_power(2) | s.logdet()
x.logdet() | s.slogdet() | x.slogdet() | s.pinverse() | x[0].pinverse() | t.det(s) | x.gather(1, i) | x.gather(5, i)
x.gather(1, x) | x.take_along_dim(i, 1) | x.take_along_dim(x, 1) | x.index_add(1, j, y[:, :2]) | x.index_add(1, j, y)
x.index_copy(1, j, y[:, :2]) | x.index_copy(1, j, y) | x.index_fill(1, j, 1) | x.index_fill(1, x, 1)
x.masked_fill(m, 1) | x.masked_fill(i, 1) | x.masked_scatter(m, y) | x.masked_scatter(i, y)
x.put(j, y.flatten()[:2]) | x.put(x, y) | x.scatter(1, i, y) | x.scatter(1, i, 1) | x.scatter(1, x, 1)
x.scatter_add(1, i, y) | x.scatter_add(1, x, y) | x.scatter_reduce(1, i, y, "sum") | x.scatter_reduce(1, i, y, "amax")
x.scatter_reduce(1, i, y, "prod") | x.scatter_reduce(1, i, y, "mean", include_self=False)
x.scatter_reduce(1, i, y, "no") | x.select_scatter(y[0], 0, 1) | x.select_scatter(y, 0, 1)
x.slice_scatter(y[:, :1], 1, 0, 1) | x.slice_scatter(y, 1, 0, 1) | t.combinations(x.flatten()) | t.combinations(x)
x.new_zeros(2, 3) | x.new_ones((2,)) | x.new_full((2,), 1) | x.new_full(3, 1) | x.new_tensor([1, 0])
x.new_tensor("a") | x.new_empty(2).shape | x.new_zeros(-1) | x.new_ones("a") | x.new_empty(-2) | x.new(2).shape
x.untyped_storage().nbytes() | t.atleast_1d(x) | t.atleast_2d(x) | t.atleast_3d(x) | t.atleast_2d([x, y])
t.atleast_1d(3) | t.atleast_3d(None) | t.block_diag(x, y) | t.block_diag(x, 3) | t.broadcast_tensors(x, y[:1])
t.broadcast_tensors(x, i) | t.broadcast_shapes((2, 1), (3,)) | t.broadcast_shapes((2,), (3,))
t.bucketize(x, t.tensor([0, 1])) | t.bucketize(x, x) | t.searchsorted(t.tensor([0, 1, 2]), x) | t.searchsorted(x, "a")
t.searchsorted(t.tensor([[0, 1], [1, 3]]), x) | x.histogram(2, range=(0, 3), density=True)
t.can_cast(x.dtype, t.int32) | t.can_cast(x, 3) | t.promote_types(x.dtype, t.int32) | t.promote_types(x, 3)
t.result_type(x, 1.5) | t.result_type(x, "a") | t.cartesian_prod(x.flatten(), y.flatten()) | t.cartesian_prod(x, y)
t.cdist(x, y) | t.cdist(x, y, p=1) | t.cdist(x, i[0]) | t.chain_matmul(x, y.t(), x) | t.chain_matmul(x, y)
t.column_stack((x, y)) | t.column_stack((x, i[:1])) | t.concat((x, y)) | t.concatenate((x, y), 1)
t.concat((x, i[:, :1])) | t.concatenate("a") | t.dstack((x, y)) | t.hstack((x, y)) | t.vstack((x, y))
t.row_stack((x, y)) | t.dstack(()) | t.hstack((x, i[:1])) | t.vstack((x, i[:, :1])) | t.row_stack(3)
t.einsum("ij,kj->ik", x, y) | t.einsum("ij->j", x) | t.einsum("ij,jk", x, y) | t.isin(x, y) | t.isin(x, 1)
t.isin("a", x) | t.meshgrid(x[0], y[0], indexing="ij") | t.meshgrid(x, y, indexing="ij") | t.nn.functional.one_hot(i)
t.nn.functional.one_hot(x) | t.nn.functional.pad(x, (1, 2)) | t.nn.functional.pad(x, (1, 1, 1)) | t.std_mean(x)
t.std_mean(x, 1) | t.std_mean(x, 9) | t.var_mean(x, 0) | t.var_mean(x, correction=0) | t.var_mean(x, 9)
t.tensordot(x, y, ([0, 1], [0, 1])) | t.tensordot(x, y.t(), 1) | t.tensordot(x, y, 1) | t.tril_indices(3, 2)
t.triu_indices(2, 3, 1) | t.tril_indices(-1, 2) | t.triu_indices(2, -3) | t.is_nonzero(x) | t.is_nonzero(x[:1, :1])
t.is_tensor(x) | t.is_storage(x) | t.typename(x) | t.zeros_like(x) | t.ones_like(x) | t.full_like(x, 1)
t.empty_like(x).shape | t.zeros_like(3) | t.ones_like("a") | t.full_like(x, "a") | t.empty_like(3) | t.as_tensor(x)
t.asarray(x) | t.as_tensor([1, 2], dtype=x.dtype) | t.asarray("a") | t.as_tensor("a") | t.arange(4, dtype=x.dtype)
t.arange(0, 1, 0) | t.linspace(0, 1, 3) | t.linspace(0, 1, -2) | t.eye(2, 3, dtype=x.dtype) | t.eye(-1)
t.zeros(2, dtype=x.dtype) | t.zeros(-1) | t.ones(2, dtype=x.dtype) | t.ones("a") | t.full((2,), 1, dtype=x.dtype)
t.empty(2).shape | t.empty(-1) | t.tensor([1, 0], dtype=x.dtype) | t.tensor("a") | t.rand_like(x).shape
t.randn_like(x).shape | t.randint_like(x, 5).shape | t.rand_like(3) | t.randn_like(3) | t.randint_like(3, 5)
t.rand(2).shape | t.randn(2, 3).shape | t.randint(3, (2,)).shape | t.randperm(4).shape
t.normal(0.0, 1.0, (2,)).shape | t.rand(-1) | t.randn(-1) | t.randint(3, 2, (2,)) | t.randperm(-1)
t.normal(0.0, -1.0, (2,)) | t.normal(x, -1.0) | x.bernoulli(0.5).shape | x.sigmoid().bernoulli().shape
x.bernoulli(7.0) | x.abs().multinomial(1).shape | x.multinomial(99) | c.copy_(y) | c.copy_(i) | c.fill_(1)
c.fill_("a") | c.zero_() | c.zero_(1) | c.uniform_().shape | c.normal_().shape | c.exponential_().shape
c.uniform_(2, 1) | c.normal_(0, -1) | c.exponential_(-1) | c.random_().shape | c.random_(3, 1) | c.bernoulli_().shape
c.bernoulli_(7.0) | c.cauchy_().shape | c.cauchy_(0, -1) | c.geometric_(0.5).shape | c.geometric_(2.0)
c.log_normal_().shape | c.log_normal_(1, -2) | c.put_(j, y.flatten()[:2]) | c.put_(x, y) | c.scatter_(1, i, y)
c.scatter_(1, x, 1) | c.scatter_add_(1, i, y) | c.scatter_add_(1, x, y) | c.scatter_reduce_(1, i, y, "sum")
c.scatter_reduce_(1, i, y, "no") | c.index_add_(1, j, y[:, :2]) | c.index_add_(1, j, y)
c.index_copy_(1, j, y[:, :2]) | c.index_copy_(1, j, y) | c.index_fill_(1, j, 1) | c.index_fill_(1, x, 1)
c.index_put_((j,), y[0]) | c.index_put_((x,), y) | c.masked_fill_(m, 1) | c.masked_fill_(i, 1)
c.masked_scatter_(m, y) | c.masked_scatter_(i, y) | c.add_(y) | c.add_(y, alpha=2) | c.sub_(y) | c.mul_(y) | c.div_(y)
c.div_(y, rounding_mode="floor") | c.pow_(2) | c.pow_(y) | c.add_(i[0]) | c.mul_(i[0]) | c.sub_(i[0]) | c.div_(i[0])
c.pow_(i[0]) | c.addr_(x[0], y[0]) | c.addr_(x, y) | c.addmm_(x, s) | c.addmm_(x, y) | c.addcmul_(x, y)
c.addcmul_(x, i[0]) | c.addcdiv_(x, y) | c.addcdiv_(x, i[0]) | x[0].mul(1).addmv_(s, y[0]) | c.addmv_(x, y)
s.mul(1).addbmm_(s[None], s[None]) | c.addbmm_(x, y) | s.mul(1)[None].baddbmm_(s[None], s[None]) | c.baddbmm_(x, y)
c.lerp_(y, 0.5) | c.lerp_(i[0], 0.5) | c.tril_() | c.triu_(1) | c[0].tril_() | c[0].triu_() | c.eq_(y) | c.ne_(y)
c.lt_(y) | c.le_(y) | c.gt_(y) | c.ge_(y) | c.not_equal_(y) | c.less_(y) | c.less_equal_(y) | c.greater_(y)
c.greater_equal_(y) | c.eq_(i[0]) | c.ne_("a") | c.lt_("a") | c.le_("a") | c.gt_("a") | c.ge_("a") | c.not_equal_("a")
c.less_("a") | c.less_equal_("a") | c.greater_("a") | c.greater_equal_("a") | c.logical_and_(y) | c.logical_or_(y)
c.logical_xor_(y) | c.logical_not_() | c.logical_not_(1)
c.logical_and_(3) | c.logical_or_(3) | c.logical_xor_(3) | c.bitwise_and_(y)
c.bitwise_or_(y) | c.bitwise_xor_(y) | c.bitwise_not_() | c.bitwise_left_shift_(y) | c.bitwise_right_shift_(y)
c.multiply_(y) | c.subtract_(y) | c.divide_(y) | c.true_divide_(y) | c.multiply_("a") | c.subtract_("a")
c.divide_("a") | c.true_divide_("a") | c.remainder_(y) | c.fmod_(y) | c.floor_divide_(y) | c.remainder_("a")
c.fmod_("a") | c.floor_divide_("a") | c.xlogy_(y) | c.xlogy_("a") | c.hypot_(y) | c.atan2_(y) | c.arctan2_(y)
c.copysign_(y) | c.heaviside_(y) | c.float_power_(2) | c.hypot_(3) | c.atan2_(3) | c.arctan2_(3) | c.copysign_("a")
c.heaviside_(3) | c.float_power_("a") | c.clamp_(0, 1) | c.clamp_() | c.clamp_min_(0) | c.clamp_max_(1)
c.clip_(0, 1) | c.clip_() | c.clamp_min_("a") | c.clamp_max_("a") | c.nan_to_num_(0) | c.nan_to_num_("a")
c.logit_(0.1) | c.polygamma_(1) | c.polygamma_(-1) | c.cumsum_(0) | c.cumsum_(9) | c.cumprod_(0) | c.cumprod_(9)
c.round_() | c.round_(decimals=1) | c.squeeze_() | c.unsqueeze_(0) | c.unsqueeze_(9) | c.t_() | c.transpose_(0, 1)
c.transpose_(0, 9) | c.swapaxes_(0, 1) | c.swapdims_(0, 1) | c.swapaxes_(0, 9) | c.swapdims_(0, 9)
c.as_strided_((1,), (1,)) | c.as_strided_((9, 9), (9, 9)) | c.fill_diagonal_(1) | x.detach().clone().resize_(1)
x.detach().clone().resize_as_(y[:1]) | c.detach_() | c[:1].detach_() | c.retain_grad() | c.requires_grad_()
c.squeeze_(9) | x.softmax(0) | x.softmax(9) | x.bfloat16("a")
c.sinc_() | c.sinc_("a") | c.gcd_(y) | c.gcd_("a") | c.lcm_(y) | c.lcm_("a") | c.ldexp_(i[0]) | c.ldexp_("a")
"""

_IN_PLACE = """
abs absolute acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh ceil cos cosh
deg2rad digamma erf erfc erfinv exp exp2 expm1 fix floor frac lgamma log log10 log1p log2 logit neg negative
rad2deg reciprocal relu rsqrt sgn sigmoid sign sin sinh sqrt square tan tanh trunc
""".split()

EXPRESSIONS = [
    *[each.strip() for line in _CASES.strip().split("\n") for each in line.split(" | ")],
    *[f"c.{name}_({argument})" for name in _IN_PLACE for argument in ("", "'a'")],
]
