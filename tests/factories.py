"""What several test modules build again and again: small data sets, and small models of each task."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import torch

from textrnn.config import CorpusConfig, LanguageModelTrainConfig, RunSettings, TrainConfig
from textrnn.corpus.batches import LabelledTexts
from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.label_sets import LabelSets
from textrnn.corpus.texts import prepare_text
from textrnn.corpus.tokenizers import Tokenizer
from textrnn.corpus.vocab import Vocabulary
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.language.ngram import NgramModel
from textrnn.models.registry import find_model
from textrnn.saved.character_model import CharacterModel
from textrnn.training.checkpoint import Checkpoint
from textrnn.training.events import Listener
from textrnn.training.history import History
from textrnn.training.objectives.classification import ClassificationObjective
from textrnn.training.train_eval import fit

WORDS = {"猫狗": "猫狗鸟鱼兔", "山水": "山水河湖海", "数字": "一二三四五"}
FILLER = "的了是在有和不人这中大来上个国"


def small_rows(count: int, seed: int = 0, classes: int = 3) -> list[tuple[str, str]]:
    """Texts whose class shows in two of their characters: quickly learnt, not trivially."""
    generator = random.Random(seed)
    rows = []
    for index in range(count):
        name = list(WORDS)[index % classes]
        characters = [generator.choice(FILLER) for _ in range(generator.randint(2, 10))]
        for _ in range(2):
            characters.insert(generator.randint(0, len(characters)), generator.choice(WORDS[name]))
        rows.append(("".join(characters), name))
    return rows


def small_label_rows(count: int, seed: int = 0) -> list[tuple[str, set[str]]]:
    """Texts with none to three labels, each of which shows in two characters."""
    generator = random.Random(seed)
    rows = []
    for _ in range(count):
        labels = {name for name in WORDS if generator.random() < 0.4}
        characters = [generator.choice(FILLER) for _ in range(generator.randint(2, 10))]
        for name in sorted(labels):
            for _ in range(2):
                characters.insert(generator.randint(0, len(characters)), generator.choice(WORDS[name]))
        rows.append(("".join(characters), labels))
    return rows


def write_rows(path: Path, rows: list[tuple[str, str]]) -> Path:
    """``text<TAB>label`` lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{text}\t{label}\n" for text, label in rows), encoding="utf-8")
    return path


def write_small_dataset(folder: Path) -> Path:
    """A folder with three splits of a three-class data set and no class.txt."""
    for split, count, seed in (("train", 120, 1), ("dev", 30, 2), ("test", 30, 3)):
        write_rows(folder / f"{split}.txt", small_rows(count, seed))
    return folder


def write_small_label_dataset(folder: Path) -> Path:
    """The same with several labels a row, as JSON lines."""
    folder.mkdir(parents=True)
    for split, count, seed in (("train", 150, 1), ("dev", 60, 2), ("test", 40, 3)):
        rows = [{"text": text, "labels": sorted(labels)} for text, labels in small_label_rows(count, seed)]
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    return folder


SENTENCES = ["the traveller came in time.\n", "no machine keeps time for ever.\n", "what time is it?\n", "时间到了。\n"]


def write_small_corpus(path: Path) -> Path:
    """A text for language models: four sentences over and over."""
    path.write_text("".join(SENTENCES[i * i % 7 % 4] for i in range(150)), encoding="utf-8")
    return path


VOCABULARY = Vocabulary.build([text for text, _ in small_rows(120, 1)], Tokenizer())


def labelled(count: int, seed: int) -> LabelledTexts:
    """Small rows as token ids, their classes in the order of their names."""
    texts, names = zip(*small_rows(count, seed), strict=True)
    return LabelledTexts.from_encoded(VOCABULARY.encode(list(texts)), [sorted(WORDS).index(name) for name in names])


TRAIN, DEV = labelled(120, 1), labelled(33, 2)


def new_classifier(seed: int = 0, name: str = "LSTM", **settings: object) -> ClassifierNetwork:
    """A small classifier for the rows of TRAIN, with freshly drawn weights."""
    torch.manual_seed(seed)
    entry = find_model(name)
    sizes = {"embedding_size": 8, "hidden_size": 12, "ngram_rows": 500, "max_pairs": 500, **settings}
    own = {field.name for field in entry.fields}
    config = entry.config_class.from_dict({field: value for field, value in sizes.items() if field in own})
    model: ClassifierNetwork = entry.build(config, vocabulary_size=len(VOCABULARY), class_count=3)
    model.learn_statistics(TRAIN.token_ids, torch.cat([TRAIN.starts, torch.tensor([len(TRAIN.token_ids)])]))
    return model


def short(**settings: object) -> TrainConfig:
    """A short training of a classifier."""
    return TrainConfig(**{"epochs": 4, "batch_size": 16, "evaluate_every": 5, **settings})  # type: ignore[arg-type]


def learn(model: ClassifierNetwork, config: TrainConfig, **others: Any) -> History:
    """Train on TRAIN, judge on DEV."""
    return fit(model, ClassificationObjective(TRAIN, DEV, config, 3), config, **others)


class StopAt(Listener):
    """Asks to stop at a step."""

    def __init__(self, step: int):
        self.steps_left = step

    def should_stop(self) -> bool:
        self.steps_left -= 1
        return self.steps_left == 0


def kept(path: Path, *, resume: bool = False) -> Checkpoint:
    """A checkpoint with settings of no meaning."""
    return Checkpoint(path, {"a": 1}, resume)


TEXT = "the time traveller came in time. 'What time is it?' he asked.\nNo one in the room knew the time.\n"
RAW = TEXT * 3 + "时间旅行者\n"


def character_model(*, letters: bool = False, mixed: bool = True, name: str = "LSTM") -> CharacterModel:
    """A language model of RAW that has learnt nothing, with an n-gram that has."""
    torch.manual_seed(0)
    text = prepare_text(RAW, letters=letters)
    vocabulary = Vocabulary.build([text], Tokenizer())
    entry = find_model(name, "lm")
    config = entry.config_class(embedding_size=8, hidden_size=16, dropout=0.0, embedding_dropout=0.0)
    network = entry.build(config, vocabulary_size=len(vocabulary))
    data = CorpusConfig(letters=letters, ngram_order=4 if mixed else 0)
    settings = RunSettings("lm", entry.name, config, data, LanguageModelTrainConfig(), "default")
    saved = CharacterModel(settings, network, vocabulary, "0" * 64)
    if mixed:
        saved.ngram = NgramModel.count(saved.encode(text).numpy(), len(vocabulary), 4)
        saved.weights = (0.4, 0.7)
    return saved


RAW_MODEL = character_model()


def several_labels(count: int, seed: int) -> Split:
    """Texts whose labels each show in two of their characters; some have two labels, some none."""
    generator = random.Random(seed)
    texts, labels = [], []
    for index in range(count):
        own = sorted(generator.sample(range(len(WORDS)), (0, 1, 1, 2)[index % 4]))
        characters = [generator.choice(FILLER) for _ in range(generator.randint(2, 8))]
        for label in own:
            for _ in range(2):
                place = generator.randint(0, len(characters))
                characters.insert(place, generator.choice(list(WORDS.values())[label]))
        texts.append("".join(characters))
        labels.append(own)
    return Split(texts, [], label_sets=LabelSets.of(labels))


def several_labels_dataset() -> Dataset:
    """Three splits of rows with several labels."""
    return Dataset("多标签", list(WORDS), several_labels(120, 1), several_labels(40, 2), several_labels(40, 3))
