"""What a model with these settings would not read: the rest of long texts, tokens that it has not seen."""

from __future__ import annotations

from collections.abc import Iterator

from textrnn.corpus.check import ExaminedDataset, Finding

UNREAD = 0.01  # of all tokens
FEW, MANY = 0.01, 3  # of all texts, and texts; so few that are cut are outliers, which another check names
UNKNOWN = 0.1  # of all tokens of a split


def texts_cut(read: ExaminedDataset) -> Iterator[Finding]:
    """Texts that are longer than what is read of a text."""
    texts = read.encoded["train"]
    unread = texts.unread / max(1, texts.unread + len(texts.token_ids))
    if unread > UNREAD and texts.truncated > max(MANY, FEW * len(texts.lengths)):
        fewer = ", or `tokenizer=word` for fewer, longer tokens" if read.vocabulary.tokenizer.name == "char" else ""
        yield Finding(
            "texts-cut",
            "warning",
            str(read.rows["train"].path),
            f"{texts.truncated:,} of {len(texts.lengths):,} training texts are longer than {read.pad_size:,} tokens; "
            f"{unread:.0%} of all tokens are not read",
            f"see `pad_size`{fewer}",
        )


def unknown_tokens(read: ExaminedDataset) -> Iterator[Finding]:
    """Tokens of the held-out splits that the training split does not have."""
    for split in ("dev", "test"):
        fewer = "" if read.vocabulary.tokenizer.name == "char" else "; `tokenizer=char` knows more of rare words"
        unknown = 1 - read.vocabulary.coverage(read.encoded[split])
        if unknown > UNKNOWN:
            part = read.rows[split]
            known = set(read.vocabulary.tokens)
            example = next((t for text in part.texts for t in read.vocabulary.tokenizer(text) if t not in known), "")
            yield Finding(
                "unknown-tokens",
                "warning",
                str(part.path),
                f"{split}: {unknown:.0%} of all tokens do not occur in the training split",
                f"collect more training rows, of the same kind and language{fewer}",
                example,
            )
