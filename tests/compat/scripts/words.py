"""Word vectors by skip-gram on five sentences, and which words end up near each other."""

import torch
import torch.nn as nn
import torch.nn.functional as F

text = """the king rules the land . the queen rules the land . a dog chases a cat .
a cat chases a mouse . the king loves the queen"""
words = text.split()
vocabulary = sorted(set(words))
index = {word: i for i, word in enumerate(vocabulary)}
print(len(words), "words,", len(vocabulary), "different")


class SkipGram(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embeddings = nn.Embedding(size, dim)
        self.linear1 = nn.Linear(dim, 24)
        self.linear2 = nn.Linear(24, size)

    def forward(self, inputs):
        embeds = self.embeddings(inputs).view((inputs.size(0), -1))
        return F.log_softmax(self.linear2(F.relu(self.linear1(embeds))), dim=1)


pairs = [(index[words[i]], index[words[j]]) for i in range(len(words)) for j in (i - 1, i + 1) if 0 <= j < len(words)]
centre = torch.LongTensor([a for a, _ in pairs])
context = torch.tensor([b for _, b in pairs], dtype=torch.long)
model = SkipGram(len(vocabulary), 8)
for number, p in enumerate(model.parameters()):
    p.data = torch.cos(torch.arange(p.nelement(), dtype=torch.float) * 0.9 + number).reshape(p.data.size()) * 0.3
loss_function = nn.NLLLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.5)
losses = []
for epoch in range(80):
    model.zero_grad()
    loss = loss_function(model(centre), context)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print("loss: " + " ".join("%.2f" % loss for loss in losses[::20]))
probabilities = model(torch.tensor([index["king"], index["dog"]])).exp()
values, best = torch.topk(probabilities, k=2, dim=1)
print([[vocabulary[i] for i in row] for row in best.tolist()])
vectors = F.normalize(model.embeddings.weight.detach(), dim=1)
print(vectors.shape, torch.allclose(vectors.norm(dim=1), torch.ones(len(vocabulary))))
