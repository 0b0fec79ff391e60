"""Two players on a line: a generator learns where the data lie from what a critic tells it."""

import torch
from torch import nn

torch.manual_seed(0)
generator = nn.Sequential(nn.Linear(1, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
critic = nn.Sequential(nn.Linear(1, 16), nn.LeakyReLU(0.2, inplace=True), nn.Linear(16, 1), nn.Sigmoid())


def weights(module):
    name = module.__class__.__name__
    if name.find("Linear") != -1:
        size = module.weight.numel()
        module.weight.data = torch.linspace(-1, 1, size).mul(2.3).sin().view_as(module.weight) * 0.6
        nn.init.constant_(module.bias, 0.05)


generator.apply(weights)
critic.apply(weights)
criterion = nn.BCELoss()
optim_d = torch.optim.Adam(critic.parameters(), lr=0.01, betas=(0.5, 0.999))
optim_g = torch.optim.Adam(generator.parameters(), lr=0.01, betas=(0.5, 0.999))
noise = torch.linspace(-1, 1, 32).view(-1, 1)
data = 2 + 0.3 * noise
real, fake = torch.full((32, 1), 1.0), torch.full((32, 1), 0.0)
for step in range(61):
    optim_d.zero_grad()
    made = generator(noise)
    loss_d = criterion(critic(data), real) + criterion(critic(made.detach()), fake)
    loss_d.backward()
    optim_d.step()
    optim_g.zero_grad()
    loss_g = criterion(critic(made), real)
    loss_g.backward()
    optim_g.step()
    if step % 20 == 0:
        print("[%d/60] loss_d %.2f loss_g %.2f centre %.2f" % (step, loss_d.item(), loss_g.item(), made.mean().item()))
print(all(p.grad is not None for p in generator.parameters()))
