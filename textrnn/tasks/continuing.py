"""Answers of a saved language model: a text continued, a text scored."""

from __future__ import annotations

from pathlib import Path

from textrnn.corpus.readers import decode, read_bytes
from textrnn.corpus.texts import corpus_name, file_digest, find_local
from textrnn.errors import ArtifactError, DataError
from textrnn.saved.character_model import CharacterModel, Score
from textrnn.tasks.request import LanguageModelRequest, changed_settings
from textrnn.tasks.resuming import Say
from textrnn.training.train_eval import choose_device


def open_model(request: LanguageModelRequest, folder: Path, say: Say) -> CharacterModel:
    """Read the model in `folder`, and say where it differs from what was asked for.

    Raises:
        ArtifactError: if there is no whole model in it, or it has learnt from another text than the one named.
    """
    device = choose_device(str(request.train_settings.get("device", "cpu")))
    model = CharacterModel.load(folder, device)
    if "corpus" in request.data_settings:
        learnt = corpus_name(model.corpus.corpus)
        if learnt != corpus_name(request.corpus):
            raise ArtifactError(
                f"{folder}: a model of {learnt}; expected one of {request.corpus}: name its folder with --save-dir, "
                "or train one"
            )
        try:
            here = find_local(request.corpus)
        except DataError:  # the text is gone; its model can do without
            here = None
        if here is not None and file_digest(here.path) != model.digest:
            say(f"note: {here.path} is not as it was when this model learnt it (or another text of that name)")
    if request.model not in ("LSTM", model.model_name):
        say(f"note: the saved model is of the kind {model.model_name}, not {request.model}")
    for difference in changed_settings(model.settings, request):
        if not difference.startswith("--seed "):  # beside --predict, the seed is that of what is drawn
            say(f"note: of the saved model, {difference}; that takes effect when it is trained again")
    return model


def score_file(model: CharacterModel, file: str) -> Score:
    """Score a text file.

    Raises:
        DataError: if it cannot be read, or holds nothing that the model reads.
    """
    path = Path(file).expanduser()
    if not path.exists() and not path.suffix and len(path.parts) == 1:  # a name
        known = find_local(file)
        path = known.path if known is not None else path
    if not path.exists():
        raise DataError(
            f"--score {file}: no such file; expected the path of a text file, or a name that --corpus takes"
        )
    text, _ = decode(read_bytes(path), path)
    score = model.score(text)
    if score.characters == 0:
        raise DataError(
            f"{path}: no character to score in it; expected a text"
            + (" with letters from a to z, which is what this model reads" if text.strip() else "")
        )
    return score
