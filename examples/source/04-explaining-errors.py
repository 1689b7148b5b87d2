# %% [markdown]
# # Why was that wrong?
#
# A score says how often a classifier errs. To mend it, one has to know *why*: did a word mislead it, did it never see such a
# text, or is the label wrong? This notebook looks at single answers, on the headlines that ship with the project.

# %%
from textrnn import TextClassifier
from textrnn.config import DataConfig
from textrnn.corpus.dataset import load_dataset
from textrnn.corpus.sources.catalog import find_dataset

data = load_dataset(find_dataset("headlines"), DataConfig())
texts, names = data.train.texts, [data.class_names[label] for label in data.train.labels]
dev_texts, dev_names = data.dev.texts, [data.class_names[label] for label in data.dev.labels]
test_texts, test_names = data.test.texts, [data.class_names[label] for label in data.test.labels]
print(f"{len(texts):,} headlines to learn from, {len(test_texts)} to test on, {len(data.class_names)} classes")

# %%
classifier = TextClassifier(model="BiLSTM_Ngram")
classifier.fit(texts, names, X_val=dev_texts, y_val=dev_names)
print(f"{classifier.score(test_texts, test_names):.3f} are answered rightly")

# %% [markdown]
# ## The surest errors
#
# Where it is wrong and hesitates, there is not much to learn. Where it is wrong and *sure*, something has misled it.

# %%
answers = classifier.answers(test_texts)
wrong = [(answer, true) for answer, true in zip(answers, test_names, strict=True) if answer.label != true]
wrong.sort(key=lambda pair: -pair[0].probability)
for answer, true in wrong[:8]:
    print(f"{answer.text}\n    {true}, taken for {answer.label} with {answer.probability:.2f}")

# %% [markdown]
# ## What each character did
#
# An explanation shares an answer out among the characters: how much did each push towards the class that was answered,
# against the true one? For the bag of n-grams that is exact; for the LSTM it is computed by *integrated gradients*
# (Sundararajan et al. 2017): the text is faded in out of one that says nothing, and the gradients on the way are added up. The
# contributions add up to the difference between both classes; nothing is left over.
#
# Blue speaks for the answer that was given, red for the right one.

# %%
from html import escape

from IPython.display import HTML, display


def coloured(explanation):
    """The text, each character on a ground as strong as what it contributed."""
    largest = max(abs(token.contribution) for token in explanation.tokens)
    spans = []
    for token in explanation.tokens:
        colour = "31,95,168" if token.contribution > 0 else "192,57,43"
        strength = abs(token.contribution) / largest
        spans.append(
            f'<span title="{token.contribution:+.2f}" style="background:rgba({colour},{strength:.2f});color:black">'
            f"{escape(token.token)}</span>"
        )
    return f'<p style="font-size:1.2em">{"".join(spans)} <small>{explanation.label} against {explanation.against}</small></p>'


for answer, true in wrong[:5]:
    (explanation,) = classifier.explain(answer.text, label=answer.label, against=true)
    display(HTML(coloured(explanation)))

# %% [markdown]
# GitHub does not show these colours; in Jupyter they are there. As a chart, of the surest error:

# %%
import matplotlib.pyplot as plt

from textrnn.report.drawing import font_for

answer, true = wrong[0]
(explanation,) = classifier.explain(answer.text, label=answer.label, against=true)
plt.rcParams["font.family"] = [font_for([answer.text, *data.class_names]), "DejaVu Sans"]
plt.rcParams["axes.unicode_minus"] = False
figure, axes = plt.subplots(figsize=(9, 2.6))
contributions = [token.contribution for token in explanation.tokens]
axes.bar(range(len(contributions)), contributions, color=["#1f5fa8" if c > 0 else "#c0392b" for c in contributions])
axes.set_xticks(range(len(contributions)), [token.token for token in explanation.tokens])
axes.axhline(0, color="black", linewidth=0.8)
axes.set_ylabel("contribution")
axes.set_title(f"what speaks for {explanation.label} (up) and for {explanation.against} (down)")
figure.tight_layout()

total = sum(contributions)
print(
    f"all of them together {total:+.3f}; the logits differ by {explanation.logit_difference - explanation.baseline:+.3f}"
)

# %% [markdown]
# In the run that is kept here, the headline says that graduates of well-known business schools earn less, and that finance
# is no longer what they choose first. It is labelled 财经 (finance) and was taken for 教育 (education). The schools and their
# graduates (学, 校, 生) speak for the answer, 金融 (finance) for the label, but less loudly. Who is wrong? The headline is
# about both, and that is worth knowing, too.
#
# ## Take the strongest away
#
# If an explanation is right, the answer must change when its strongest characters are gone. We delete the three that speak
# most for the wrong class, and as a check three at random.

# %%
import random

draw = random.Random(0)


def without(text, tokens):
    """The text with some of its tokens cut out."""
    gone = {at for token in tokens for at in range(token.start, token.end)}
    return "".join(character for at, character in enumerate(text) if at not in gone)


def probability_of(text, label):
    return classifier.predict_proba(text)[list(classifier.classes_).index(label)]


print("probability of the wrong class      as it is   without the strongest 3   without 3 at random")
for answer, true in wrong[:8]:
    (explanation,) = classifier.explain(answer.text, label=answer.label, against=true)
    strongest = without(answer.text, explanation.strongest(3))
    others = without(answer.text, draw.sample(explanation.tokens, 3))
    figures = [probability_of(text, answer.label) for text in (answer.text, strongest, others)]
    print(f"{answer.label} instead of {true}" + "".join(f"{figure:20.2f}" for figure in figures))

# %% [markdown]
# ## What did it learn that from?
#
# The other question: which training texts are nearest to this one, seen through the eyes of the network (the cosine of the
# features that it classifies by)? If they all have the label of the wrong answer, the text lies where that class is at home.

# %%
from textrnn.saved.explanation import Neighbours

neighbours = Neighbours.of(classifier.classifier_, texts, names)
shown = wrong[:3]
for (answer, true), near in zip(shown, neighbours.nearest([answer.text for answer, _ in shown], 3), strict=True):
    print(f"{answer.text} ({true}, taken for {answer.label})")
    for neighbour in near:
        print(f"    {neighbour.similarity:.2f}  {neighbour.label}  {neighbour.text}")

# %% [markdown]
# ## What to do now
#
# - A word misleads because it stands in few texts of one class: more texts of the other classes that have it.
# - The nearest texts are of the wrong class, and one would have labelled them otherwise oneself: the labels are in doubt;
#   `--check --labels` finds more of them.
# - No near text is like it: the kind is missing from the training data.
#
# The same on the command line, for any saved model: `--explain`, see the [page on explanations](../docs/explaining.md).
