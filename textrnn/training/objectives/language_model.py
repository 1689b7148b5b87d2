"""Learning to predict the next character: cross-entropy over windows of a text, the state passed from one to the next.

Shapes: B rows, T steps, V vocabulary, N characters.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from textrnn.config import LanguageModelTrainConfig
from textrnn.corpus.windows import RandomWindows, SequentialWindows, Window
from textrnn.errors import ConfigError
from textrnn.evaluation.metrics import perplexity
from textrnn.models.language.base import LanguageModelNetwork, State
from textrnn.randomness import epoch_generator
from textrnn.training.objectives.base import Loss, Objective, loss_of_shares
from textrnn.training.threads import Threads

ROW_CHARACTERS = 500  # scored characters a row, where a text is scored in several rows side by side
WARM_UP_CHARACTERS = 128  # characters read before them, not scored
WARM_CHARACTERS = 16
PROBED_CHARACTERS = 128  # of each row, to estimate what scoring all of them takes
CHARACTERS_AT_ONCE = 512  # characters of a row scored in one go, at most
LOGITS_AT_ONCE = 1 << 22  # and logits of all rows


def scored_steps(rows: int, vocabulary_size: int, logits_at_once: int = LOGITS_AT_ONCE) -> int:
    """How many characters of each row are scored in one go, so that there are at most `logits_at_once` logits."""
    return max(1, min(CHARACTERS_AT_ONCE, logits_at_once // (rows * vocabulary_size)))


@torch.inference_mode()
def token_losses(
    network: LanguageModelNetwork,
    inputs: Tensor,
    targets: Tensor,
    state: State | None = None,
    *,
    logits_at_once: int = LOGITS_AT_ONCE,
    threads: Threads | None = None,
) -> tuple[Tensor, State | None]:
    """-ln p of each target, the state passed from the first to the last.

    Args:
        inputs: int64, (B, N): what is read.
        targets: int64, (B, N): what follows.
        logits_at_once: logits computed in one go, at most.
        threads: that compute; by default as many as are quickest.

    Returns:
        (B, N) nats, and the state after the last input.
    """
    network.eval()
    losses = []
    steps = scored_steps(len(inputs), network.vocabulary_size, logits_at_once)
    threads = threads or Threads.on(inputs.device)
    for part in threads.over(range(0, inputs.shape[1], steps), lambda part: min(steps, inputs.shape[1] - part)):
        logits, state = network(inputs[:, part : part + steps], state)
        wanted = targets[:, part : part + steps]
        losses.append(functional.cross_entropy(logits.transpose(1, 2), wanted, reduction="none"))
    return torch.cat(losses, dim=1) if losses else inputs.new_empty(inputs.shape, dtype=torch.float32), state


class HeldOutText:
    """The text scored at every evaluation, in several rows side by side.

    Each row is warmed up on the characters before it; the result is close to that of reading the
    whole text in one go, in a fraction of the time.

    Args:
        context: int64, (at least one,): the text before it.
        token_ids: int64, (N,), N at least 1.
        row_length: characters scored in a row, at least.
        warm_up: characters read before them, at most.
    """

    def __init__(
        self, context: Tensor, token_ids: Tensor, *, row_length: int = ROW_CHARACTERS, warm_up: int = WARM_UP_CHARACTERS
    ):
        self.count = len(token_ids)
        rows = max(1, min(64, self.count // row_length))
        length = -(-self.count // rows)
        whole = torch.cat([context[-(warm_up + 1) :], token_ids])
        first = len(whole) - self.count  # position of the first character scored
        starts = first + length * torch.arange(rows, device=whole.device)
        at = starts[:, None] + torch.arange(1 - first, length, device=whole.device)[None, :]
        scored = (at >= starts[:, None]) & (at < len(whole))
        self.targets = whole[at.clamp(max=len(whole) - 1)]
        self.inputs = whole[(at - 1).clamp(max=len(whole) - 1)]
        self.scored = scored

    def loss(self, network: LanguageModelNetwork, threads: Threads | None = None) -> float:
        """Mean nats per character."""
        losses, _ = token_losses(network, self.inputs, self.targets, threads=threads)
        return math.fsum(losses[self.scored].tolist()) / self.count


class LanguageModelObjective(Objective[Window]):
    """Cross-entropy of the characters of a text, judged by a held-out text.

    Args:
        token_ids: int64, (N,): the text to learn from.
        config: settled, see :func:`textrnn.tasks.settings.settle`.
        write: what the network that is trained writes, from the number of steps done.

    Raises:
        ConfigError: if the text does not fill one batch.
    """

    size_settings = "`batch_size`, `num_steps` or `hidden_size`"

    def __init__(
        self,
        token_ids: Tensor,
        held_out: HeldOutText,
        config: LanguageModelTrainConfig,
        write: Callable[[int], str] | None = None,
    ):
        self.token_ids, self.held_out, self.config, self.write = token_ids, held_out, config, write
        self.batch_size = config.batch_size
        self.evaluate_epochs = config.evaluate_epochs
        self.state: State | None = None
        self.threads = Threads.on(token_ids.device, config.threads)  # of evaluations
        if self.batch_count(1) < 1:
            raise ConfigError(
                f"`batch_size` {self.batch_size} and `num_steps` {config.num_steps}: one batch has more than the "
                f"{len(token_ids):,} characters to learn from; expected smaller ones, or a longer text"
            )

    def _windows(self, epoch: int) -> SequentialWindows | RandomWindows:
        """An epoch's windows: drawn from the seed and the epoch alone, so that a resumed run has the same."""
        generator = epoch_generator(self.config.seed, epoch)
        steps = self.config.num_steps
        spare = max(0, len(self.token_ids) - 1 - self.batch_size * steps)  # a short text has no room for an offset
        offset = int(torch.randint(min(steps, spare + 1), (), generator=generator))
        if self.config.sampling == "random":
            return RandomWindows(self.token_ids, self.batch_size, steps, offset=offset, generator=generator)
        return SequentialWindows(self.token_ids, self.batch_size, steps, offset=offset, keep_rest=self.config.keep_rest)

    def batch_count(self, epoch: int) -> int:
        return len(self._windows(epoch))

    def batches(self, epoch: int) -> Sequence[Window]:
        return self._windows(epoch)

    def loss(self, network: nn.Module, batch: Window) -> Loss:
        logits, state = network(batch.inputs, self.state if batch.continues else None)
        self.state = tuple(part.detach() for part in state)
        loss = functional.cross_entropy(logits.flatten(0, 1), batch.targets.flatten())
        return Loss(loss, loss.detach(), batch.targets.numel())

    def tokens(self, batch: Window) -> int:
        return batch.inputs.numel()

    def is_due(self, step: int, epoch: int, at_epoch_end: bool) -> bool:
        if self.config.evaluate_every is not None:
            return step % self.config.evaluate_every == 0
        return at_epoch_end and epoch % self.evaluate_epochs == 0

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        assert isinstance(network, LanguageModelNetwork)
        loss = self.held_out.loss(network, self.threads)
        return {"dev_loss": loss, "dev_perplexity": perplexity(loss)}

    def guessing_loss(self) -> float:
        """That of the characters' shares in the text learnt from."""
        answers = self.held_out.targets[self.held_out.scored]
        return loss_of_shares(self.token_ids, answers, int(max(self.token_ids.max(), answers.max())) + 1)

    def evaluation_seconds(self, network: nn.Module) -> float:
        """Estimated from one part of the rows (and a little of it before, because the first call is slower)."""
        assert isinstance(network, LanguageModelNetwork)
        inputs, targets = (t[:, :PROBED_CHARACTERS] for t in (self.held_out.inputs, self.held_out.targets))
        token_losses(network, inputs[:, :WARM_CHARACTERS], targets[:, :WARM_CHARACTERS], threads=self.threads)
        started = time.perf_counter()
        token_losses(network, inputs, targets, threads=self.threads)
        return (time.perf_counter() - started) * self.held_out.inputs.shape[1] / inputs.shape[1]

    def sample(self, step: int) -> str | None:
        return None if self.write is None else self.write(step)

    def summary(self, train_loss: float) -> Mapping[str, float]:
        return {"train_perplexity": perplexity(train_loss)}

    def state_dict(self) -> dict[str, Tensor]:
        return {str(index): part for index, part in enumerate(self.state or ())}

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        device = self.token_ids.device
        self.state = tuple(tensors[str(index)].to(device) for index in range(len(tensors))) or None
