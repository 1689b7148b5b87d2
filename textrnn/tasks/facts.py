"""What settings are fitted to: the facts of a data set of labelled texts."""

from __future__ import annotations

import numpy as np

from textrnn.config import ClassifierSettings, DataConfig
from textrnn.corpus.dataset import Dataset
from textrnn.corpus.embeddings import PretrainedEmbedding, find_embedding, load_embedding
from textrnn.models.registry import find_model
from textrnn.saved.beginning import Beginning
from textrnn.tasks.pretraining import refuse_without_layers


class DatasetFacts:
    """What settling asks of a data set.

    Args:
        vectors_are_kept: they come with the checkpoint of the run that goes on, and are not read again.
    """

    def __init__(self, dataset: Dataset, *, vectors_are_kept: bool = False):
        self.dataset, self.vectors_are_kept = dataset, vectors_are_kept
        self.words_are_spaced, self.is_chinese = dataset.words_are_spaced, dataset.is_chinese
        self.multi_label = dataset.multi_label
        self.training_rows, self.dev_rows = len(dataset.train), len(dataset.dev)
        self._vectors: PretrainedEmbedding | None = None
        self._beginning: Beginning | None = None

    def mean_length(self, data: DataConfig, most: int) -> float:
        """Tokens of a training text on average, where so many are read at most."""
        return float(np.minimum(self.dataset.encoded(data).train.lengths, most).mean())

    def usual_length(self, data: DataConfig) -> float:
        """Tokens of a training text, the median."""
        return float(np.median(self.dataset.encoded(data).train.lengths))

    def vectors(self, settings: ClassifierSettings) -> PretrainedEmbedding | None:
        """The pretrained vectors of the vocabulary; None for random ones.

        Raises:
            DataError: if they cannot be found or read.
        """
        named = "random" if settings.data.draws_token_vectors else settings.data.embedding
        path = None if self.vectors_are_kept else find_embedding(named, self.dataset.folder)
        if path is not None and self._vectors is None:
            tokens = self.dataset.encoded(settings.data).vocabulary.tokens
            self._vectors = load_embedding(path, tokens, seed=settings.training.seed)
        return self._vectors

    def beginning(self, settings: ClassifierSettings) -> Beginning | None:
        """The language model to begin from; None where all weights are drawn. Its tokens join the vocabulary.

        Raises:
            ConfigError, ArtifactError: if there is none, or one that does not fit the model.
        """
        refuse_without_layers(settings)
        folder = None if self.vectors_are_kept else settings.data.init_from
        if folder is not None and self._beginning is None:
            self._beginning = Beginning.load(folder)
            if self.dataset.vocabulary is None:
                of_texts, tokens = self.dataset.encoded(settings.data).vocabulary, self._beginning.tokens
                self.dataset.encode_with(of_texts.with_more(tokens, max_vocab=settings.data.max_vocab))
        if self._beginning is not None:
            self._beginning.refuse_misfit(find_model(settings.model_name))
        return self._beginning
