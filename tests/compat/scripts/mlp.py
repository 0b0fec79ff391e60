"""Two spirals and a perceptron of two hidden layers: the loop every lecture begins with."""

import math

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset


class Classifier(nn.Module):
    def __init__(self, hidden):
        super(Classifier, self).__init__()
        self.body = nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.ReLU())
        self.head = nn.Linear(hidden, 2)

    def forward(self, x):
        return self.head(self.body(x))


def spirals(n):
    angle = torch.linspace(0.5, 1.5 * math.pi, n)
    one = torch.stack([angle * torch.cos(angle), angle * torch.sin(angle)], dim=1)
    return torch.cat([one, -one]) / 6, torch.cat([torch.zeros(n), torch.ones(n)]).long()


def begin(model):
    """The same weights in every library: no random numbers."""
    with torch.no_grad():
        for number, p in enumerate(model.parameters()):
            k = torch.arange(p.numel()).float()
            p.copy_(torch.sin(k * k * 0.7 + number).view(p.shape) * 0.6)


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
points, labels = spirals(40)
loader = DataLoader(TensorDataset(points, labels), batch_size=20, shuffle=False)
model = Classifier(16).to(device)
begin(model)
print(model)
print("parameters:", sum(p.numel() for p in model.parameters() if p.requires_grad))
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=0.02)
scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=40, gamma=0.5)
for epoch in range(100):
    model.train()
    total, correct = 0.0, 0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        out = model(x)
        loss = criterion(out, y)
        loss.backward()
        optimizer.step()
        total += loss.item() * x.size(0)
        correct += (out.argmax(dim=1) == y).sum().item()
    scheduler.step()
    if epoch % 20 == 0:
        print(f"epoch {epoch:2d} | loss {total / len(loader.dataset):.3f} | lr {scheduler.get_last_lr()[0]:.4f}")
model.eval()
with torch.no_grad():
    accuracy = (model(points).argmax(1) == labels).float().mean()
print(f"accuracy {accuracy.item():.2%}")
for name, p in model.named_parameters():
    print(name, tuple(p.size()), p.grad.shape == p.shape)
