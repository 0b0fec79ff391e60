"""A transformer encoder that sorts: built of the ready layers, with a mask, positions, and a warm-up."""

import math

import torch
from torch import nn
from torch.nn import TransformerEncoder, TransformerEncoderLayer


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.1, max_len=50):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return self.dropout(x + self.pe[: x.size(0)])


class Sorter(nn.Module):
    def __init__(self, tokens, d_model=16):
        super().__init__()
        self.embed = nn.Embedding(tokens, d_model)
        self.position = PositionalEncoding(d_model, dropout=0.0)
        layer = TransformerEncoderLayer(d_model, nhead=2, dim_feedforward=32, dropout=0.0)
        self.encoder = TransformerEncoder(layer, num_layers=2)
        self.out = nn.Linear(d_model, tokens)

    def forward(self, src, mask=None):
        x = self.position(self.embed(src) * math.sqrt(16))
        return self.out(self.encoder(x, mask))


model = Sorter(8)
for number, (name, p) in enumerate(model.named_parameters()):
    k = torch.arange(p.numel(), dtype=torch.float)
    if p.dim() > 1:
        p.data = torch.sin(k * k * 0.37 + number).view(p.shape) * 0.3
    elif "norm" not in name:
        p.data.zero_()
numbers = (torch.arange(60) ** 2 * 7 // 3 % 8).view(5, 12)  # five numbers, twelve columns
target, _ = torch.sort(numbers, dim=0)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 20))
for step in range(61):
    optimizer.zero_grad()
    loss = nn.CrossEntropyLoss()(model(numbers).view(-1, 8), target.reshape(-1))
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 30 == 0:
        print(f"step {step:2d} loss {loss.item():.2f} lr {optimizer.param_groups[0]['lr']:.4f}")
print(model.pe.shape if hasattr(model, "pe") else model.position.pe.shape)

mask = nn.Transformer.generate_square_subsequent_mask(5)
print(mask[1])
attention = nn.MultiheadAttention(4, 2, batch_first=True)
for number, p in enumerate(attention.parameters()):
    p.data = torch.cos(torch.arange(p.numel(), dtype=torch.float) + number).view(p.shape)
x = torch.linspace(0, 1, 24).view(2, 3, 4)
out, weights = attention(x, x, x, attn_mask=nn.Transformer.generate_square_subsequent_mask(3))
print(out.shape, torch.round(weights[0], decimals=3))
same = nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True)
by_hand = torch.softmax((x @ x.transpose(-2, -1) / 2).masked_fill(torch.ones(3, 3).tril() == 0, -torch.inf), -1) @ x
print(torch.allclose(same, by_hand, atol=1e-6))
