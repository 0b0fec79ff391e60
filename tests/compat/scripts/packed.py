"""Words letter by letter: packed sequences of different lengths, attention over time, and beam search."""

import string
import unicodedata

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence, pad_packed_sequence, pad_sequence

letters = string.ascii_lowercase + "$"
index = {c: i + 1 for i, c in enumerate(letters)}
words = ["tanaka", "sato", "ito", "müller", "schmidt", "weber", "rossi", "bianchi", "ricci"]
labels = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2])


def plain(s):
    return "".join(c for c in unicodedata.normalize("NFD", s) if unicodedata.category(c) != "Mn" and c in letters)


def encode(word):
    return torch.tensor([index[c] for c in plain(word) + "$"], dtype=torch.long)


def seeded(module, k=1.0):
    with torch.no_grad():
        for j, p in enumerate(module.parameters()):
            p.copy_(torch.sin(torch.arange(p.numel()) * 1.7 + j * k).reshape(p.shape) * 0.35)
    if isinstance(module, nn.Embedding) and module.padding_idx is not None:
        module.weight.data[module.padding_idx] = 0
    return module


class Classifier(nn.Module):
    def __init__(self, cell="LSTM"):
        super().__init__()
        self.embed = seeded(nn.Embedding(len(letters) + 1, 5, padding_idx=0))
        self.rnn = seeded(getattr(nn, cell)(5, 6, num_layers=2, batch_first=True, bidirectional=True, dropout=0.0), 2)
        self.score, self.out = seeded(nn.Linear(12, 1)), seeded(nn.Linear(12, 3), 3)

    def forward(self, seqs, lengths):
        packed = pack_padded_sequence(self.embed(seqs), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, hidden = self.rnn(packed)
        out, sizes = pad_packed_sequence(out, batch_first=True, padding_value=0.0)
        mask = torch.arange(out.size(1))[None, :] < sizes[:, None]
        weights = self.score(out).squeeze(2).masked_fill(~mask, float("-inf")).softmax(1)
        return self.out(torch.bmm(weights.unsqueeze(1), out).squeeze(1)), hidden, weights


seqs = [encode(w) for w in words]
lengths = torch.as_tensor([len(s) for s in seqs])
padded = pad_sequence(seqs, batch_first=True)
print(padded[:3], lengths)
for cell in ("LSTM", "GRU", "RNN"):
    model = Classifier(cell)
    optimizer = torch.optim.Adamax(model.parameters(), lr=0.02)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda e: 0.9**e)
    for epoch in range(5):
        logits, hidden, weights = model(padded, lengths)
        loss = F.cross_entropy(logits, labels, weight=torch.tensor([1.0, 2.0, 1.0]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    h = hidden[0] if isinstance(hidden, tuple) else hidden
    print(cell, f"{loss.item():.5f}", h.shape, f"{h[-1].sum().item():.4f}", logits.argmax(-1).tolist())
    print(weights[2], model.embed.weight.grad[0].abs().sum().item())

packed = pack_sequence([s.float().unsqueeze(1) for s in sorted(seqs, key=len, reverse=True)])
print(packed.batch_sizes, packed.data.shape, isinstance(packed, PackedSequence))


class CharLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.cell, self.head = (
            seeded(nn.Embedding(28, 6)),
            seeded(nn.GRUCell(6, 10), 0.3),
            seeded(nn.Linear(10, 28), 5),
        )

    def step(self, x, h):
        h = self.cell(self.embed(x), h)
        return F.log_softmax(self.head(h), dim=-1), h

    def forward(self, x):
        h, out = x.new_zeros(x.size(0), 10, dtype=torch.float), []
        for t in range(x.size(1)):
            y, h = self.step(x[:, t], h)
            out += [y]
        return torch.stack(out, dim=1)


lm = CharLM()
opt = torch.optim.Adagrad(lm.parameters(), lr=0.1)
inputs = torch.cat([torch.zeros(len(words), 1, dtype=torch.long), padded[:, :-1]], 1)
for epoch in range(15):
    logp = lm(inputs)
    loss = F.nll_loss(logp.transpose(1, 2), padded, ignore_index=0)
    opt.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(lm.parameters(), 2.0)
    opt.step()
    if epoch % 5 == 4:
        print(epoch, f"{loss:.4f} {norm:.4f} perplexity {loss.exp():.3f}")


@torch.no_grad()
def beam(width=3, longest=8):
    beams = [(0.0, [0], torch.zeros(1, 10), False)]
    for _ in range(longest):
        grown = []
        for score, seq, h, done in beams:
            if done:
                grown.append((score, seq, h, done))
                continue
            logp, new = lm.step(torch.tensor([seq[-1]]), h)
            top = logp.squeeze(0).topk(width)
            for v, i in zip(*top):
                grown.append((score + v.item(), seq + [i.item()], new, i.item() == index["$"]))
        beams = sorted(grown, key=lambda b: b[0], reverse=True)[:width]
    return beams


for score, seq, _, done in beam():
    print(f"{score:.4f}", "".join((letters[i - 1] if i else "_") for i in seq[1:]), done)
