"""Why a saved classifier answered as it did: what each token of a text adds to the answer, against the runner-up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textrnn.config import UNKNOWN_ID
from textrnn.corpus.batches import LabelledTexts
from textrnn.corpus.spans import Span, token_spans
from textrnn.corpus.vocab import EncodedTexts
from textrnn.errors import ConfigError, did_you_mean, listed, one_line
from textrnn.models.attribution import ROUNDS, Attribution, attribute
from textrnn.models.classifiers.windowed import WindowedClassifier
from textrnn.models.window_shares import WindowShares, reads_in_windows, tokens_of_windows, window_shares
from textrnn.saved.answers import taken_labels
from textrnn.saved.classifier import Classifier
from textrnn.saved.neighbours import Neighbour as Neighbour
from textrnn.saved.neighbours import Neighbours as Neighbours
from textrnn.saved.sentence_shares import sentence_shares
from textrnn.training.threads import thread_count

EXPLAINED_TOKENS = 1024  # of a text that is read in windows: those of its strongest windows
WINDOWS_TOLD = 50  # of a text, the strongest
SHOWN_OF_WINDOW = 80  # characters
NO_OTHER = -1  # in the place of the class that a label is compared with, where it is explained by itself
BATCH_TOKENS = 512  # of the texts that are explained together; each is computed at many steps


@dataclass(frozen=True)
class TokenContribution:
    """A token, its place in the text as it was given, and what it adds to the difference of the logits.

    Attributes:
        token: as the model reads it, in lower case where that is so; "" of a text without any
        known: whether the vocabulary has it
    """

    token: str
    start: int
    end: int
    contribution: float
    known: bool = True


@dataclass(frozen=True)
class WindowContribution:
    """A window of a long text, its place in the text as it was given, and what it adds to the difference of the logits.

    Attributes:
        number: from 0, in the order of the text
        text: its beginning
        weight: that attention gives it, with the mean of all windows as 1; 1 where windows vote
    """

    number: int
    start: int
    end: int
    text: str
    weight: float
    contribution: float


@dataclass(frozen=True)
class Explanation:
    """What makes a text be of one class rather than of another; or, where it may have several labels, have one or not.

    The contributions of the tokens have the sum ``logit_difference - baseline``. Of a long text that is read in
    windows, that is the sum of its windows, and only the strongest have tokens, which add up to what their window adds.

    Attributes:
        label: the class that is explained, by default the answer
        against: the class that it is compared with, by default the next most probable one; None: its threshold
        probability: of `label`
        logit_difference: the logit of `label` less that of `against`, of the text; without `against`, that of `label`
        baseline: the same of a text that says nothing: unknown tokens, no n-gram
        method: ``exact`` or ``integrated gradients``, or both; ``(clipped)`` where the gradients were too steep to be
            summed up as they are, so that the numbers are rough
        steps: from the baseline to the text; 0 where the contributions are exact
        gap: what the steps left open of the sum; it was divided among the tokens, by the size of their contributions
        unread_from: the position in the text from which on the model reads nothing (see `pad_size`); None if it
            reads all of it
        windows: of a text that has several, the strongest first, 50 at most
        window_count: how many it has
        other_windows: what the windows add that are not told
        threshold: from which probability on `label` is given, where a text may have several
        logit_threshold: the logit of that probability, before calibration
    """

    text: str
    label: str
    against: str | None
    probability: float
    logit_difference: float
    baseline: float
    method: str
    tokens: list[TokenContribution]
    steps: int = 0
    gap: float = 0.0
    unread_from: int | None = None
    windows: Sequence[WindowContribution] = ()
    window_count: int = 1
    other_windows: float = 0.0
    threshold: float | None = None
    logit_threshold: float | None = None

    @property
    def is_given(self) -> bool:
        """Whether the text is given the label, where it may have several."""
        return self.threshold is not None and self.probability >= self.threshold

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        tokens = [
            {"token": each.token, "start": each.start, "end": each.end, "contribution": each.contribution}
            for each in self.tokens
        ]
        of_threshold = ("threshold", "logit_threshold") if self.threshold is None else ()
        own = {name: value for name, value in vars(self).items() if name not in of_threshold}
        return {**own, "tokens": tokens, "windows": [vars(each) for each in self.windows]}

    def strongest(self, count: int, *, against: bool = False) -> list[TokenContribution]:
        """The tokens that speak most for the class, or against it, the strongest first."""
        sign = -1.0 if against else 1.0
        found = [each for each in self.tokens if sign * each.contribution > 0]
        return sorted(found, key=lambda each: -sign * each.contribution)[:count]


def explain(
    classifier: Classifier,
    texts: Sequence[str],
    *,
    label: str | None = None,
    against: str | None = None,
    rounds: int = ROUNDS,
) -> list[Explanation]:
    """Explain the answers to texts: exactly where the model is linear, by integrated gradients elsewhere.

    Args:
        label: the class to explain; by default the answer to each text; where there may be several, the likeliest.
        against: the class to compare it with; by default the most probable one of the others; where a text may have
            several labels, by default none: what each token adds to the logit of `label` itself.
        rounds: of steps at most, three times as many in each; with one, an answer comes quickly, and more is left open.

    Raises:
        ConfigError: if a class is unknown, both are the same, or there is only one.
    """
    chosen = _index(classifier, "label", label), _index(classifier, "against", against)
    if len(classifier.class_names) < 2 and not classifier.multi_label:
        raise ConfigError(
            f"the model knows one class only, {classifier.class_names[0]}: expected at least two, of which one is "
            "explained against another"
        )
    if label is not None and label == against:
        raise ConfigError(f"`against` {one_line(label)}: the class that is to be explained; expected another one")
    encoded = classifier.encode(list(texts))
    probabilities = classifier.probabilities_of(encoded)
    classes = [_pair(row, *chosen, alone=classifier.multi_label) for row in probabilities]
    return _explained(classifier, texts, encoded, probabilities, classes, rounds)


def explain_labels(
    classifier: Classifier, texts: Sequence[str], *, rounds: int = ROUNDS, most: int | None = None
) -> list[list[Explanation]]:
    """Where texts may have several labels, explain each that a text is given, the likeliest first; of a text that is
    given none, the likeliest. The logit of the label itself is explained, which its threshold decides about.

    Args:
        rounds: see :func:`explain`.
        most: labels of each text, the likeliest; None: all.
    """
    encoded = classifier.encode(list(texts))
    probabilities = classifier.probabilities_of(encoded)
    assert classifier.thresholds is not None, "one label a text"
    taken = taken_labels(probabilities, classifier.thresholds)
    own = ([index for index, _ in taken.of(row)][:most] for row in range(len(texts)))
    given = [labels or [int(row.argmax())] for labels, row in zip(own, probabilities, strict=True)]
    rows = [row for row, labels in enumerate(given) for _ in labels]
    asked = [texts[row] for row in rows]
    classes = [(label, NO_OTHER) for labels in given for label in labels]
    each = iter(_explained(classifier, asked, classifier.encode(asked), probabilities[rows], classes, rounds))
    return [[next(each) for _ in labels] for labels in given]


def _explained(
    classifier: Classifier,
    texts: Sequence[str],
    encoded: EncodedTexts,
    probabilities: NDArray[np.float64],
    classes: list[tuple[int, int]],
    rounds: int,
) -> list[Explanation]:
    """Texts with the two classes of each, batch by batch."""
    found: list[Explanation | None] = [None] * len(texts)
    in_windows = [row for row, n in enumerate(encoded.lengths) if reads_in_windows(classifier.network, int(n))]
    for row in in_windows:
        probability = float(probabilities[row][classes[row][0]])
        found[row] = _told_by_windows(classifier, texts[row], encoded, row, classes[row], probability, rounds)
    for rows in _batches(encoded.lengths, set(in_windows)):
        attribution = _attributed(classifier, encoded, rows, [classes[row] for row in rows], rounds)
        for place, row in enumerate(rows):
            probability = float(probabilities[row][classes[row][0]])
            ids = encoded.token_ids[encoded.offsets[row] : encoded.offsets[row + 1]]
            found[row] = _told(classifier, texts[row], ids, classes[row], probability, attribution, place)
    return [explanation for explanation in found if explanation is not None]


def _index(classifier: Classifier, setting: str, name: str | None) -> int | None:
    if name is None or name in classifier.class_names:
        return None if name is None else classifier.class_names.index(name)
    raise ConfigError(
        f"`{setting}` {one_line(name)}: no class of the model; expected one of {listed(classifier.class_names)}"
        f"{did_you_mean(name, classifier.class_names)}"
    )


def _pair(
    probabilities: NDArray[np.float64], label: int | None, against: int | None, *, alone: bool
) -> tuple[int, int]:
    """The class that is explained, and the one that it is compared with, by default none if it stands `alone`."""
    order = np.argsort(-probabilities, kind="stable").tolist()
    chosen = next(index for index in order if index != against) if label is None else label
    if against is None and alone:
        return chosen, NO_OTHER
    return chosen, next(index for index in order if index != chosen) if against is None else against


def _batches(lengths: NDArray[np.int64], without: set[int]) -> Iterator[list[int]]:
    """Rows of similar lengths, few enough to be computed together."""
    rows: list[int] = []
    for row in np.argsort(lengths, kind="stable").tolist():
        if row in without:
            continue
        if rows and (len(rows) + 1) * int(lengths[row]) > BATCH_TOKENS:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _attributed(
    classifier: Classifier, encoded: EncodedTexts, rows: list[int], classes: list[tuple[int, int]], rounds: int
) -> Attribution:
    device = next(classifier.network.parameters()).device
    texts = LabelledTexts.from_encoded(encoded, [0] * len(encoded.lengths), device)
    batch = texts.batch(torch.tensor(rows))
    label, against = torch.tensor(classes, device=device).unbind(1)
    tokens = len(rows) * batch.token_ids.shape[1]
    with thread_count(1) if tokens < BATCH_TOKENS // 4 else classifier.threads.piece(tokens):
        ids, lengths, *spelt = batch.inputs
        characters = spelt[0] if spelt else None
        return attribute(classifier.network, ids, lengths, label, against, rounds=rounds, characters=characters)


def _told(
    classifier: Classifier,
    text: str,
    token_ids: NDArray[np.int32],
    classes: tuple[int, int],
    probability: float,
    attribution: Attribution,
    place: int,
) -> Explanation:
    """One explanation of a batch, its contributions made to have the sum that they should have."""
    spans, unread_from = token_spans(
        text, classifier.vocabulary.tokenizer, max_tokens=classifier.settings.data.max_tokens
    )
    spans = spans or [Span("", 0, 0)]  # an empty text is answered as one unknown token
    contributions = attribution.contributions[place, : len(spans)].double()
    difference, baseline = float(attribution.difference[place]), float(attribution.baseline[place])
    gap = difference - baseline - float(contributions.sum())
    sizes = contributions.abs() if contributions.any() else torch.ones_like(contributions)
    of_vector = sentence_shares(classifier, text, spans, classes)
    contributions = contributions + gap * sizes / sizes.sum() + of_vector.contributions
    difference, baseline = difference + of_vector.difference, baseline + of_vector.baseline
    steps = int(attribution.steps[place])
    tokens = [
        TokenContribution(span.token, span.start, span.end, contribution, bool(token_id != UNKNOWN_ID))
        for span, contribution, token_id in zip(spans, contributions.tolist(), token_ids, strict=True)
    ]
    names, alone = classifier.class_names, classes[1] == NO_OTHER
    label, against = names[classes[0]], None if alone else names[classes[1]]
    limits: dict[str, Any] = _limits(classifier, classes[0]) if alone else {}
    method = _method(steps, bool(attribution.exact_bags[place]), bool(attribution.clipped[place]))
    return Explanation(
        text, label, against, probability, difference, baseline, method, tokens, steps, gap, unread_from, **limits
    )


def _limits(classifier: Classifier, label: int) -> dict[str, float]:
    """From which probability on a label is given, and the logit that has it."""
    calibration = classifier.label_calibration
    assert classifier.thresholds is not None, "one label a text"
    threshold = float(classifier.thresholds[label])
    logit = float(np.log(threshold / (1 - threshold)) - calibration.biases[label]) * calibration.temperature
    return {"threshold": threshold, "logit_threshold": logit}


def _told_by_windows(
    classifier: Classifier,
    text: str,
    encoded: EncodedTexts,
    row: int,
    classes: tuple[int, int],
    probability: float,
    rounds: int,
) -> Explanation:
    """The explanation of a text that has several windows: all windows, and the tokens of the strongest."""
    network = classifier.network
    assert isinstance(network, WindowedClassifier)
    device = next(network.parameters()).device
    of_text = encoded.token_ids[encoded.offsets[row] : encoded.offsets[row + 1]]
    inputs = LabelledTexts.from_encoded(encoded, [0] * len(encoded.lengths), device).batch(torch.tensor([row])).inputs
    token_ids = inputs[0][0]
    tokenizer, limit = classifier.vocabulary.tokenizer, classifier.settings.data.max_tokens
    spans, unread_from = token_spans(text, tokenizer, max_tokens=limit)
    of_vector = sentence_shares(classifier, text, spans, classes)
    with classifier.threads.piece(len(token_ids)):
        shares = window_shares(network, inputs, *classes, of_vector.contributions, of_vector.baseline)
        chosen = shares.strongest(max(1, EXPLAINED_TOKENS // shares.window))
        within = tokens_of_windows(network, token_ids, shares, chosen, *classes, rounds=rounds)
    tokens, gap = list[TokenContribution](), 0.0
    for place, window in enumerate(chosen):
        at, weight = shares.tokens_of(window), shares.share * float(shares.weights[window])
        by_windows = weight * within.contributions[place, : at.stop - at.start].double()
        added = by_windows + shares.beside[at].double()
        left = float(shares.contributions[window] - added.sum())
        sizes = added.abs() if added.any() else torch.ones_like(added)
        gap += left
        tokens += [
            TokenContribution(span.token, span.start, span.end, value, bool(token_id != UNKNOWN_ID))
            for span, value, token_id in zip(
                spans[at], (added + left * sizes / sizes.sum()).tolist(), of_text[at], strict=True
            )
        ]
    told = _windows_told(text, spans, shares)
    names, alone = classifier.class_names, classes[1] == NO_OTHER
    label, against = names[classes[0]], None if alone else names[classes[1]]
    limits: dict[str, Any] = _limits(classifier, classes[0]) if alone else {}
    others = shares.difference - shares.baseline - sum(each.contribution for each in told)
    steps, clipped = int(within.steps.max()), bool(within.clipped.any())
    return Explanation(
        text, label, against, probability, shares.difference, shares.baseline, _method(steps, False, clipped), tokens,
        steps, gap, unread_from, told, len(shares.weights), others, **limits,
    )  # fmt: skip


def _windows_told(text: str, spans: Sequence[Span], shares: WindowShares) -> list[WindowContribution]:
    """The strongest windows, the strongest first."""
    mean = float(shares.weights.mean())
    told = []
    for window in shares.strongest(WINDOWS_TOLD):
        at = shares.tokens_of(window)
        start, end = spans[at.start].start, spans[at.stop - 1].end
        piece = text[start : min(end, start + SHOWN_OF_WINDOW)]
        weight, added = float(shares.weights[window]) / mean, float(shares.contributions[window])
        told.append(WindowContribution(window, start, end, piece, weight, added))
    return sorted(told, key=lambda each: -abs(each.contribution))


def _method(steps: int, exact_bags: bool, clipped: bool) -> str:
    if steps == 0:
        return "exact"
    return f"integrated gradients{' (clipped)' if clipped else ''}{', n-grams exact' if exact_bags else ''}"
