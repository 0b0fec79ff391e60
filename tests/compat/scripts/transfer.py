"""Transfer learning: part of a state dict, frozen layers, new heads in a ModuleDict, hooks that watch."""

import copy
import re

import numpy as np
import torch
from torch import nn, optim

rng = np.random.default_rng(3)


def weights(module, scale=0.5):
    for p in module.parameters():
        p.data = torch.tensor(rng.uniform(-scale, scale, p.shape), dtype=p.dtype)
    return module


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(1, 4, 3, padding="same"),
            nn.BatchNorm1d(4),
            nn.ReLU(inplace=True),
            nn.MaxPool1d(2),
            nn.Conv1d(4, 8, 3, padding=1),
            nn.GELU(),
        )
        self.register_buffer("mean", torch.zeros(8))
        self.register_buffer("scratch", torch.ones(3), persistent=False)
        self.classifier = nn.Linear(8, 5)

    def forward(self, x):
        return self.classifier(self.features(x).mean(-1) - self.mean)


class MultiTask(nn.Module):
    def __init__(self, backbone, tasks):
        super().__init__()
        self.backbone = backbone
        self.heads = nn.ModuleDict({name: nn.Linear(8, n) for name, n in tasks.items()})
        self.scales = nn.ParameterDict({name: nn.Parameter(torch.zeros(())) for name in tasks})
        self.extra = nn.ModuleList(nn.Dropout(p) for p in (0.1, 0.5))

    def forward(self, x):
        h = self.backbone(x)
        return {name: head(h) * self.scales[name].exp() for name, head in self.heads.items()}


pretrained = weights(Backbone())
state = copy.deepcopy(pretrained.state_dict())
print(list(state))
state = {re.sub(r"^features\.", "encoder.", k): v for k, v in state.items() if not k.startswith("classifier")}
state = {k.replace("encoder.", "features."): v for k, v in state.items()}
new = weights(Backbone())
result = new.load_state_dict(state, strict=False)
print(result)
print(result.missing_keys, result.unexpected_keys)
new.classifier = nn.Identity()
model = MultiTask(new, {"kind": 3, "size": 1})
weights(model.heads)
for name, p in model.backbone.named_parameters():
    p.requires_grad_("4" in name)
print([n for n, p in model.named_parameters() if not p.requires_grad])
print(model)
print({k: tuple(v.shape) for k, v in model.state_dict().items()})

seen = []


def watch(module, inputs, output):
    seen.append((type(module).__name__, tuple(inputs[0].shape), tuple(output.shape), round(output.std().item(), 4)))


handles = [m.register_forward_hook(watch) for n, m in model.named_modules() if isinstance(m, (nn.Conv1d, nn.Linear))]
norms = {}
for n, p in model.named_parameters():
    if p.requires_grad:
        p.register_hook(lambda g, n=n: norms.__setitem__(n, round(g.norm().item(), 4)))
x = torch.from_numpy(rng.normal(size=(6, 1, 10)).astype("float32"))
kind = torch.tensor([0, 1, 2, 0, 1, 2])
size = torch.linspace(-1, 1, 6).unsqueeze(1)
opt = optim.AdamW(filter(lambda p: p.requires_grad, model.parameters()), lr=1e-2)
opt.add_param_group({"params": model.backbone.features[1].parameters(), "lr": 1e-4})
for step in range(5):
    model.train()
    model.backbone.features[1].eval()
    out = model(x)
    loss = nn.functional.cross_entropy(out["kind"], kind) + 0.5 * nn.functional.smooth_l1_loss(out["size"], size)
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(step, f"{loss.item():.5f}")
    if step == 2:
        for p in model.backbone.features[:2].parameters():
            p.requires_grad = True
for row in seen[:4]:
    print(row)
for handle in handles:
    handle.remove()
before = len(seen)
model(x)
print(before == len(seen), sorted(norms.items())[:3])
print(model.backbone.features[1].running_mean, model.backbone.features[1].num_batches_tracked)
print(torch.nn.utils.parameters_to_vector(model.heads.parameters()).abs().sum().item().__format__(".4f"))
print(len(opt.param_groups), [len(g["params"]) for g in opt.param_groups], opt.param_groups[1]["lr"])
print(opt)
twin = copy.deepcopy(model)
twin.eval()
model.eval()
with torch.inference_mode():
    print(torch.allclose(twin(x)["kind"], model(x)["kind"]), twin.heads["kind"].weight is model.heads["kind"].weight)
del model.heads["size"]
print(list(model.heads), "size" in model.heads, len(model.extra), model.get_submodule("backbone.features.4"))
model.half()
print(model.heads["kind"].weight.dtype)
model.float()
try:
    print(model.backbone.nothing)
except AttributeError as e:
    print(e)
