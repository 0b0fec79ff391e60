"""Letter after letter: recurrent layers of three kinds learn one sentence, and a packed batch of words."""

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

text = "the cat sat on the mat and the rat ran "
chars = sorted(set(text))
to_ix = {ch: i for i, ch in enumerate(chars)}
data = torch.LongTensor([to_ix[ch] for ch in text])


class CharModel(nn.Module):
    def __init__(self, kind, vocab, hidden):
        super().__init__()
        self.encoder = nn.Embedding(vocab, hidden)
        self.rnn = getattr(nn, kind)(hidden, hidden, num_layers=2, batch_first=True)
        self.decoder = nn.Linear(hidden, vocab)

    def forward(self, x, state=None):
        out, state = self.rnn(self.encoder(x), state)
        return self.decoder(out), state


def begin(model):
    for number, p in enumerate(model.parameters()):
        k = torch.arange(p.numel(), dtype=torch.float)
        nn.init.zeros_(p) if p.dim() == 1 else p.data.copy_(torch.sin(k * k * 0.37 + number).view(p.shape) * 0.35)


for kind in ("RNN", "GRU", "LSTM"):
    model = CharModel(kind, len(chars), 16)
    begin(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    losses = []
    for step in range(40):
        logits, _ = model(data[None, :-1])
        loss = nn.functional.cross_entropy(logits.view(-1, len(chars)), data[1:])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_value_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    print(kind, " ".join(f"{loss:.1f}" for loss in losses[::13]), len(list(model.rnn.parameters())))
    state, letter, made = None, data[:1].view(1, 1), [data[0].item()]
    with torch.no_grad():
        for _ in range(9):
            logits, state = model(letter, state)
            letter = logits[:, -1].argmax(dim=-1, keepdim=True)
            made.append(letter.item())
    print(len("".join(chars[i] for i in made)), state[0].shape if kind == "LSTM" else state.shape)

torch.manual_seed(0)
encoder = nn.GRU(3, 4, bidirectional=True, batch_first=True)
begin(encoder)
words = torch.linspace(-1, 1, 36).view(3, 4, 3)
lengths = torch.tensor([4, 2, 3])
packed = pack_padded_sequence(words, lengths, batch_first=True, enforce_sorted=False)
out, last = encoder(packed)
padded, sizes = pad_packed_sequence(out, batch_first=True)
print(packed.data.shape, packed.batch_sizes, padded.shape, sizes)
print(torch.round(padded[1], decimals=3), last.shape)

cell = nn.LSTMCell(3, 2)
begin(cell)
h, c = torch.zeros(1, 2), torch.zeros(1, 2)
for t in range(4):
    h, c = cell(words[:1, t], (h, c))
print(torch.round(h, decimals=3), torch.round(c, decimals=3))
