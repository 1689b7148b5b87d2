# %% [markdown]
# # A language model learns to write
#
# A character language model answers one question again and again: **given everything so far, which character comes
# next?** Whoever can answer that can write, by taking an answer, adding it to the text and asking again.
#
# This notebook follows chapters 8 and 9 of *Dive into Deep Learning* (d2l): the text is *The Time Machine* by H. G.
# Wells, and d2l's `Animator` draws the perplexity while the network learns. Where the novel is not at hand, the story
# that ships with the project takes its place; put `timemachine.txt` into `data/`, or run
# `python run.py --task lm` once, which downloads it.

# %%
from textrnn import LanguageModel
from textrnn.corpus.texts import find_local

corpus = "timemachine" if find_local("timemachine") else "story"
print("the text is", corpus)

# %% [markdown]
# d2l is optional: `pip install --no-deps d2l==0.17.0`. It imports torchvision, which nothing here needs, so an empty
# stand-in is enough. Anything else with a method `add(epoch, [train perplexity, held-out perplexity])` would draw as
# well, and with `animator=None` nothing is drawn.

# %%
import sys
from unittest.mock import MagicMock

from IPython import display
from matplotlib_inline.backend_inline import set_matplotlib_formats

for name in ("torchvision", "torchvision.transforms"):
    sys.modules.setdefault(name, MagicMock(name=name))
display.set_matplotlib_formats = lambda *formats: set_matplotlib_formats("png")  # it has moved since d2l 0.17

try:
    from d2l import torch as d2l
except ImportError:
    d2l = None


def new_animator(epochs):
    """Two curves against the epoch: perplexity on what is learnt, and on what is held out."""
    if d2l is None:
        return None
    legend = ["learnt", "held out"]
    return d2l.Animator(xlabel="epoch", ylabel="perplexity", legend=legend, xlim=[1, epochs], figsize=(5, 3))


# %% [markdown]
# ## The book's recipe
#
# **Perplexity** tells among how many characters the model hesitates, on average. 28 would be guessing blindly among the
# letters and the space; 1 would be certainty.
#
# The book trains on 10,000 characters, 200 times over. Here, a tenth of them is held out, so that we see what the book
# does not show.

# %%
book = LanguageModel.train(corpus, model="LSTM", recipe="d2l", animator=new_animator(200))

# %% [markdown]
# The blue curve falls and falls: the network learns the 9,000 characters by heart. The dashed one turns round and
# rises: on the part that it has not seen, it becomes worse the more it has learnt by heart. That is overfitting, and
# without held-out text nobody would notice.
#
# The program keeps the weights of the lowest point of the dashed curve, not the last ones.

# %%
print(book.generate("time traveller ", length=80))

# %% [markdown]
# ## The same network, the whole text
#
# Now with the project's own recipe: the whole text, more dropout, a learning rate that rises and falls. Ten passes, with as
# many units as the book has, take less than a minute on two quiet cores (here, they were not quiet). With 512 units, the
# default, it becomes better; with `budget=60` in the place of `epochs=10`, the schedule is fitted to 60 seconds of
# whatever machine it is.

# %%
model = LanguageModel.train(corpus, epochs=10, hidden_size=256, animator=new_animator(10), say=print)

# %% [markdown]
# The dashed curve falls to the end, and the other does not run away from it: there is enough text, and enough dropout,
# that nothing is learnt by heart. Beside the network stands an n-gram model, counted in less than a second; the two together are
# better than either (why: [how it works](../docs/how-it-works.md#a-language-model)).

# %% [markdown]
# ## Let it write
#
# The likeliest character each time gives the safest text, and the dullest: it soon goes in circles. Drawing at random
# by the probabilities is livelier. The **temperature** says how bold the drawing is.

# %%
print("likeliest:", model.generate("the time traveller ", length=120))
for temperature in (0.5, 0.8, 1.2):
    print(f"\n{temperature}:", model.generate("the time traveller ", length=120, temperature=temperature, seed=1))

# %% [markdown]
# ## What surprises it
#
# The same model can judge a text: the loss of a character, −ln p, is its surprise. Words begin surprisingly and end
# predictably, and a typing error stands out.

# %%
import matplotlib.pyplot as plt

score = model.score("the time traveller smiled and shook his haed")
print(f"perplexity {score.perplexity:.2f}, {score.bits_per_char:.2f} bits a character")

figure, axes = plt.subplots(figsize=(9, 2.2))
axes.bar(range(score.characters), score.losses)
axes.set_xticks(range(score.characters), score.text)
axes.set_ylabel("surprise (nats)")
figure.tight_layout()

# %% [markdown]
# ## Keep it
#
# The folder alone is the model: copy it to another machine and load it there. The command line reads it, too:
# `python run.py --task lm --save-dir my_model --predict "time "`.

# %%
model.save("my_model")
again = LanguageModel.load("my_model")
print(again.generate("time ", length=40) == model.generate("time ", length=40))
