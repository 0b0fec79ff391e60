"""An optimizer and a schedule of one's own beside the ready ones, weight tying, and sampling the likeliest words."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
    SequentialLR,
)


class HeavyBall(Optimizer):
    def __init__(self, params, lr=0.1, momentum=0.0):
        if lr < 0:
            raise ValueError(f"Invalid learning rate: {lr}")
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["step"] = 0
                    state["buffer"] = torch.zeros_like(p, memory_format=torch.preserve_format)
                state["step"] += 1
                state["buffer"].mul_(group["momentum"]).add_(p.grad)
                p.add_(state["buffer"], alpha=-group["lr"])
        return loss


class WarmUp(LRScheduler):
    def __init__(self, optimizer, steps, last_epoch=-1):
        self.steps = steps
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [base * min(1, (self.last_epoch + 1) / self.steps) for base in self.base_lrs]


layer = nn.Linear(3, 1)
with torch.no_grad():
    layer.weight.copy_(torch.tensor([[1.0, 2.0, 3.0]]))
    layer.bias.zero_()
optimizer = HeavyBall(layer.parameters(), lr=0.05, momentum=0.9)
scheduler = WarmUp(optimizer, 4)
for step in range(5):
    loss = (layer(torch.eye(3)).squeeze() - torch.arange(3.0)).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    print("%.3f %.4f" % (loss.item(), optimizer.param_groups[0]["lr"]))
print(list(optimizer.state_dict()["state"]), list(optimizer.state_dict()["param_groups"][0]))
print(optimizer)

schedules = {
    "one cycle": lambda o: OneCycleLR(o, max_lr=0.1, total_steps=10),
    "restarts": lambda o: CosineAnnealingWarmRestarts(o, T_0=3),
    "one after the other": lambda o: SequentialLR(
        o, [LinearLR(o, 0.1, total_iters=3), ExponentialLR(o, 0.5)], milestones=[3]
    ),
}
for name, make in schedules.items():
    sgd = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
    schedule, rates = make(sgd), []
    for _ in range(7):
        sgd.step()
        rates.append(f"{schedule.get_last_lr()[0]:.4f}")
        schedule.step()
    print(name, *rates)
adam = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=1.0)
plateau = ReduceLROnPlateau(adam, mode="min", factor=0.1, patience=1)
for value in (1, 1, 1, 1, 0.5):
    plateau.step(value)
print("plateau", adam.param_groups[0]["lr"])


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(5, 4)
        self.head = nn.Linear(4, 5, bias=False)
        self.head.weight = self.token.weight
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            torch.nn.init.normal_(module.weight, mean=0.0, std=0.02)


model = Tied()
print(len(list(model.parameters())), len(model.state_dict()), model.head.weight is model.token.weight)

logits = torch.tensor([[1.0, 3.0, 2.0, 0.0, -1.0]])
values, _ = torch.topk(logits, min(2, logits.size(-1)))
logits[logits < values[:, [-1]]] = -float("Inf")
print(F.softmax(logits, dim=-1), torch.multinomial(F.softmax(logits, dim=-1), num_samples=1).shape)
ordered, indices = torch.sort(torch.tensor([[0.1, 0.5, 0.4]]), descending=True)
remove = ordered.cumsum(dim=-1) > 0.8
remove[..., 1:] = remove[..., :-1].clone()
remove[..., 0] = 0
print(remove, remove.scatter(1, indices, remove))
