"""A small residual network on pictures, with a scheduler, a checkpoint and a resumed run."""

import os
import tempfile
from collections import OrderedDict

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def pictures(n):
    """Crosses, squares and stripes in noise."""
    x = rng.normal(0, 0.3, (n, 1, 8, 8)).astype(np.float32)
    y = rng.integers(0, 3, n)
    for i, label in enumerate(y):
        a, b = rng.integers(1, 5, 2)
        if label == 0:
            x[i, 0, a, :] += 1
            x[i, 0, :, b] += 1
        elif label == 1:
            x[i, 0, a : a + 3, b : b + 3] += 1
        else:
            x[i, 0, ::2] += 1
    return torch.from_numpy(x), torch.from_numpy(y)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, in_planes, planes, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != planes:
            self.shortcut = nn.Sequential(
                OrderedDict(
                    [
                        ("conv", nn.Conv2d(in_planes, planes, 1, stride=stride, bias=False)),
                        ("bn", nn.BatchNorm2d(planes)),
                    ]
                )
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)), inplace=True)
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


class ResNet(nn.Module):
    def __init__(self, num_classes=3):
        super().__init__()
        self.stem = nn.Conv2d(1, 6, 3, padding=1)
        self.layer1 = self._make_layer(6, 6, 1, 1)
        self.layer2 = self._make_layer(6, 12, 2, 2)
        self.pool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(12, num_classes)
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                nn.init.constant_(m.weight, 1)
                nn.init.zeros_(m.bias)

    def _make_layer(self, a, b, blocks, stride):
        layers = [BasicBlock(a, b, stride)] + [BasicBlock(b, b) for _ in range(blocks - 1)]
        return nn.Sequential(*layers)

    def forward(self, x):
        x = self.layer2(self.layer1(F.relu(self.stem(x))))
        return self.fc(torch.flatten(self.pool(x), 1))


def numbered(model):
    rng = np.random.default_rng(7)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() > 1:
                fan = p[0].numel()
                p.copy_(torch.as_tensor(rng.normal(0, (2 / fan) ** 0.5, tuple(p.shape)), dtype=torch.float32))
            elif name.endswith("bias"):
                p.zero_()


x, y = pictures(96)
train = TensorDataset(x[:64], y[:64])
test_loader = DataLoader(TensorDataset(x[64:], y[64:]), batch_size=16)
loader = DataLoader(train, batch_size=16, shuffle=False, pin_memory=False)
model = ResNet().to(device)
numbered(model)
print(model)
print(sum(p.numel() for p in model.parameters() if p.requires_grad), "parameters")
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
optimizer = torch.optim.SGD(
    [
        {"params": [p for n, p in model.named_parameters() if p.ndim > 1], "weight_decay": 5e-4},
        {"params": [p for p in model.parameters() if p.ndim == 1], "weight_decay": 0.0},
    ],
    lr=0.05,
    momentum=0.9,
    nesterov=True,
)
epochs = 4
scheduler = OneCycleLR(optimizer, max_lr=0.1, epochs=epochs, steps_per_epoch=len(loader))


def train_epoch(epoch):
    model.train()
    running, correct, total = 0.0, 0, 0
    for inputs, labels in loader:
        inputs, labels = inputs.to(device, non_blocking=True), labels.to(device)
        optimizer.zero_grad(set_to_none=True)
        outputs = model(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=5.0)
        optimizer.step()
        scheduler.step()
        running += loss.item() * inputs.size(0)
        _, predicted = outputs.max(1)
        total += labels.size(0)
        correct += predicted.eq(labels).sum().item()
    print(f"epoch {epoch} loss {running / total:.4f} acc {correct / total:.2%} lr {scheduler.get_last_lr()[0]:.5f}")


@torch.no_grad()
def evaluate():
    model.eval()
    scores = torch.cat([model(a).softmax(dim=-1) for a, _ in test_loader])
    truth = torch.cat([b for _, b in test_loader])
    top2 = scores.topk(2, dim=1).indices
    confusion = torch.zeros(3, 3, dtype=torch.int64)
    for t, q in zip(truth.view(-1), scores.argmax(1).view(-1)):
        confusion[t.long(), q.long()] += 1
    print(
        "top1",
        (scores.argmax(1) == truth).float().mean().item(),
        "top2",
        (top2 == truth[:, None]).any(1).float().mean().item(),
        confusion.tolist(),
    )


path = os.path.join(tempfile.mkdtemp(), "checkpoint.pt")
for epoch in range(epochs):
    train_epoch(epoch)
    if epoch == 1:
        torch.save(
            {
                "epoch": epoch,
                "model_state_dict": model.state_dict(),
                "optimizer_state_dict": optimizer.state_dict(),
                "scheduler": scheduler.state_dict(),
                "note": ("two", 2.5, None, True),
            },
            path,
        )
evaluate()
first = [p.detach().clone() for p in model.parameters()]

checkpoint = torch.load(path, map_location=device)
print(sorted(checkpoint), checkpoint["note"], checkpoint["epoch"])
model.load_state_dict(checkpoint["model_state_dict"])
optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
scheduler.load_state_dict(checkpoint["scheduler"])
for epoch in range(checkpoint["epoch"] + 1, epochs):
    train_epoch(epoch)
print("resumed as it was:", all(torch.equal(a, b) for a, b in zip(first, model.parameters())))
try:
    model.load_state_dict({"fc.weight": torch.zeros(2, 12), "extra": torch.zeros(1)})
except RuntimeError as error:
    text = str(error)
    print(text.splitlines()[0], "Missing" in text, "Unexpected" in text, "size mismatch for fc.weight" in text)
