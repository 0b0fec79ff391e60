"""A policy gradient on a walk of five places, and what distributions know of themselves."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.distributions import Bernoulli, Categorical, Normal, kl_divergence


class Policy(nn.Module):
    def __init__(self):
        super(Policy, self).__init__()
        self.affine1 = nn.Linear(5, 8)
        self.action_head = nn.Linear(8, 2)
        self.value_head = nn.Linear(8, 1)
        self.saved = []
        self.rewards = []

    def forward(self, x):
        x = F.relu(self.affine1(x))
        return F.softmax(self.action_head(x), dim=-1), self.value_head(x)


model = Policy()
for number, p in enumerate(model.parameters()):
    k = torch.arange(p.numel()).float()
    p.data = (torch.sin(k * k * 0.37 + number) * 0.5).view(p.shape)
optimizer = optim.Adam(model.parameters(), lr=3e-2)
eps = torch.finfo(torch.float32).eps


def episode(number):
    """Walk right for a reward; the actions are given, so that nothing is random."""
    place = 2
    for step in range(8):
        state = F.one_hot(torch.tensor(place), num_classes=5).float()
        probs, value = model(state)
        m = Categorical(probs)
        action = torch.tensor((step + number) % 2)
        model.saved.append((m.log_prob(action), value))
        place = max(0, min(4, place + (1 if action.item() == 1 else -1)))
        model.rewards.append(1.0 if action.item() == 1 else -0.5)


def finish_episode():
    R, policy_losses, value_losses, returns = 0, [], [], []
    for r in model.rewards[::-1]:
        R = r + 0.9 * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + eps)
    for (log_prob, value), R in zip(model.saved, returns):
        policy_losses.append(-log_prob * (R - value.item()))
        value_losses.append(F.smooth_l1_loss(value, torch.tensor([R])))
    optimizer.zero_grad()
    loss = torch.stack(policy_losses).sum() + torch.stack(value_losses).sum()
    loss.backward()
    optimizer.step()
    del model.rewards[:]
    del model.saved[:]
    return loss.item()


for number in range(30):
    episode(number)
    loss = finish_episode()
    if number % 10 == 9:
        with torch.no_grad():
            right = model(torch.eye(5))[0][:, 1].mean()
        print("Episode {} loss {:.2f} right {:.2f}".format(number + 1, loss, right))

normal = Normal(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.5]))
print(normal, normal.log_prob(torch.tensor([0.5, 0.5])), normal.entropy())
print(kl_divergence(normal, Normal(0.0, 1.0)), normal.rsample((3,)).shape)
coin = Bernoulli(logits=torch.tensor([0.0, 2.0]))
print(coin.probs, coin.log_prob(torch.tensor([1.0, 0.0])), coin.sample((4,)).shape)
print(Categorical(logits=torch.ones(3)).entropy(), Categorical(torch.tensor([0.0, 1.0])).sample((2, 2)))
