"""The loop that most tutorials of Chinese text classification share, as a baseline to measure. Do not copy it.

What it does, and this project does not: every text is cut or filled to 32 characters; batches are Python lists, made
into tensors one by one; the training split is read in the order of its file, in every epoch; the state after the last
of the 32 steps is classified, whether it is padding or not; the whole dev split is scored every 100 batches. It stops
after 1,000 batches without a better dev loss, and is scored with the weights that had the best.

Numbers: two bidirectional LSTM layers of 128 units, embedding 300, dropout 0.5, Adam 1e-3, batches of 128, at most 10
epochs, the 10,000 most frequent characters.
"""

from __future__ import annotations

import copy
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

PAD_SIZE, BATCH_SIZE, EPOCHS, PATIENCE, SCORE_EVERY = 32, 128, 10, 1000, 100
Rows = list[tuple[list[int], int]]


class TextbookNetwork(nn.Module):
    """(B, 32) token ids -> (B, C) logits."""

    def __init__(self, vocabulary_size: int, class_count: int):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, 300, padding_idx=vocabulary_size - 1)
        self.lstm = nn.LSTM(300, 128, 2, bidirectional=True, batch_first=True, dropout=0.5)
        self.output = nn.Linear(256, class_count)
        for name, parameter in self.named_parameters():
            if "embedding" not in name:
                nn.init.xavier_normal_(parameter) if parameter.ndim > 1 else nn.init.zeros_(parameter)

    def forward(self, token_ids: Tensor) -> Tensor:
        states, _ = self.lstm(self.embedding(token_ids))
        logits: Tensor = self.output(states[:, -1])
        return logits


@dataclass
class TextbookRun:
    """The results of a run.

    Attributes:
        seconds: of the whole run: files read, vocabulary, training, dev scores, test
        epoch_seconds: of each full epoch, the dev scores inside it included
        curve: (seconds since the start, dev accuracy) at each score
    """

    accuracy: float
    seconds: float
    epoch_seconds: list[float] = field(default_factory=list)
    curve: list[tuple[float, float]] = field(default_factory=list)


def read(path: str, ids: dict[str, int]) -> Rows:
    rows: Rows = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            text, label = line.strip().split("\t")
            tokens = [ids.get(character, len(ids) - 2) for character in text][:PAD_SIZE]
            rows.append((tokens + [len(ids) - 1] * (PAD_SIZE - len(tokens)), int(label)))
    return rows


def batches(rows: Rows) -> Iterator[tuple[Tensor, Tensor]]:
    for start in range(0, len(rows), BATCH_SIZE):
        part = rows[start : start + BATCH_SIZE]
        yield torch.LongTensor([tokens for tokens, _ in part]), torch.LongTensor([label for _, label in part])


def score(model: nn.Module, rows: Rows) -> tuple[float, float]:
    """(accuracy, mean of the batches' losses)."""
    model.eval()
    right, losses = 0, []
    with torch.no_grad():
        for token_ids, labels in batches(rows):
            logits = model(token_ids)
            losses.append(functional.cross_entropy(logits, labels).item())
            right += int((logits.argmax(dim=1) == labels).sum())
    model.train()
    return right / len(rows), sum(losses) / len(losses)


def run(folder: str, seed: int, *, epochs: int = EPOCHS) -> TextbookRun:
    """Train and score on the files of `folder`."""
    started = time.perf_counter()
    torch.manual_seed(seed)
    counts: Counter[str] = Counter()
    with open(f"{folder}/train.txt", encoding="utf-8") as file:
        for line in file:
            counts.update(line.strip().split("\t")[0])
    ids = {character: index for index, (character, _) in enumerate(counts.most_common(10_000))}
    ids |= {"<UNK>": len(ids), "<PAD>": len(ids) + 1}
    train, dev, test = (read(f"{folder}/{split}.txt", ids) for split in ("train", "dev", "test"))
    model = TextbookNetwork(len(ids), len({label for _, label in train}))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    result = TextbookRun(0.0, 0.0)
    best_loss, best_step, step = float("inf"), 0, 0
    best = copy.deepcopy(model.state_dict())
    model.train()
    for _ in range(epochs):
        epoch_started = time.perf_counter()
        for token_ids, labels in batches(train):
            model.zero_grad()
            loss = functional.cross_entropy(model(token_ids), labels)
            loss.backward()
            optimizer.step()
            if step % SCORE_EVERY == 0:
                accuracy, dev_loss = score(model, dev)
                result.curve.append((time.perf_counter() - started, accuracy))
                if dev_loss < best_loss:
                    best_loss, best_step, best = dev_loss, step, copy.deepcopy(model.state_dict())
            step += 1
            if step - best_step > PATIENCE:
                break
        else:
            result.epoch_seconds.append(time.perf_counter() - epoch_started)
            continue
        break
    model.load_state_dict(best)
    result.accuracy, _ = score(model, test)
    result.seconds = time.perf_counter() - started
    return result
