# %% [markdown]
# # A classifier for your own table
#
# You have a table with texts and labels, and want to know two things: **how well can a program sort new texts**, and **which
# kinds does it mix up**? This notebook goes from a CSV to both answers.
#
# The table here is made by hand: messages to a shop, in Chinese and English, of four kinds. Put your own file in its
# place.

# %%
import random

import pandas as pd

TEMPLATES = {
    "退货 return": ["我想把{0}退掉", "{0}不合适，怎么退货", "请问{0}能退吗", "I want to return the {1}", "how do I send the {1} back", "the {1} does not fit, can I return it"],
    "物流 delivery": ["我的{0}到哪里了", "{0}三天了还没发货", "快递把{0}送错地方了", "where is my {1}", "the {1} has not arrived yet", "can I get the {1} by Friday"],
    "付款 payment": ["买{0}可以分期付款吗", "{0}扣了两次款", "{0}的发票怎么开", "I was charged twice for the {1}", "can I pay for the {1} later", "please send an invoice for the {1}"],
    "故障 defect": ["{0}用了一天就坏了", "{0}开不了机", "{0}有划痕", "the {1} is broken", "my {1} does not turn on", "there is a scratch on the {1}"],
}  # fmt: skip
THINGS = [
    ("手机", "phone"),
    ("耳机", "headset"),
    ("键盘", "keyboard"),
    ("夹克", "jacket"),
    ("台灯", "lamp"),
    ("水杯", "cup"),
]
OPENINGS = ["", "", "你好，", "请问一下，", "hello, ", "sorry to bother you, "]
ENDINGS = ["", "", "，谢谢", "，急", ", thanks", " please"]

draw = random.Random(0)
rows = []
for label, templates in TEMPLATES.items():
    for _ in range(75):
        thing = draw.choice(THINGS)
        rows.append((draw.choice(OPENINGS) + draw.choice(templates).format(*thing) + draw.choice(ENDINGS), label))
draw.shuffle(rows)
for at in draw.sample(range(len(rows)), 12):  # nobody labels without mistakes
    rows[at] = (rows[at][0], draw.choice(list(TEMPLATES)))

table = pd.DataFrame(rows, columns=["message", "kind"]).drop_duplicates("message")
table.to_csv("messages.csv", index=False)
table.head()

# %% [markdown]
# ## Look before you train
#
# Most of what goes wrong is in the data. `check` looks for it: rows without a label, classes of a few rows, the same text
# under two labels, ... On the command line it is `python run.py --dataset messages.csv --check`.

# %%
table["kind"].value_counts()

# %% [markdown]
# ## Train, and test on what was not seen
#
# A classifier that is asked about texts that it has learnt from is always good. So a fifth of the table is put aside, and
# the network never sees it while it learns. `stratify` keeps the shares of the kinds alike in both parts.

# %%
from sklearn.model_selection import train_test_split

from textrnn import TextClassifier

train, test = train_test_split(table, test_size=0.2, stratify=table["kind"], random_state=0)
classifier = TextClassifier(model="LSTM", hidden_size=64, embedding_size=64)
classifier.fit(train["message"], train["kind"])
print(f"{classifier.score(test['message'], test['kind']):.3f} of {len(test)} messages are sorted rightly")

# %% [markdown]
# The network held a tenth of the training rows out for itself: with them it chose the best weights, and calibrated its
# probabilities. `predict` takes one text or many; the first of these has words that no message of the table has:

# %%
print(classifier.predict("耳机没有声音了"))
for answer in classifier.answers(["when will the jacket come", "台灯能开发票吗"]):
    print(answer.text, answer.to_dict()["classes"][:2])

# %% [markdown]
# ## The report
#
# The same as on the command line: a linear model beside the network, the scores of each class, what is taken for what,
# and what that says. Read the interval: of so few messages, one more or less changes the figure by a percent or two.

# %%
report = classifier.report(test["message"], test["kind"])
print(report.to_text())

# %% [markdown]
# ## Which are mixed up?
#
# A row is a true kind, a column what it was taken for. A dark diagonal is good.

# %%
from sklearn.metrics import ConfusionMatrixDisplay
import matplotlib.pyplot as plt

from textrnn.report.drawing import font_for

plt.rcParams["font.family"] = [font_for(classifier.classes_), "DejaVu Sans"]  # one that has the characters
ConfusionMatrixDisplay.from_predictions(
    test["kind"], classifier.predict(test["message"]), cmap="Blues", colorbar=False, xticks_rotation=20
)
plt.tight_layout()

# %% [markdown]
# ## Is it luck?
#
# Another split would give another figure. Cross-validation tries five: each fifth of the table is the test once, and a
# new network learns from the rest.

# %%
from sklearn.model_selection import cross_val_score

scores = cross_val_score(classifier, table["message"], table["kind"], cv=5)
print(scores.round(3), f"mean {scores.mean():.3f}, spread {scores.std():.3f}")

# %% [markdown]
# Look at the errors once more, under "most confused" above: *my keyboard does not turn on*, labelled as a return? These are
# rows whose label was made wrong on purpose at the beginning, one in twenty-five. The network is right, and the label is
# not. It is like that in life, too: `python run.py --dataset messages.csv --check --labels` looks for such rows.
#
# ## Keep it
#
# The folder is the model; it answers on another machine, on the command line, too:
# `python run.py --save-dir my_model --predict "..."`.

# %%
classifier.save("my_model")
print(TextClassifier.load("my_model").predict("the lamp is broken"))
