"""Weights in a file and back, an optimizer that goes on where it was, and what the file holds."""

import os
import tempfile

import torch
import torch.nn as nn


def network():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1))


def train(model, optimizer, steps):
    for step in range(steps):
        x = torch.sin(torch.arange(15.0) + step).view(5, 3)
        loss = (model(x) - x.sum(dim=1, keepdim=True)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


model = network()
for p in model.parameters():
    nn.init.constant_(p, 0.3)
with torch.no_grad():
    model[0].weight += torch.linspace(-0.2, 0.2, 12).reshape(4, 3)
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.01, alpha=0.9)
print(f"{train(model, optimizer, 10):.3f}")
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "checkpoint.pt")
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 10}, path)
    print(f"straight on: {train(model, optimizer, 10):.3f}")
    checkpoint = torch.load(path, map_location=torch.device("cpu"))
again = network()
again.load_state_dict(checkpoint["model"])
resumed = torch.optim.RMSprop(again.parameters(), lr=0.5)
resumed.load_state_dict(checkpoint["optimizer"])
print(f"resumed:     {train(again, resumed, 10):.3f} at lr {resumed.param_groups[0]['lr']}")
print(list(checkpoint["model"].keys()), checkpoint["epoch"])
try:
    nn.Linear(3, 4).load_state_dict({"weight": torch.zeros(4, 2)})
except RuntimeError as error:
    print(error)
