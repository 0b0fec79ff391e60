"""A siamese network with triplet and contrastive losses, hard pairs, and nearest neighbours."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, Sampler

rng = np.random.RandomState(1)
centres = rng.randn(4, 6) * 2
X = np.concatenate([c + 0.5 * rng.randn(10, 6) for c in centres]).astype(np.float32)
Y = np.repeat(np.arange(4), 10)


class Triplets(Dataset):
    def __init__(self, x, y):
        self.x, self.y = torch.Tensor(x), torch.LongTensor(y)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        same = torch.nonzero(self.y == self.y[i]).flatten().tolist()
        other = torch.where(self.y != self.y[i])[0]
        return {
            "anchor": self.x[i],
            "positive": self.x[same[(same.index(i) + 1) % len(same)]],
            "negative": self.x[other[i % len(other)]],
            "label": self.y[i],
        }


class Every(Sampler):
    def __init__(self, source, step):
        self.source, self.step = source, step

    def __iter__(self):
        return iter([i for s in range(self.step) for i in range(s, len(self.source), self.step)])

    def __len__(self):
        return len(self.source)


class Net(nn.Module):
    def __init__(self, d=3):
        super(Net, self).__init__()
        self.net = nn.Sequential(nn.Linear(6, 16), nn.LayerNorm(16), nn.PReLU(), nn.Linear(16, d))
        for k, layer in enumerate(self.net):
            for q in layer.parameters():
                if q.dim() == 2:
                    q.data.copy_(torch.sin(torch.arange(q.nelement()).float() * (k + 1.3)).view_as(q) * 0.4)
                elif isinstance(layer, nn.Linear):
                    q.data.fill_(0.01)

    def forward(self, *inputs):
        out = tuple(F.normalize(self.net(i), p=2, dim=1) for i in inputs)
        return out if len(out) > 1 else out[0]


def contrastive(a, b, same, margin=1.0):
    d = F.pairwise_distance(a, b)
    return torch.mean(same * d.pow(2) + (1 - same) * torch.clamp(margin - d, min=0.0).pow(2))


data = Triplets(X, Y)
loader = DataLoader(data, batch_size=8, sampler=Every(data, 10))
net, triplet = Net(), nn.TripletMarginLoss(margin=0.5, p=2)
cosine, ranking = nn.CosineEmbeddingLoss(margin=0.2), nn.MarginRankingLoss(margin=0.1)
optimizer = torch.optim.RMSprop(net.parameters(), lr=5e-3, alpha=0.9, centered=True)
plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=0, threshold=0.3)
for epoch in range(4):
    sums = torch.zeros(4)
    for batch in loader:
        a, p, n = net(batch["anchor"], batch["positive"], batch["negative"])
        sign = torch.cat([torch.ones(len(a)), -torch.ones(len(a))])
        losses = torch.stack(
            [
                triplet(a, p, n),
                contrastive(torch.cat([a, a]), torch.cat([p, n]), (sign > 0).float()),
                cosine(torch.cat([a, a]), torch.cat([p, n]), sign),
                ranking(F.cosine_similarity(a, p), F.cosine_similarity(a, n), torch.ones(len(a))),
            ]
        )
        optimizer.zero_grad()
        losses.sum().backward()
        optimizer.step()
        sums += losses.detach()
    plateau.step(sums.sum())
    print(epoch, sums, optimizer.param_groups[0]["lr"])
net.eval()
with torch.no_grad():
    e = net(data.x)
    d = torch.cdist(e, e)
    d.fill_diagonal_(float("inf"))
    near = d.argmin(dim=1)
    print("1-nn", (data.y[near] == data.y).double().mean())
    values, index = torch.topk(d, k=3, largest=False)
    votes = torch.mode(data.y[index], dim=1).values
    print("3-nn", votes.eq(data.y).sum().item(), "of", votes.numel())
    mask = data.y.unsqueeze(0).eq(data.y.unsqueeze(1)) & ~torch.eye(len(e), dtype=torch.bool)
    print("apart %.4f together %.4f" % (d[~mask & d.isfinite()].mean(), d[mask].mean()))
    hardest = torch.where(mask, d, d.new_full((1,), -1.0)).max(1)
    print(hardest.values[:5], hardest[1][:5])
    centre = torch.zeros(4, 3).index_add_(0, data.y, e) / torch.bincount(data.y).view(-1, 1)
    print(centre)
    u, s, v = torch.linalg.svd(e - e.mean(0, keepdim=True), full_matrices=False)
    print(s, (s**2 / s.pow(2).sum()).cumsum(0))
    print(torch.einsum("id,jd->ij", centre, centre).round(decimals=2))
    order = torch.argsort(e[:, 0], descending=True, stable=True)
    print(order[:6], e.gather(1, torch.tensor([[0, 2]]).expand(40, 2))[:2], torch.unique(votes, return_counts=True))
