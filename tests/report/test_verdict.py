"""The sentences of a verdict, word for word, and each hint only where it can help."""

from __future__ import annotations

import numpy as np
import pytest

from textrnn.evaluation.baseline import Baseline, linear_baseline
from textrnn.evaluation.metrics import confusion_matrix
from textrnn.evaluation.records import ClassifierFigures, ComparisonEntry, HeldOutScores
from textrnn.evaluation.verdict import Circumstances, VerdictFigures
from textrnn.report.verdict import Verdict, bare, compared, on_language_model

NAMES = ["sports", "games"]
GOOD_ROW = {"step": 10, "train_loss": 0.5, "dev_loss": 0.5}


def verdict(
    counts: list[list[int]],
    linear_counts: list[list[int]] | None = None,
    *,
    rows: list[dict[str, float]] | None = None,
    model: str = "LSTM",
    **circumstances: object,
) -> Verdict:
    """Of answers with this confusion matrix; those of the linear model are right on the first texts of each class."""
    labels = [label for label in range(2) for _ in range(sum(counts[label]))]

    def answers(of: list[list[int]]) -> np.ndarray:
        return np.array([0 if guess == label else 1 for label in range(2) for guess in (label, 1 - label)
                         for _ in range(of[label][guess])]) ^ np.array(labels)  # fmt: skip

    baseline = None
    if linear_counts is not None:
        linear = answers(linear_counts)
        baseline = Baseline(linear, confusion_matrix(labels, linear, 2), 0.1)
    figures = ClassifierFigures(np.eye(2, dtype=np.float32)[answers(counts)], labels, 0.0, 1.0)
    given = {"training_counts": (400, 400), "tokens_per_text": 20.0, "pad_size": 512, "epochs": 6, **circumstances}
    every = rows or [GOOD_ROW]
    return Verdict(
        model, NAMES, [f"text {i}" for i in range(len(labels))],
        VerdictFigures(figures, baseline, every, every[-1], Circumstances(**given)),  # type: ignore[arg-type]
    )  # fmt: skip


def next_of(*args: object, **others: object) -> str:
    return next((said for said in verdict(*args, **others).sentences if said.startswith("Next")), "")  # type: ignore[arg-type]


def test_level_with_the_linear_model() -> None:
    assert verdict([[80, 20], [10, 90]], [[83, 17], [10, 90]]).sentences == [
        "LSTM answers 85.0 % of 200 texts right (95 % interval 79.4 to 89.3 %), macro F1 0.85.",
        "The linear model gets 86.5 %, macro F1 0.86; the gap may be chance (it alone is right on 3 texts, the network "
        "alone on 0, p = 0.25).",
        "Most often, sports is taken for games (20 of 100 texts).",
        "Next: with 800 texts to learn from, the linear model itself (`model=Linear`), or `model=auto`, which mixes it "
        "with a network where that is better.",
    ]


def test_worse_and_better() -> None:
    assert verdict([[80, 20], [10, 90]], [[95, 5], [5, 95]]).sentences[1] == (
        "The linear model gets 95.0 %, macro F1 0.95; it is better, by more than chance (it alone is right on 20 texts, "
        "the network alone on 0, p < 0.001)."
    )
    assert verdict([[95, 5], [5, 95]], [[80, 20], [10, 90]]).sentences[1] == (
        "The linear model gets 85.0 %, macro F1 0.85; the network is better, by more than chance (it alone is right on 0 "
        "texts, the network alone on 20, p < 0.001)."
    )
    assert verdict([[95, 5], [5, 95]], [[95, 5], [5, 95]]).sentences[1].endswith("on the very same texts.")


def test_without_a_linear_model_nothing_is_said_of_it() -> None:
    found = verdict([[80, 20], [10, 90]])
    assert "linear" not in " ".join(found.sentences)
    assert "beside_linear" not in found.to_dict()


@pytest.mark.parametrize(
    ("counts", "ending"),
    [
        ([[0, 20], [0, 80]], "As far as these texts show, it has learnt nothing: always naming the largest class gets 80.0 %."),
        ([[5, 5], [15, 75]], "; always naming the largest class gets 90.0 %."),
        ([[4, 1], [1, 4]], "; so few texts say next to nothing."),
        ([[50, 10], [0, 0]], "; but all of them are of one class, so that this says little."),
    ],
)  # fmt: skip
def test_what_the_accuracy_is_worth(counts: list[list[int]], ending: str) -> None:
    assert verdict(counts).sentences[0].endswith(ending)


def test_hints_only_where_they_can_help() -> None:
    poor = [[80, 20], [10, 90]]
    assert "pad_size" not in next_of(poor)
    assert "a larger `pad_size` than 512, for 30% of the text is not read" in next_of(poor, unread=0.3)
    assert "class_weight" not in next_of([[5, 15], [2, 178]])
    rare = {"training_counts": (80, 720)}
    assert "`class_weight=balanced`" in next_of([[5, 15], [2, 178]], **rare)
    assert "class_weight" not in next_of([[5, 15], [2, 178]], **rare, balanced=True)
    assert "class_weight" not in next_of([[18, 2], [2, 178]], **rare)
    assert "embedding" not in next_of(poor)
    assert "`embedding=pretrained`, for vectors lie beside the data" in next_of(poor, vectors_beside=True)
    by_heart = [{"step": 10, "train_loss": 0.1, "dev_loss": 0.5}]
    assert "more texts, for it knows these 800 by heart (training loss 0.10, dev loss 0.50)" in next_of(
        poor, rows=by_heart
    )
    assert "by heart" not in next_of(poor)
    assert next_of([[0, 20], [0, 80]], [[0, 20], [0, 80]]) == (
        "Next: a look at the labels, for the linear model finds nothing, either."
    )
    assert "another `learning_rate`, for the linear model finds something" in next_of(
        [[0, 20], [0, 80]], [[18, 2], [2, 78]]
    )
    assert next_of([[30, 0], [0, 30]]) == "Next: a larger test split, for this one shows no mistake."
    assert next_of([[60, 0], [0, 0]]) == "Next: a test split with texts of every class."


