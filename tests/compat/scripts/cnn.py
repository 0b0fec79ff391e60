"""A small LeNet on pictures of bars: which way does the bar run?"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class Bars(Dataset):
    """8x8 pictures with one bright row (class 0), column (1) or diagonal (2)."""

    def __init__(self):
        self.images = torch.zeros(24, 1, 8, 8)
        for i in range(8):
            self.images[i, 0, i, :] = 1.0
            self.images[8 + i, 0, :, i] = 1.0
            self.images[16 + i, 0] = torch.roll(torch.eye(8), shifts=i, dims=1)
        self.labels = torch.arange(24) // 8

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        return self.images[idx], self.labels[idx]


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, kernel_size=3, padding=1)
        self.bn = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 8, 3)
        self.pool = nn.MaxPool2d(2, 2)
        self.drop = nn.Dropout2d(0.25)
        self.fc1 = nn.Linear(8 * 3 * 3, 16)
        self.fc2 = nn.Linear(16, 3)

    def forward(self, x):
        x = F.relu(self.bn(self.conv1(x)))
        x = F.relu(self.conv2(x))
        x = self.drop(F.avg_pool2d(x, 2))
        x = x.view(-1, 8 * 3 * 3)
        return self.fc2(F.relu(self.fc1(x)))


def begin(module):
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        k = torch.arange(module.weight.numel(), dtype=torch.float32)
        with torch.no_grad():
            module.weight.copy_((k * k * 0.37 + module.weight.dim()).sin().view_as(module.weight) * 0.4)
            module.bias.zero_()


net = LeNet()
net.apply(begin)
net.drop.p = 0.0  # nothing random: the numbers can be compared
print(net)
loader = DataLoader(Bars(), batch_size=8, shuffle=False)
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
for epoch in range(1, 41):
    net.train()
    running_loss = 0.0
    for images, labels in loader:
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(net(images), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), max_norm=1.0)
        optimizer.step()
        running_loss += loss.item()
    if epoch in (1, 2, 40):
        print("epoch {}: {:.2f}".format(epoch, running_loss / len(loader)))
net.eval()
correct = total = 0
with torch.inference_mode():
    for images, labels in loader:
        _, predicted = torch.max(net(images), 1)
        total += labels.size(0)
        correct += (predicted == labels).sum().item()
print(f"accuracy {100 * correct / total:.0f} %", tuple(net.conv1.weight.shape), net.bn.num_batches_tracked.item())
edges = torch.tensor([[[[1.0, 0.0, -1.0]] * 3]])
print(F.conv2d(Bars()[11][0].unsqueeze(0), edges.view(1, 1, 3, 3), padding=1)[0, 0, 3])
print(F.max_pool2d(torch.arange(16.0).view(1, 1, 4, 4), 2).flatten().tolist())
