"""The saved language model: a folder that continues and scores texts on any machine with textrnn."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textrnn.config import (
    UNKNOWN_ID,
    DataIdentity,
    GenerationConfig,
    LanguageModelSettings,
    RunSettings,
    find_problem,
)
from textrnn.corpus.texts import TextReader, only_letters, prepare_text
from textrnn.corpus.vocab import Vocabulary
from textrnn.errors import ConfigError, Note
from textrnn.evaluation.metrics import bits, perplexity
from textrnn.files import tensor_bytes
from textrnn.models.language.base import LanguageModelNetwork, RecurrentLanguageModel, State
from textrnn.models.language.mixture import MAX_WEIGHT, NgramMixture
from textrnn.models.language.ngram import NgramModel
from textrnn.models.registry import find_model
from textrnn.saved.folder import (
    CONFIG_FILE,
    IDENTITY,
    MODEL_FILE,
    VOCAB_FILE,
    SavedModel,
    config_bytes,
    explain_mismatched_files,
    kept_identity,
    read_config,
    read_weights,
)
from textrnn.saved.generation import continued
from textrnn.training.objectives.language_model import token_losses
from textrnn.training.threads import Threads
from textrnn.training.train_eval import choose_device

TASK = "lm"
LONGEST_PREFIX = 100_000  # characters


@dataclass(frozen=True)
class Carried:
    """What goes over from one piece of a text to the next: the model's state, the last character, white space held."""

    reader: TextReader
    last_id: int
    state: State | None


@dataclass(frozen=True, eq=False)
class Score:
    """A scored text.

    Attributes:
        text: as the model read it
        losses: float64, (characters,): -ln p of each, nats
        carried: hand it to the next call of :meth:`CharacterModel.score` to go on after this text
    """

    text: str
    losses: NDArray[np.float64]
    carried: Carried = field(repr=False)

    def __eq__(self, other: object) -> bool:
        """Whether the same text got the same losses; what is carried on does not count."""
        if not isinstance(other, Score):
            return NotImplemented
        return self.text == other.text and np.array_equal(self.losses, other.losses)

    def __hash__(self) -> int:
        return hash((self.text, self.losses.tobytes()))

    @property
    def characters(self) -> int:
        """How many were scored."""
        return len(self.losses)

    @property
    def nats(self) -> float:
        """-ln p of the whole text."""
        return math.fsum(self.losses)

    @property
    def nats_per_char(self) -> float:
        """Mean cross-entropy; not a number for an empty text."""
        return self.nats / self.characters if self.characters else math.nan

    @property
    def bits_per_char(self) -> float:
        """The same in bits."""
        return bits(self.nats_per_char)

    @property
    def perplexity(self) -> float:
        """exp of the nats per character."""
        return perplexity(self.nats_per_char)

    def surprising(self, count: int = 5, width: int = 40) -> list[tuple[int, str, float]]:
        """The passages with the highest mean loss, none overlapping another: (start, text, nats per character)."""
        width = min(width, self.characters)
        if width == 0:
            return []
        sums = np.concatenate([[0.0], np.cumsum(self.losses)])
        means = (sums[width:] - sums[:-width]) / width
        found: list[tuple[int, str, float]] = []
        while len(found) < count and np.isfinite(means.max()):
            start = int(means.argmax())
            found.append((start, self.text[start : start + width], float(means[start])))
            means[max(0, start - width + 1) : start + width] = -np.inf
        return found


