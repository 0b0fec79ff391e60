"""A curve through noisy points by L-BFGS, whose step wants a closure."""

import torch

x = torch.linspace(-1, 1, 30).unsqueeze(1)
y = 1.5 * torch.sin(3 * x) + 0.1 * torch.cos(40 * x)
features = torch.cat([x**power for power in range(6)], dim=1)
weight = torch.zeros(6, 1, requires_grad=True)
optimizer = torch.optim.LBFGS([weight], lr=1, max_iter=20, line_search_fn="strong_wolfe")
calls = 0


def closure():
    global calls
    calls += 1
    optimizer.zero_grad()
    loss = ((features @ weight - y) ** 2).mean()
    loss.backward()
    return loss


for step in range(4):
    loss = optimizer.step(closure)
    print(f"step {step}: loss before {loss.item():.3f}")
print(f"after: {closure().item():.3f}, evaluated often enough: {calls > 8}")
print(torch.round(weight.detach().squeeze(), decimals=1))

# The same line by the normal equations.
exact = torch.linalg.solve(features.T @ features, features.T @ y)
print(torch.allclose(weight.detach(), exact, atol=0.1))
