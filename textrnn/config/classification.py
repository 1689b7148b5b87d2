"""Settings of text classifiers."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, ClassVar

from textrnn.config.base import Choices, FitConfig, Settings, Span, option
from textrnn.errors import ConfigError

# Settings of :class:`DataConfig` that say how files are read.
READING_SETTINGS = (
    "text_column", "label_column", "header", "separator", "encoding", "on_bad_row", "merge_labels", "label_separator",
)  # fmt: skip


@dataclass(frozen=True)
class DataConfig(Settings):
    """Where the examples come from and how they become token ids."""

    dataset: str = option("headlines", "data set: a name, a folder or a file", free=True)
    text_column: tuple[str, ...] | None = option(
        None, "column that holds the text, by name (or JSON key) or number from 1; several are joined"
    )
    label_column: str | None = option(None, "column that holds the label, by name (or JSON key) or number from 1")
    header: bool | None = option(None, "the first row names the columns (default: found out from the data)")
    separator: str | None = option(
        None, "what separates columns, such as ';' or '|' (default: found out from the data)"
    )
    encoding: str | None = option(
        None, "encoding of the files, such as utf-8 or gb18030 (default: found out line by line)"
    )
    on_bad_row: str | None = option(
        None,
        "rows that cannot be used: skip leaves out any number of them, stop none (default: up to 1 % without text or "
        "label are left out)",
        choices=("skip", "stop"),
    )
    merge_labels: bool = option(
        False, "join class names that differ only in case, width, end punctuation or the form of a number"
    )
    multi_label: bool = option(
        None,
        "a row may have several labels, or none (default: where the rows make it plain)",
        fitted=True,
        formerly=False,
    )
    label_separator: str | None = option(
        None, "what joins the labels of a row, such as '|' or ',' (default: found out from the data)"
    )
    tokenizer: str = option(
        "auto",
        "what a token is: a character, a word (cut by jieba), what stands between spaces, or mixed: words and marks of "
        "scripts with spaces, single characters of others; auto takes mixed where most letters are of scripts with "
        "spaces, else char",
        choices=("auto", "char", "word", "space", "mixed"),
        fitted=True,
    )
    lowercase: bool = option(
        None, "fold upper case to lower case before cutting into tokens (default: where auto takes mixed)", fitted=True
    )
    spelling: bool = option(
        None,
        "read the characters within words beside the words (default: where the model does and words have spaces)",
        fitted=True,
        formerly=False,
    )
    words: bool = option(
        None,
        "read words, cut by jieba, beside characters (default: where the model does and most letters are Chinese)",
        fitted=True,
        formerly=False,
    )
    min_freq: int = option(1, "leave out tokens seen fewer times in the training split", at_least=1)
    max_vocab: int = option(
        None,
        "keep at most this many entries, <pad> and <unk> included (default: 10000 characters or 30000 words)",
        at_least=3,
        fitted=True,
    )
    pad_size: int = option(
        None,
        "read at most this many tokens (see `tokenizer`) of a text; 0: all (default: all; 512 with DPCNN, TextCNN and "
        "Transformer, 4096 with FastText)",
        at_least=0,
        fitted=True,
    )
    split_seed: int = option(0, "seed of the splits made where the data has none", at_least=0)
    embedding: str = option(
        "random",
        "random, pretrained (the file beside the data set), the path of a vector file, or model2vec: and a folder of "
        "Model2Vec, whose vector of a whole text is read beside the tokens",
    )
    init_from: str | None = option(
        None, "folder of a saved language model whose character vectors and recurrent layers are the first weights"
    )
    freeze_embedding: bool = option(False, "leave the token vectors as they are")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.label_separator is not None and self.multi_label is False:
            raise ConfigError(
                "`label_separator`: joins the labels of a row, and `multi_label=False` means one label a row; expected "
                "one of the two"
            )
        if self.label_separator == "":
            raise ConfigError("`label_separator` '': expected a character or more, such as '|'")

    @property
    def static_folder(self) -> str | None:
        """FOLDER of `embedding=model2vec:FOLDER`; token vectors are random then."""
        kind, found, folder = self.embedding.partition(":")
        return folder if found and kind == "model2vec" else None

    @property
    def draws_token_vectors(self) -> bool:
        """Whether no vectors of tokens are read."""
        return self.embedding == "random" or self.static_folder is not None

    @property
    def max_tokens(self) -> int | None:
        """`pad_size` where there is one: tokens read of a text at most; None: all."""
        return self.pad_size or None

    @property
    def is_spelt(self) -> bool:
        """Whether characters within words are read, or words beside characters."""
        return bool(self.spelling or self.words)

    def fitted_to(
        self,
        *,
        words_are_spaced: bool,
        pad_size: int,
        is_chinese: bool = False,
        multi_label: bool = False,
        reads_spelling: bool = False,
        lowercase: bool = False,
    ) -> DataConfig:
        """The same settings, those chosen that were open and depend on the texts: tokens, what is read beside them, and
        `multi_label`.

        Args:
            pad_size: what the model asks for, where the user said nothing.
            reads_spelling: whether the model reads the characters within words, and words beside characters.
            lowercase: whether it asks for lower case, whatever the tokens are.

        Raises:
            ConfigError: for characters within words where there are none, or words where words are tokens.
        """
        chosen: dict[str, Any] = {}
        if self.is_open("tokenizer"):
            chosen["tokenizer"] = "mixed" if words_are_spaced else "char"
        if self.is_open("lowercase"):
            chosen["lowercase"] = lowercase or (words_are_spaced and self.is_open("tokenizer"))
        of_words = chosen.get("tokenizer", self.tokenizer) != "char"
        if self.spelling and not (of_words and reads_spelling):
            raise ConfigError(
                "`spelling`: "
                + ("the model does not read it" if of_words else "the characters are tokens already")
                + "; expected a model that does, such as `model=BiLSTM_Ngram`, and words for tokens: leave it out"
            )
        if self.words and (of_words or not reads_spelling):
            raise ConfigError(
                "`words`: "
                + ("words are tokens already" if of_words else "the model does not read them")
                + "; expected a model that does, such as `model=BiLSTM_Ngram`, and `tokenizer=char`: leave it out"
            )
        if self.is_open("spelling"):
            chosen["spelling"] = reads_spelling and of_words
        if self.is_open("words"):
            chosen["words"] = reads_spelling and not of_words and is_chinese
        if self.is_open("max_vocab"):
            chosen["max_vocab"] = 10_000 if chosen.get("tokenizer", self.tokenizer) == "char" else 30_000
        if self.is_open("pad_size"):
            chosen["pad_size"] = pad_size
        if self.is_open("multi_label"):
            chosen["multi_label"] = multi_label
        return dataclasses.replace(self, **chosen)


@dataclass(frozen=True)
class TrainConfig(FitConfig):
    """How a classifier is trained. Fields that are None are fitted to the data by :meth:`fitted_to`."""

    # A small data set is shown so many rows in all, repeats counted, at every pass that a large one gets; a data set of
    # long texts, so many tokens.
    ROWS_A_PASS: ClassVar[int] = 10_000
    TOKENS_A_PASS: ClassVar[int] = 1_000_000
    TOKENS_A_PASS_IN_WINDOWS: ClassVar[int] = 5_000_000  # a label for many windows teaches little: some five minutes
    TOKENS_A_PASS_OF_VOTES: ClassVar[int] = 2_600_000  # windows that vote learn sooner
    TOKENS_A_BATCH: ClassVar[int] = 8192
    LONG: ClassVar[int] = 64  # tokens of a text
    epochs: int | None = option(
        None,
        "passes over the training split (default: 6 or what the model asks for; more where rows are few, fewer where "
        "there is much text)",
        at_least=1,
        fitted=True,
    )
    learning_rate: float = option(
        3e-3,
        "peak learning rate (default: 0.003; FastText 0.005, Transformer 0.001)",
        above=0.0,
        searched=Span(1 / 3, 3, log=True, of_default=True),
    )
    batch_size: int = option(
        None,
        "rows a batch (default: 128; fewer where rows are few or texts long)",
        at_least=1,
        fitted=True,
        searched=Choices((0.5, 1, 2), of_default=True),
    )
    precision: str = option(
        "auto",
        "numbers that LSTMs train and answer in; auto takes bf16 on a CPU that has it",
        choices=("auto", "fp32", "bf16"),
        formerly="fp32",
    )
    label_smoothing: float = option(
        0.1, "share of the target spread over all classes", at_least=0.0, below=1.0, searched=Span(0.0, 0.2)
    )
    consistency: float = option(
        0.0,
        "read each batch twice, with other dropout, and weigh by so much how far the answers differ (R-Drop), at 1.8 "
        "times the time; 0: read once",
        at_least=0.0,
        searched=Span(0.0, 4.0),
    )
    weight_decay: float = option(
        0.0,
        "decoupled weight decay (adamw) or L2 penalty (adam, sgd)",
        at_least=0.0,
        searched=Choices((0.0, 1e-7, 1e-6, 1e-5)),
    )
    class_weight: str = option(
        "none",
        "balanced: each class counts alike, however few its rows; finds more of the rare ones",
        choices=("none", "balanced"),
    )
    pretrain: bool = option(
        False, "vectors and recurrent layers first learn to tell the next token of the training texts"
    )
    pretrain_epochs: int | None = option(
        None, "passes of `pretrain` at most (default: as many as `epochs`, at most 10)", at_least=1
    )
    evaluate_every: int = option(
        None, "batches between two evaluations on the dev split (default: some 20 in all)", at_least=1, fitted=True
    )

    def fitted_to(
        self,
        training_rows: int,
        dev_rows: int,
        *,
        mean_length: float = 20.0,
        passes: int = 6,
        tokens_a_pass: int = TOKENS_A_PASS,
    ) -> TrainConfig:
        """The same settings with `epochs`, `batch_size` and `evaluate_every` chosen where they were None.

        A small data set gets smaller batches (at least some 30 an epoch) and up to five times the passes. Long texts
        get smaller batches and fewer passes, but at least two. The dev split is scored up to four times an epoch and
        some twenty times in all, and seldom enough that scoring it costs less than about a fifth of the time (a row
        costs about a third as much to score as to train on).

        Args:
            mean_length: tokens read of a training text, on average.
            passes: what the model asks for on a large data set of short texts.
            tokens_a_pass: of long texts, so many are read in all in each of those passes.

        Raises:
            ConfigError: if a batch size was asked for that is larger than the training split.
        """
        if not self.is_open("batch_size") and self.batch_size > training_rows:
            raise ConfigError(
                f"`batch_size` {self.batch_size}: the training split has {training_rows} rows, fewer than one batch; "
                f"expected `batch_size` {training_rows} or less, or more data"
            )
        batch_size = self.batch_size
        if self.is_open("batch_size"):
            by_rows = max(8, 2 ** round(math.log2(max(1, training_rows / 40))))
            by_length = max(16, 2 ** round(math.log2(self.TOKENS_A_BATCH / mean_length)))
            batch_size = min(128, by_rows, by_length, training_rows)
        batches = math.ceil(training_rows / batch_size)
        epochs = self.epochs
        if epochs is None and self.budget is None:
            epochs = max(passes, min(5 * passes, round(passes * self.ROWS_A_PASS / training_rows)))
            if mean_length > self.LONG:
                epochs = min(epochs, max(2, round(passes * tokens_a_pass / (training_rows * mean_length))))
        evaluate_every = self.evaluate_every
        if self.is_open("evaluate_every"):
            enough_rows = max(training_rows / 4, 2 * dev_rows, training_rows * (epochs or 1) / 20)
            evaluate_every = max(1, min(round(enough_rows / batch_size), batches))
        return dataclasses.replace(self, epochs=epochs, batch_size=batch_size, evaluate_every=evaluate_every)
