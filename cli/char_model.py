"""A small transformer that guesses the next character, the windows of text it learns from, and the text it writes."""

from __future__ import annotations

from tinygrad_edu import Generator, Tensor, arange, cat, full, long, nn, no_grad, tensor
from tinygrad_edu.utils.data import Dataset

__all__ = ["CharTransformer", "Vocabulary", "Windows", "next_character_loss", "write"]


class Vocabulary:
    """The characters of a text, and their numbers.

    >>> v = Vocabulary("banana")
    >>> v.encode("nab").tolist(), v.decode([2, 0, 1])
    ([2, 0, 1], 'nab')
    """

    def __init__(self, text: str) -> None:
        self.characters = sorted(set(text))
        self.numbers = {character: number for number, character in enumerate(self.characters)}

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> Tensor:
        """The numbers of a text's characters, int64."""
        return tensor([self.numbers[character] for character in text], dtype=long)

    def decode(self, numbers: list[int]) -> str:
        """The text again."""
        return "".join(self.characters[number] for number in numbers)


class Windows(Dataset):
    """Every stretch of `size` characters, and the same a character later: what comes next at each place.

    >>> x, y = Windows(arange(5), 3)[1]
    >>> x.tolist(), y.tolist(), len(Windows(arange(5), 3))
    ([1, 2, 3], [2, 3, 4], 2)
    """

    def __init__(self, numbers: Tensor, size: int) -> None:
        self.numbers, self.size = numbers, size

    def __len__(self) -> int:
        return len(self.numbers) - self.size

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.numbers[index : index + self.size], self.numbers[index + 1 : index + self.size + 1]


class CharTransformer(nn.Module):
    """Characters and places are looked up, blocks of attention look back, a layer scores what comes next.

    Takes numbers of characters (N, T) with T up to `window`; returns scores (N, T, characters).
    """

    def __init__(self, characters: int, window: int, width: int = 64, heads: int = 4, layers: int = 2) -> None:
        super().__init__()
        self.window = window
        self.character = nn.Embedding(characters, width)
        self.place = nn.Embedding(window, width)
        self.blocks = nn.ModuleList(
            [
                nn.TransformerEncoderLayer(
                    width, heads, 4 * width, dropout=0.0, batch_first=True, norm_first=True
                )
                for _ in range(layers)
            ]
        )
        self.norm = nn.LayerNorm(width)
        self.score = nn.Linear(width, characters)
        self.register_buffer("future", full((window, window), float("-inf")).triu(1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Scores for the character after each place; no place sees a later one."""
        length = x.shape[1]
        h = self.character(x) + self.place(arange(length, device=x.device))
        for block in self.blocks:
            h = block(h, src_mask=self.future[:length, :length], is_causal=True)
        return self.score(self.norm(h))


def next_character_loss(scores: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy over all places, in nats for each character; scores (N, T, characters), target (N, T)."""
    return nn.functional.cross_entropy(scores.flatten(0, 1), target.flatten())


def write(
    model: CharTransformer, vocabulary: Vocabulary, start: str, length: int, temperature: float, generator: Generator
) -> str:
    """`start` and `length` more characters, each drawn by the model's scores divided by `temperature`."""
    numbers = vocabulary.encode(start)[None].to(model.score.weight.device)
    model.eval()
    with no_grad():
        for _ in range(length):
            scores = model(numbers[:, -model.window :])[0, -1] / temperature
            drawn = scores.softmax(-1).multinomial(1, generator=generator)
            numbers = cat([numbers, drawn[None]], 1)
    return vocabulary.decode(numbers[0].tolist())
