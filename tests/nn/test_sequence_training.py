"""Networks of sequences, as lectures write them, trained side by side with PyTorch from the same weights."""

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg

pytestmark = pytest.mark.oracle

TOKENS = np.random.default_rng(0).integers(0, 11, (6, 4, 8))  # batches of 4 sequences of 8


def gpt(torch: Any) -> Any:
    """A small GPT, with masked attention written out as its authors do."""
    nn, functional = torch.nn, torch.nn.functional

    class Block(nn.Module):
        def __init__(self, size: int, heads: int) -> None:
            super().__init__()
            self.ln_1, self.ln_2 = nn.LayerNorm(size), nn.LayerNorm(size)
            self.c_attn, self.c_proj = nn.Linear(size, 3 * size), nn.Linear(size, size)
            self.mlp = nn.ModuleDict(
                {"c_fc": nn.Linear(size, 4 * size), "act": nn.GELU(), "out": nn.Linear(4 * size, size)}
            )
            self.heads = heads
            self.register_buffer("bias", torch.tril(torch.ones(8, 8)).view(1, 1, 8, 8))

        def attention(self, x: Any) -> Any:
            batch, length, size = x.size()
            q, k, v = self.c_attn(x).split(size, dim=2)
            q, k, v = (t.view(batch, length, self.heads, size // self.heads).transpose(1, 2) for t in (q, k, v))
            att = (q @ k.transpose(-2, -1)) * (1.0 / k.size(-1) ** 0.5)
            att = att.masked_fill(self.bias[:, :, :length, :length] == 0, float("-inf"))
            fast = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            slow = functional.softmax(att, dim=-1) @ v
            assert torch.allclose(fast, slow, atol=1e-6)
            return self.c_proj(slow.transpose(1, 2).contiguous().view(batch, length, size))

        def forward(self, x: Any) -> Any:
            x = x + self.attention(self.ln_1(x))
            return x + self.mlp.out(self.mlp.act(self.mlp.c_fc(self.ln_2(x))))

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wte, self.wpe = nn.Embedding(11, 12), nn.Embedding(8, 12)
            self.h = nn.ModuleList([Block(12, 3) for _ in range(2)])
            self.lm_head = nn.Linear(12, 11, bias=False)

        def forward(self, tokens: Any) -> Any:
            x = self.wte(tokens[:, :-1]) + self.wpe(torch.arange(0, 7, dtype=torch.long).unsqueeze(0))
            for block in self.h:
                x = block(x)
            return functional.cross_entropy(self.lm_head(x).view(-1, 11), tokens[:, 1:].reshape(-1))

    return Model()


def reader(torch: Any) -> Any:
    """A classifier that reads packed sequences both ways and looks at its last states."""
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(11, 5, padding_idx=0)
            self.lstm = nn.LSTM(5, 6, num_layers=2, bidirectional=True, batch_first=True)
            self.gru = nn.GRU(12, 4, batch_first=True)
            self.out = nn.Linear(12 + 4, 3)

        def forward(self, tokens: Any) -> Any:
            pack, pad = nn.utils.rnn.pack_padded_sequence, nn.utils.rnn.pad_packed_sequence
            packed = pack(self.embed(tokens), torch.tensor([8, 3, 5, 1]), batch_first=True, enforce_sorted=False)
            out, (h, _) = self.lstm(packed)
            read, lengths = pad(out, batch_first=True)
            again, _ = self.gru(read)
            last = again[torch.arange(4), lengths - 1]
            score = self.out(torch.cat([h[-2], h[-1], last], 1))
            return nn.functional.cross_entropy(score, tokens[:, 0] % 3)

    return Model()


def translator(torch: Any) -> Any:
    """An encoder and a decoder with padding, positions by sines."""
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(11, 8)
            self.net = nn.Transformer(8, 2, 1, 1, 16, dropout=0.0, batch_first=True, norm_first=True, activation="gelu")
            self.out = nn.Linear(8, 11)
            place = torch.arange(8).unsqueeze(1) * torch.exp(torch.arange(0, 8, 2) * (-np.log(10000.0) / 8))
            self.register_buffer("places", torch.stack([place.sin(), place.cos()], 2).reshape(8, 8), persistent=False)

        def forward(self, tokens: Any) -> Any:
            x = self.embed(tokens) + self.places
            hidden = tokens == 0
            mask = nn.Transformer.generate_square_subsequent_mask(7, dtype=x.dtype)
            y = self.net(x, x[:, :-1], tgt_mask=mask, src_key_padding_mask=hidden, memory_key_padding_mask=hidden)
            return nn.functional.cross_entropy(self.out(y).transpose(1, 2), tokens[:, 1:], label_smoothing=0.1)

    return Model()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [gpt, reader, translator])
def test_losses_are_equal(make: Any) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    theirs, ours = make(torch).double(), make(tg).double()
    ours.load_state_dict({key: tg.tensor(value.numpy().copy()) for key, value in theirs.state_dict().items()})
    losses: list[list[float]] = []
    for library, net in ((tg, ours), (torch, theirs)):
        optimizer = library.optim.AdamW(net.parameters(), lr=0.01, weight_decay=0.1)
        schedule = library.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=12)
        seen = []
        for batch in [*TOKENS, *TOKENS]:
            optimizer.zero_grad()
            loss = net(library.tensor(batch))
            loss.backward()
            library.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            seen.append(loss.item())
        losses.append(seen)
    np.testing.assert_allclose(*losses, rtol=1e-6)
    assert losses[0][-1] < losses[0][0]
    half = len(TOKENS)
    assert sum(losses[0][half:]) < sum(losses[0][:half])  # the same batches, seen again
