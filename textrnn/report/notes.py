"""The texts of notes. Settings are between backticks; the command line shows them as its flags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textrnn.errors import Note, listed
from textrnn.models.registry import SOLVED
from textrnn.report.few_labels import heap_told, rung_told
from textrnn.report.label_errors import doubted
from textrnn.report.reading import all_understood, texts_understood
from textrnn.report.search import tried
from textrnn.report.text import length_told, shortened, table

# The progress of a run, shown without "note:" in front.
WITHOUT_PREFIX = {
    "begins", "classifier_learnt", "classifier_tested", "compared", "comparing_texts", "comparison", "data_changed",
    "data_set", "diverged", "finished", "gates_answer", "given_read", "going_on", "going_on_after", "heap", "judged",
    "mixed", "network", "network_learnt", "nothing_to_resume", "pretrained", "pretraining", "read", "rung", "searched",
    "sequences_learnt", "square_learnt", "static_vectors", "suite_goes_on", "table", "tables", "text", "text_read",
    "tracked", "trained", "tried", "using_saved", "vectors", "vocabulary",
}  # fmt: skip


def words(note: Note) -> str:
    """The text of a note, for a terminal or a page."""
    found = MESSAGES[note.kind]
    return found.format(**note.facts) if isinstance(found, str) else found(**note.facts)


def line(note: Note) -> str:
    """The same for a terminal, with "note:" in front unless it tells the progress of a run."""
    return words(note) if note.kind in WITHOUT_PREFIX else f"note: {words(note)}"


def _data_set(dataset: Any, tokens_per_text: float) -> str:
    several = ""
    if dataset.multi_label:
        sizes = dataset.train.label_sets.sizes
        none = int((sizes == 0).sum())
        several = f", several a row ({sizes.mean():.2f} on average; {none:,} training rows with none)"
    what = "labels" if several else "classes"
    return (
        f"{dataset.name}: {len(dataset.class_names):,} {what}{several}; {len(dataset.train):,} training, "
        f"{len(dataset.dev):,} dev, {len(dataset.test):,} test texts; {tokens_per_text:.0f} tokens read of a text on "
        "average"
    )


def _cut_texts(cut: int, texts: int, unread: float, data: Any) -> str:
    fewer = ", or `tokenizer=word` or space for fewer, longer tokens" if data.tokenizer == "char" else ""
    return (
        f"{cut:,} of {texts:,} training texts are longer than {data.pad_size} tokens; the rest of them, {unread:.0%} "
        f"of all, is not read: see `pad_size`{fewer}"
    )


def _vectors(vectors: Any, found: int, tokens: int, of_occurrences: float) -> str:
    told = [
        f"{count:,} {what}"
        for count, what in (
            (vectors.by_case, "of them in another case"),
            (vectors.not_finite, "left out for NaN or huge numbers"),
            (vectors.repeated, "left out as repeated"),
            (vectors.damaged, "tokens of the file with damaged bytes"),
        )
        if count
    ]
    if vectors.promised is not None:
        named, there = vectors.promised
        told.append(f"{there:,} of the {named:,} rows that its first line names")
    return (
        f"embedding: {vectors.path} ({vectors.form}), size {vectors.vectors.shape[1]}; has {found:,} of {tokens:,} "
        f"tokens ({found / max(1, tokens):.2%}), {of_occurrences:.2%} of their occurrences"
    ) + "".join(f"; {part}" for part in told)


def _static_vectors(vectors: Any, unread: int, texts: int) -> str:
    none = f"; {unread:,} of {texts:,} training texts have no token that it knows" if unread else ""
    return f"embedding: {vectors.path} (Model2Vec), a vector of {vectors.size} numbers for each text{none}"


def _begins(beginning: Any, found: int, tokens: int, more: int, of_occurrences: float) -> str:
    sizes, model = beginning.sizes, beginning.language_model.settings.model_name
    layers = "1 layer" if sizes["num_layers"] == 1 else f"{sizes['num_layers']} layers"
    return (
        f"begins from {beginning.folder} ({model}, {layers} of {sizes['hidden_size']}, "
        f"vectors of {sizes['embedding_size']}); has {found:,} of {tokens:,} tokens ({found / tokens:.2%}), "
        f"{of_occurrences:.2%} of their occurrences, and {more:,} that the training texts have not"
    )


def _pretraining(texts: int, training: Any) -> str:
    epochs = f", {training.epochs} epochs" if training.epochs else ""
    budget = f", {training.budget:g} s at most" if training.budget else ""
    return f"pretraining on {texts:,} texts{epochs}{budget}: what is the next token?"


def _pretrained(history: Any) -> str:
    return (
        f"pretrained {length_told(history)}; kept the "
        f"weights of step {history.best_step:,}: perplexity {history.best['dev_perplexity']:.1f} a token, held out"
    )


def _text_read(read: Any) -> str:
    names = [path.name for path in read.files]
    parts = [" and ".join(read.encodings), f"{len(read.text):,} characters"]
    if names != [read.path.name]:
        parts.insert(0, f"{len(names)} {'file' if len(names) == 1 else 'files'} ({listed(names, most=5)})")
    if read.removed:
        parts.append(f"{read.removed:,} control characters and marks that nobody sees were taken out")
    if read.damaged:
        path, line = read.damaged[0]
        more = f" and {len(read.damaged) - 1:,} more lines" if len(read.damaged) > 1 else ""
        parts.append(f"bytes that cannot be decoded were replaced on {path.name}:{line}{more}")
    if read.passed_over:
        others = listed([f"{path.name} ({kind.words})" for path, kind in read.passed_over], most=5, widest=80)
        parts.append(f"passed over: {others}")
    return f"{read.path}: {'; '.join(parts)}"


def _text(corpus: Any, vocabulary_size: int) -> str:
    read = "letters and spaces" if corpus.letters else "all characters"
    return (
        f"{corpus.name}: {len(corpus.train):,} characters to learn from, {len(corpus.held_out):,} held out; {read}, "
        f"{vocabulary_size:,} in the vocabulary"
    )


def _network(settings: Any, network: Any, device: Any) -> str:
    parameters, training = sum(parameter.numel() for parameter in network.parameters()), settings.training
    batch, precision = f"{training.batch_size} texts a batch", ""
    if settings.task == "lm":
        batch = f"{training.batch_size} rows of {training.num_steps} characters a batch"
        precision = " in bf16" if str(network.precision) == "torch.bfloat16" else " in fp32"
    if settings.model_name == SOLVED:
        return f"{settings.model_name}: {parameters:,} parameters on {device}, solved at once from all texts"
    epochs = f"{training.epochs} epochs" if training.epochs else ""
    budget = f"{training.budget:g} s at most" if training.budget else ""
    windows = ""
    if getattr(settings.model_config, "is_for_long", False):
        of_text = settings.model_config.max_windows
        windows = f"windows of {settings.model_config.window} tokens, {of_text} of a text in a step"
    length = ", ".join(part for part in (epochs, budget, batch, windows) if part)
    return f"{settings.model_name}: {parameters:,} parameters on {device}{precision}, {length}"


def _time_bound(speed: float, epochs: float, usual: int, expected: float, budget: float) -> str:
    return (
        f"this machine makes {speed:,.0f} characters a second: about {epochs:.2g} of {usual} epochs in {budget:g} s, "
        f"where training stops (all of them: {expected:,.0f} s); `epochs` or `budget` says otherwise"
    )


def _trained(history: Any) -> str:
    best = history.best
    done = f"{'' if history.is_solved else 'trained '}{length_told(history)}"
    if len(history.threads) > 1:
        count, steps = history.threads.most_common(1)[0]
        done += f", {steps:,} of them by {count} {'thread' if count == 1 else 'threads'}"
    if "dev_perplexity" in best:
        return (
            f"{done}, {history.examples_per_second:,.0f} characters/s; kept the weights of epoch {int(best['epoch'])}: "
            f"perplexity {best['train_perplexity']:.3f} on train, {best['dev_perplexity']:.3f} held out"
        )
    if history.cross_validated:
        return f"{done}; cross-validated: loss {best['dev_loss']:.4f}, accuracy {best['dev_accuracy']:.4f}"
    of_step = "" if history.is_solved else f"kept the weights of step {history.best_step:,}: "
    kept = f"{done}; {of_step}dev loss {best['dev_loss']:.4f}"
    if "dev_macro_f1" in best:
        return f"{kept}, dev macro F1 {best['dev_macro_f1']:.4f}, micro F1 {best['dev_micro_f1']:.4f}"
    return f"{kept}, dev accuracy {best['dev_accuracy']:.4f}"


def _mixed(mixing: Any, chosen: bool) -> str:
    kinds = ("the network alone", "mixed", "the linear model alone")
    figures = ", ".join(
        f"{kind} {score:.4f} (loss {loss:.4f})"
        for kind, score, loss in zip(kinds, mixing.scores, mixing.losses, strict=True)
    )
    share = f"{mixing.share:.0%}"
    kept = "kept is the network, without it" if mixing.share == 0 else f"kept are both, {share} linear"
    kept += ", with weights for each class" if mixing.by_class else ""
    kept = "kept is the linear model alone" if mixing.share == 1 and chosen else kept
    return f"beside a linear model, {mixing.measure} on dev: {figures}; {kept}"


def _vocabulary(size: int, tokenizer: str, coverage: float | None) -> str:
    known = "" if coverage is None else f"; knows {coverage:.2%} of the tokens of dev"
    return f"vocabulary: {size:,} entries ({tokenizer}){known}"


def _split_made(path: Any, missing: list[str], seed: int, rows: dict[str, int]) -> str:
    counts = ", ".join(f"{split} {count:,}" for split, count in rows.items())
    return (
        f"{path}: no {' and no '.join(missing)} split there; split at random, the same share of every class (seed "
        f"{seed}): {counts} rows"
    )


def _read_as(path: Any, encoding: str, damaged: Any = ()) -> str:
    told = f"{path}: {'not UTF-8; ' if encoding == 'GB18030' else ''}read as {encoding}"
    if damaged:
        lines = f"line {damaged[0]}" if len(damaged) == 1 else f"{len(damaged):,} lines, the first {damaged[0]},"
        told += f"; bytes that cannot be decoded on {lines} are replaced"
    return told


def _no_font_for_names(names: list[str]) -> str:
    legend = ", ".join(f"{index} {shortened(name, 24)}" for index, name in enumerate(names))
    return (
        "no installed font shows these class names, so the PNG plots carry indices (a CJK font such as Noto Sans CJK "
        f"would help): {legend}"
    )


def _table(rows: Any, title: str = "", about: str = "", left_columns: int = 1) -> str:
    return "\n" + "\n".join(part for part in (title, table(rows, left_columns=left_columns), about) if part) + "\n"


def _sequences_learnt(training: Any) -> str:
    tests = [f"{training.test:.2f} on test"]
    tests += [f"{accuracy:.2f} at length {at}" for at, accuracy in training.longer.items()]
    return (
        f"{training.key}: {', '.join(tests)}, {training.dev:.2f} on dev (weights of step "
        f"{training.best_step:,} of {training.steps:,}; {training.seconds:.1f} s)"
    )


def _square_learnt(square: Any) -> str:
    best, tried = square.best, len(square.tried)
    rates = f"{tried} learning rates" if tried > 1 else "1 learning rate"
    return (
        f"{square.problem}, {square.cell}: {best.test:.3f}, at length {square.longer_length} {best.longer:.3f} "
        f"(learning rate {best.learning_rate:g} of {rates}; {square.seconds:.0f} s of processor time)"
    )


MESSAGES: dict[str, str | Callable[..., str]] = {
    "all_learnt": (
        "{rows:,} rows of {classes:,} classes are few: all are learnt, none is held out for dev; how good and how sure "
        "the model is, cross-validation says"
    ),
    "begins": _begins,
    "comparing_texts": "looking for the nearest of {texts:,} training texts of {learnt} (`nearest=0` leaves that out)",
    "compared": lambda entry: (
        f"{entry.name}: "
        + (f"accuracy {entry.accuracy:.4f}, " if entry.micro_f1 is None else "")
        + f"macro F1 {entry.macro_f1:.4f}, "
        + ("" if entry.micro_f1 is None else f"micro F1 {entry.micro_f1:.4f}, all right {entry.accuracy:.4f}, ")
        + f"{entry.seconds:.1f} s"
    ),
    "comparison": lambda comparison: str(comparison.to_text()),
    "cut_texts": _cut_texts,
    "classifier_tested": "{what}: {test:.4f} on test",
    "classifier_learnt": "{what}: {test:.4f} on test, {seconds:.1f} s",
    "data_edited": (
        "{named} has changed since the saved model learnt it, which answers as it is; without `predict`, it is trained "
        "again"
    ),
    "data_gone": "{named} cannot be read here; the saved model that learnt it answers",
    "data_changed": "{training}: the data has changed; trained again",
    "data_set": _data_set,
    "dev_learnt": (
        "the linear model that is mixed in has learnt all {rows:,} rows in the end, with the {held_out:,} that were "
        "held out for dev"
    ),
    "diverged": "{training}: diverged ({error})",
    "empty_text": "the text is empty; the answer is a guess",
    "failed": "{model}: {error}",
    "fell_back": "{wanted} is not here and cannot be fetched; going on with {taken}, the text of the project",
    "few_characters": (
        "most tokens are none of its characters; with `tokenizer=char`, they would be (and see `lowercase`)"
    ),
    "few_vectors": "most tokens have no vector there; see `tokenizer` (characters or words?) and `lowercase`",
    "file_replaced": "{path} is there already and is replaced",
    "finding": lambda finding: str(finding),
    "finished": "the run in {folder} is finished: nothing to resume",
    "gates_answer": lambda model, digits, verdict, probability: (
        f"{model} reads {' '.join(map(str, digits))} and answers {verdict}, probability {probability:.3f}"
    ),
    "given_read": lambda reading: texts_understood(reading),
    "going_on_after": "going on after {trainings} finished trainings in {store}",
    "going_on": "going on after step {steps:,} with the settings of {checkpoint}",
    "heap": heap_told,
    "heap_of_no_use": (
        "cross-validation on the {labelled:,} labelled rows sees no use in the texts without labels; the model learns "
        "from the labels alone"
    ),
    "kept_apart": "{taken} is of other data ({learnt}); this run is kept in {folder}",
    "judged": lambda result: str(result.to_text()),
    "labels_doubted": lambda count, total, folder: (
        f"labels in doubt: {doubted(count, total)}"
        + (f"; the likeliest errors first in {folder / 'suspects.csv'}" if folder is not None and count else "")
    ),
    "labels_merged": lambda merged, counts: (
        "joined labels that look alike: "
        + listed([f"{label!r} ({counts[label]:,}) into {kept!r}" for label, kept in merged.items()], most=8, widest=80)
    ),
    "letters_only": lambda strange: (
        f"this model reads letters from a to z only; {listed(map(repr, strange))} read as a space"
    ),
    "linear_is_best": (
        "the linear model is what is kept, for {other} is no better out of fold (`model={other}` keeps that)"
    ),
    "long_text": "a long text: only the first {pad_size} tokens are read",
    "network": _network,
    "network_learnt": "{model}, length {length}: {test:.2f} on test, {dev:.2f} on dev ({seconds:.1f} s)",
    "no_font_for_names": _no_font_for_names,
    "no_font_for_title": "no installed font shows the name of this text, so the PNG leaves it out",
    "no_training_texts": "{learnt}: no nearest training texts, for {reason}",
    "no_known_token": "the model knows none of these tokens; the answer is a guess",
    "nothing_to_resume": "nothing to resume: no {file} in {folder}; starting from the beginning",
    "of_model": lambda model, note: f"{model}: {words(note)}",
    "other_data": "the saved model was trained on {learnt}, which is not {named}",
    "other_kind": "the saved model is of the kind {saved}, not {named}",
    "other_model": "no {wanted} of this data is saved; the {model} in {folder} answers (`model` names another)",
    "other_settings": "of the saved model, {difference}; that takes effect when it is trained again{aside}",
    "own_sequences": lambda folder, missing: (
        f"{folder}: sequences of your own; they are used for every seed and number of `variants`"
        + (f"; {listed(missing)} not there, made like the program's own" if missing else "")
    ),
    "other_text": "{path} is not as it was when this model learnt it (or another text of that name)",
    "pretrained": _pretrained,
    "pretraining": _pretraining,
    "read": lambda readings: "\n".join(all_understood(readings)),
    "read_as": _read_as,
    "rung": rung_told,
    "sequences_learnt": _sequences_learnt,
    "split_made": _split_made,
    "sister_files": lambda train, others: f"{train}: used with {' and '.join(path.name for path in others)} beside it",
    "square_learnt": _square_learnt,
    "started_over": "{what} is started over; `resume` would have gone on with it",
    "suite_goes_on": "going on after {squares} squares that are finished ({store})",
    "table": _table,
    "tables": lambda tables: "".join(map(_table, tables)),
    "text": _text,
    "text_read": _text_read,
    "time_bound": _time_bound,
    "to_be_replaced": "{folder} holds {what}; it will be replaced (another `save_dir` keeps both)",
    "tracked": "{tracker}: {place}",
    "tracking_failed": "{tracker}: {error}; the training goes on without it",
    "trained": _trained,
    "mixed": _mixed,
    "linear_beyond_budget": (
        "the linear model alone takes {seconds:.1f} s, beyond `budget` {budget:g}, and cannot be had in part; fewer "
        "n-grams (`max_ngrams`) make it quicker"
    ),
    "training_texts_edited": (
        "{learnt} has changed since the model learnt it; the nearest training texts are of what is there now"
    ),
    "tried": tried,
    "search_out_of_time": (
        "{done} of {wanted} trials were done when the rest of {budget:g} s was needed to train with the best settings"
    ),
    "searched": lambda result: str(result.to_text()),
    "unknown_characters": lambda unknown: (
        f"the model never saw {listed(map(repr, unknown))}; read as an unknown character"
    ),
    "unreadable_section": "{path} cannot be read ({error}) and is left out of the page; run it again",
    "unlabelled_test": lambda path, error: (
        f"{path}: no labels there, so that nothing can be tested on it; not used (once a model is trained, "
        f"`predict_file` {path} answers its rows)"
    ),
    "using_saved": "using the model in {folder} (delete the folder to train another)",
    "vectors": _vectors,
    "static_vectors": _static_vectors,
    "vocabulary": _vocabulary,
}