@pytest.mark.parametrize(
    ("settings", "hint"), [({"epochs": 6}, "`epochs=12`"), ({"epochs": None, "budget": 20.0}, "`budget=40`")]
)
def test_longer_where_the_loss_fell_to_the_end(settings: dict[str, object], hint: str) -> None:
    rows = [{"step": step, "train_loss": loss, "dev_loss": loss} for step, loss in ((5, 0.9), (8, 0.8), (10, 0.7))]
    assert hint in next_of([[80, 20], [10, 90]], rows=rows, **settings)
    flat = [{**row, "dev_loss": 0.7} for row in rows]
    assert hint not in next_of([[80, 20], [10, 90]], rows=flat, **settings)


def test_never_the_model_that_was_trained() -> None:
    for counts in ([[80, 20], [10, 90]], [[95, 5], [5, 95]]):
        for training_counts in ((400, 400), (40_000, 40_000)):
            said = next_of(counts, [[90, 10], [10, 90]], model="BiLSTM_Ngram", training_counts=training_counts)
            assert "BiLSTM_Ngram" not in said
    many = next_of([[80, 20], [10, 90]], [[95, 5], [5, 95]], training_counts=(40_000, 40_000))
    assert many == "Next: `model=BiLSTM_Ngram`, which reads n-grams, too, and is usually the most accurate."


def test_few_texts_of_a_class() -> None:
    assert verdict([[5, 15], [2, 178]], training_counts=(25, 720)).sentences[1] == (
        "Most often, sports is taken for games (15 of 20 texts): of sports there are only 25 texts to learn from, of games "
        "720."
    )


def test_what_the_linear_model_goes_by() -> None:
    train = ["the match was won", "a match for all", "play the level now", "a level to play"] * 5
    labels = [0, 0, 1, 1] * 5
    test = ["match today"] * 5 + ["level today"] * 5
    baseline = linear_baseline(train, labels, test, [0] * 5 + [1] * 5, 2)
    ngrams = baseline.model.telling(test[:5], [0] * 5, [1] * 5, 3)  # type: ignore[union-attr]
    assert ngrams
    assert all(ngram in "match today" and len(ngram) > 1 for ngram in ngrams)
    assert not any(a != b and a in b for a in ngrams for b in ngrams)
    figures = ClassifierFigures(np.eye(2, dtype=np.float32)[[1] * 10], [0] * 5 + [1] * 5, 0.0, 1.0)
    found = Verdict(
        "LSTM", NAMES, test, VerdictFigures(figures, baseline, [GOOD_ROW], GOOD_ROW, Circumstances((10, 10)))
    )
    quoted = ", ".join(f'"{ngram}"' for ngram in ngrams)
    assert found.sentences[1].endswith(f"; there, {quoted} tell the linear model what is right.")


def test_settings_are_bare_in_a_file() -> None:
    assert bare("try `model=BiLSTM_Ngram` and `epochs`, not `Other Words`") == (
        "try model=BiLSTM_Ngram and epochs, not `Other Words`"
    )


def entry(name: str, right: int, *, has_learnt: bool = True) -> ComparisonEntry:
    return ComparisonEntry(name, right, 100, 0.5, 1.0, 1, 1, 1.0, np.arange(100) < right, has_learnt)


def test_several_models() -> None:
    assert compared([entry("A", 90), entry("B", 88), entry("C", 60), entry("D", 10, has_learnt=False)]) == [
        "100 texts cannot tell A from B: the differences may be chance.",
        "A is better than C, D, by more than chance.",
        "No better than always naming the largest class: D.",
    ]


def test_a_language_model() -> None:
    row = {"step": 10, "passes": 5.0, "train_loss": 1.1, "dev_loss": 1.3}
    scores = HeldOutScores(model=1.242, network=1.2958, ngram=1.3053, blocks=1.25, network_blocks=1.3)
    assert on_language_model("LSTM", scores, [row], row) == [
        "Alone, the LSTM is ahead, with perplexity 3.65, of the n-gram with 3.69; together they need 4.2 % fewer bits than "
        "that (3.46).",
        "Next: a longer text, for it knows this one better than what is held out (perplexity 3.00 and 3.67).",
    ]
    falling = [
        {"step": step, "passes": 5.0, "train_loss": loss, "dev_loss": loss} for step, loss in ((8, 1.5), (10, 1.3))
    ]
    assert on_language_model("LSTM", HeldOutScores(1.3, 1.3, None, 1.3, 1.3), falling, falling[-1]) == [
        "Next: train longer (`epochs` or `budget`), for the perplexity on what is held out fell to the end."
    ]


def test_a_language_model_that_has_hardly_begun() -> None:
    row = {"step": 3, "passes": 0.6, "train_loss": 2.9, "dev_loss": 2.75}
    scores = HeldOutScores(model=0.2624, network=2.75, ngram=0.077, blocks=0.3, network_blocks=2.8)
    assert on_language_model("LSTM", scores, [row], row) == [
        "Alone, the n-gram is ahead, with perplexity 1.08, of the LSTM with 15.64; together they need 240.8 % more bits "
        "than that (1.30).",
        "Next: train longer (`epochs` or `budget`), for the text was read only once, or less.",
    ]
