"""A clipped straight-through step and a cube as autograd functions of one's own, checked and differentiated twice."""

import torch
from torch.autograd import Function, Variable, gradcheck


class Step(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        grad = grad_output.clone()
        grad[x.abs() > 1] = 0
        return grad


class Cube(Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x)
        ctx.scale = scale
        return scale * x**3

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 3 * ctx.scale * x**2, None


x = Variable(torch.tensor([-2.0, -0.5, 0.25, 3.0]), requires_grad=True)
y = Step.apply(x)
print(y)
y.backward(torch.ones_like(x))
print(x.grad)

z = torch.tensor([1.0, 2.0], dtype=torch.double, requires_grad=True)
print(gradcheck(lambda t: Cube.apply(t, 0.5), (z,), eps=1e-6, atol=1e-4))
out = Cube.apply(z, 0.5)
print(out, out.grad_fn.name())
(first,) = torch.autograd.grad(out.sum(), z, create_graph=True)
(second,) = torch.autograd.grad(first.sum(), z)
print(first.detach(), second)
print(torch.autograd.functional.jacobian(lambda t: t.prod() * t, z.detach()))
print(torch.autograd.functional.hessian(lambda t: (t**3).sum(), z.detach()))
try:
    Cube.apply(z, 0.5).backward()
except RuntimeError as error:
    print("RuntimeError:", str(error)[:46])
