# %% [markdown]
# # What a recurrent network remembers
#
# A recurrent network reads one thing after another and keeps what it has seen in its state. How long does it keep it?
# The task **DigitSum** asks exactly that: read two digits, then zeros with another digit somewhere among them to lead
# astray, and give the sum of the first two.

# %%
from textrnn.tasks.memory.registry import all_problems

problem = all_problems()["digit-sum"]
print(problem.about)
for digits in ((6, 7, 0, 0, 1, 0, 0, 0, 0, 0), (3, 4, 9, 0, 0, 0, 0, 0, 0, 0)):
    print(*digits, "->", problem.answer(digits))

# %% [markdown]
# The sums alone are easy. What makes it hard is the waiting: at length 35, thirty-three steps lie between the digits and
# the answer, and one of them tries to lead astray. Always answering 9, the commonest sum, is right one time in ten.

# %% [markdown]
# ## A simple network against an LSTM
#
# Two cells, each trained anew at every length:
#
# - **SRN**, the simple recurrent network: `h = tanh(x W + h U + b)`. At every step the whole state is multiplied by `U` and
#   squeezed, so what was there fades, or drowns in what comes.
# - **LSTM**: a cell that is only *added to*, and gates that decide what gets in, what stays and what is shown. If the
#   forget gate is open, the cell stays as it is, for as long as one likes.

# %%
import json
from pathlib import Path

from textrnn.tasks.memory.experiments import run
from textrnn.tasks.memory.request import MemoryRequest

lengths = (10, 15, 20, 25, 30, 35)  # twelve trainings, together about a minute on two quiet cores
run(MemoryRequest(experiment="lengths", models=("SRN", "LSTM"), lengths=lengths))


def accuracy(model):
    """Accuracy on the test split, by length."""
    metrics = json.loads(Path(f"saved_dict/memory/lengths_{model}/metrics.json").read_text(encoding="utf-8"))
    return [metrics["lengths"][str(length)]["test"] for length in lengths]


print("length", *(f"{length:6}" for length in lengths))
for model in ("SRN", "LSTM"):
    print(f"{model:6}", *(f"{share:6.2f}" for share in accuracy(model)))

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(5.5, 3.2))
for model in ("SRN", "LSTM"):
    axes.plot(lengths, accuracy(model), marker="o", label=model)
axes.axhline(0.1, linestyle=":", color="grey", label="always answering 9")
axes.set(xlabel="digits in a sequence", ylabel="accuracy on test", ylim=(0, 1.05))
axes.legend()
figure.tight_layout()

# %% [markdown]
# Up to fifteen digits, the simple network remembers something; from twenty on, it does no better than always saying 9. The
# LSTM hardly notices the length.
#
# ## Why: gradients that vanish
#
# To learn that the first digit matters, the error has to travel back from the answer to that digit, through the same
# matrix at every step. We send a gradient back through both cells, as they are before any training, and look at how much
# of it is left, step by step.

# %%
import torch

from textrnn.models.parts.visible_cells import LSTM, SRN

torch.manual_seed(0)
steps = 35
figure, axes = plt.subplots(figsize=(5.5, 3.2))
for cell_type, method in ((SRN, "uniform"), (SRN, "orthogonal"), (LSTM, "uniform"), (LSTM, "chrono")):
    cell = cell_type(10, 64)
    cell.initialise(method, sequence_length=steps)
    inputs = torch.randn(20, steps, 10, requires_grad=True)
    cell.last(inputs).sum().backward()
    reaching = inputs.grad.norm(dim=2).mean(dim=0)  # (T,): what arrives at each step
    axes.semilogy(range(1, steps + 1), reaching / reaching[-1], label=f"{cell_type.__name__}, {method}")
axes.set(xlabel="step (the answer is given after the last)", ylabel="gradient, last step = 1")
axes.legend()
figure.tight_layout()

# %% [markdown]
# A gradient that is ten thousand times smaller at the first digit teaches nothing about it. For the simple network,
# orthogonal matrices help (they neither stretch nor shrink), but the tanh still takes its share at every step.
#
# With PyTorch's own way to draw the first weights (*uniform*), an LSTM forgets as well! Its forget gates begin half open,
# and half of a half of a half is soon nothing. *Chrono* initialisation (Tallec & Ollivier 2018) opens them for about as
# long as the sequence is, before anything is learnt. It is what the program does.
#
# ## What the gates do
#
# Now we train an LSTM and watch its gates while it reads `6 7 0 0 1 0 0 0 0 0`. Each row of a map is one unit, each column
# a digit that it reads; yellow is open.

# %%
from IPython.display import Image

run(MemoryRequest(experiment="gates", digits=(6, 7, 0, 0, 1, 0, 0, 0, 0, 0)))
folder = Path("saved_dict/memory/gates_LSTM")
metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
print(f"it answers {metrics['answer']}, with a probability of {metrics['probability']:.3f}")
Image(folder / "gates.png", width=620)

# %% [markdown]
# Look at the forget gates (top right). On the first two digits many of them are shut: the cell takes in something new. From
# the third digit on most are wide open, and the stripes of the cell state (bottom right) run on to the end. Even the 1 in
# the fifth column, which is there to lead astray, changes little.
#
# The numbers behind the picture are in `gates.csv`:

# %%
for name in ("input_gate", "forget_gate"):
    print(f"{name:12}", *(f"{opening:.2f}" for opening in metrics["mean_by_step"][name]))

# %% [markdown]
# ## Try for yourself
#
# - Other digits: the trained model is kept, and another sequence of ten digits is answered at once. One of another length
#   needs a training of its own.
# - `models=("ResidualSRN",)`: a simple network with a residual connection. Does a sum instead of a product help?
# - `named={"recipe": "textbook"}`: the usual settings, with zero weights to begin with. How far does the LSTM get?
# - What happens to gradients that *grow* instead: `experiment="explosion"`.
#
# More: [docs/memory.md](../docs/memory.md).