@dataclass
class CharacterModel(SavedModel):
    """A trained character language model with all that it needs to continue and to score raw text.

    Attributes:
        digest: SHA-256 of the text it has learnt from
        ngram: mixed with the network where there is one
        weights: the exponents of network and n-gram in the mixture
        threads: that compute where texts are scored
        data_identity: of the text; None of one in memory, and of earlier versions
    """

    settings: LanguageModelSettings
    network: RecurrentLanguageModel
    vocabulary: Vocabulary
    digest: str
    ngram: NgramModel | None = None
    weights: tuple[float, float] = (1.0, 0.0)
    threads: Threads = field(default_factory=Threads, repr=False, compare=False)
    data_identity: DataIdentity | None = None

    @property
    def model(self) -> LanguageModelNetwork:
        """What answers: the network, or its mixture with the n-gram."""
        return self.network if self.ngram is None else NgramMixture(self.network, self.ngram, self.weights)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    @property
    def start_id(self) -> int:
        """What a text is taken to follow: a line end, else a space, else the most frequent character."""
        for character in ("\n", " "):
            if character in self.vocabulary.tokens:
                return self.vocabulary.tokens.index(character)
        return min(UNKNOWN_ID + 1, len(self.vocabulary) - 1)

    def encode(self, text: str) -> Tensor:
        """Prepared text -> int64 ids (characters,); none for an empty text."""
        return torch.from_numpy(self.vocabulary.encode_characters(text).astype(np.int64)).to(self.device)

    def score(self, text: str, carried: Carried | None = None) -> Score:
        """How probable a text is, character by character; white space at its end waits for what follows.

        Args:
            carried: what a score before this one left, to go on where it ended. However a text is cut, the sum over its
                pieces is that over the whole.

        Raises:
            ConfigError: if it is no text.
        """
        if not isinstance(text, str):
            raise ConfigError(f"score: of type {type(text).__name__}; expected a text: score several one by one")
        if carried is None:
            data = self.settings.data
            carried = Carried(TextReader(letters=data.letters, line_join=data.line_join), self.start_id, None)
        reader, last_id, state = copy.copy(carried.reader), carried.last_id, carried.state
        body = reader.read(text)
        targets = self.encode(body)
        inputs = torch.cat([targets.new_tensor([last_id]), targets[:-1]])[: len(targets)]
        losses = np.empty(0)
        if len(targets):
            found, state = token_losses(self.model, inputs[None], targets[None], state, threads=self.threads)
            losses, last_id = found[0].cpu().double().numpy(), int(targets[-1])
        return Score(body, losses, Carried(reader, last_id, state))

    def unknown_share(self, score: Score) -> float:
        """Which part of a scored text are characters that the model does not know."""
        return float((self.encode(score.text) == UNKNOWN_ID).float().mean()) if score.characters else 0.0

    def read_prefix(self, prefix: str) -> tuple[str, list[Note]]:
        """A prefix as the model reads it, and what a user should know of that.

        Raises:
            ConfigError: if it is no text, or too long.
        """
        if not isinstance(prefix, str):
            raise ConfigError(f"`predict`: a prefix of type {type(prefix).__name__}; expected a text")
        if len(prefix) > LONGEST_PREFIX:
            raise ConfigError(
                f"`predict`: a prefix of {len(prefix):,} characters; expected at most {LONGEST_PREFIX:,}: give its "
                "end, what stands further back no longer tells"
            )
        notes = []
        if self.settings.data.letters:
            strange = sorted({c for c in prefix if not (c.isascii() and c.isalpha()) and not c.isspace()})
            body = only_letters(prefix)
            if strange:
                notes.append(Note("letters_only", strange=strange))
        else:
            body = prepare_text(prefix, letters=False)
        unknown = sorted({body[at] for at in (self.encode(body) == UNKNOWN_ID).nonzero().flatten().tolist()})
        if unknown:
            notes.append(Note("unknown_characters", unknown=unknown))
        return body, notes

    def stream(self, prefix: str = "", config: GenerationConfig | None = None, *, seed: int = 0) -> Iterator[str]:
        """The characters that follow `prefix`, one by one as they come; in constant memory, however many.

        Args:
            seed: of what is drawn; without a setting that asks for it nothing is.

        Raises:
            ConfigError: if the prefix is too long, or the seed out of bounds.
        """
        return (character for character, _ in self.stream_surprise(prefix, config, seed=seed))

    def stream_surprise(
        self, prefix: str = "", config: GenerationConfig | None = None, *, seed: int = 0
    ) -> Iterator[tuple[str, float]]:
        """As :meth:`stream`, each character with its -ln p under the model, in nats.

        Raises:
            ConfigError: if the prefix is too long, or the seed out of bounds.
        """
        if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
            raise ConfigError(f"`seed` {seed}: must be a whole number from 0 to 2**63 - 1")
        body, _ = self.read_prefix(prefix)
        start = torch.tensor([self.start_id], device=self.device)
        generator = torch.Generator().manual_seed(int(seed))
        tokens = self.vocabulary.tokens
        ids = torch.cat([start, self.encode(body)])
        following = continued(self.model, ids, config or GenerationConfig(), generator)
        return ((tokens[i], nats) for i, nats in following)

    def generate(
        self,
        prefix: str = "",
        length: int = 50,
        *,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        typical_p: float | None = None,
        beam: int | None = None,
        seed: int = 0,
    ) -> str:
        """`prefix` as the model read it, and `length` characters that follow.

        Raises:
            ConfigError: for a value out of bounds, or a prefix that is too long.
        """
        ways = (length, temperature, top_k, top_p, typical_p, beam)
        config = GenerationConfig(*map(_plain, ways))
        body, _ = self.read_prefix(prefix)
        return body + "".join(self.stream(prefix, config, seed=seed))

    def to_files(self) -> dict[str, bytes]:
        tensors = {f"network/{name}": tensor for name, tensor in self.network.state_dict().items()}
        if self.ngram is not None:
            tensors |= {f"ngram/{name}": tensor for name, tensor in self.ngram.to_tensors().items()}
        mixture = dict(zip(("network", "ngram"), self.weights, strict=True))
        return {
            MODEL_FILE: tensor_bytes(tensors),
            VOCAB_FILE: self.vocabulary.to_json().encode("utf-8"),
            CONFIG_FILE: config_bytes(
                {
                    **self.settings.to_kept(),
                    **kept_identity(self.data_identity),
                    "digest": self.digest,
                    "mixture": mixture,
                }
            ),
        }

    @classmethod
    def load(cls, folder: Path | str, device: torch.device | str = "cpu") -> Self:
        """Read a saved model folder.

        Raises:
            ConfigError: if there is no such device.
            ArtifactError: if it is of a newer format or another task, incomplete, or its files do not belong together.
        """
        folder, device = Path(folder), choose_device(str(device))
        config = read_config(folder, TASK)
        vocabulary = Vocabulary.load(folder / VOCAB_FILE)
        weights = read_weights(folder)
        with explain_mismatched_files(folder):
            entry = find_model(config["model"], TASK)
            settings: LanguageModelSettings = RunSettings.from_kept(config, entry.config_class)
            network = entry.build(settings.model_config, vocabulary_size=len(vocabulary))
            learnt, counted = (
                {name.removeprefix(part): values for name, values in weights.items() if name.startswith(part)}
                for part in ("network/", "ngram/")
            )
            network.load_state_dict(learnt)
            order = settings.data.ngram_order
            ngram = NgramModel.from_tensors(counted, len(vocabulary)).to(device) if counted else None
            if (0 if ngram is None else ngram.order) != order:
                raise ValueError(f"its n-gram is not one of order {order}")
            mixture = config["mixture"]
            for name in ("network", "ngram"):
                problem = find_problem(name, mixture[name], float, {"at_least": 0.0, "at_most": MAX_WEIGHT})
                if problem:
                    raise ValueError(f"the mixture's weight of {problem}")
            return cls(
                settings,
                network.to(device).eval(),
                vocabulary,
                config["digest"],
                ngram,
                (float(mixture["network"]), float(mixture["ngram"])),
                data_identity=DataIdentity.from_kept(config.get(IDENTITY)),
            )


def _plain(value: Any) -> Any:
    """A number of NumPy as one of Python."""
    return value.item() if isinstance(value, np.generic) else value
