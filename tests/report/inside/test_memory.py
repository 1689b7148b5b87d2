"""The page of the gates experiment, computed in the browser and compared with Python."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from playwright.sync_api import Page, expect

from tests.models.memory.test_base import build
from tests.report.inside.conftest import Open, fits, serious
from tests.report.inside.reading import document_of, tensors_of
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.cells import LSTMRecord
from textrnn.report.inside.memory import memory_page
from textrnn.report.inside.page import MOST_BYTES

NAMES = ("input_gate", "forget_gate", "candidate", "output_gate", "cell", "hidden")
GRADIENTS = {name: [0.9**t for t in range(101)] for name in ("srn", "lstm", "chrono", "trained")}
Pages = tuple[SequenceClassifier, bytes]


def page_of(network: SequenceClassifier) -> dict[str, bytes]:
    return memory_page(
        network, [6, 7, 0, 0, 1], [[6, 7, 0, 0, 1], [3, 4, 0]], GRADIENTS,
        title="LSTM </script> & more", problem="DigitSum", length=5, accuracy=0.98,
    )  # fmt: skip


@pytest.fixture(scope="module")
def made() -> Pages:
    torch.manual_seed(0)
    network = build("LSTM", hidden_size=12).eval()
    for parameter in network.parameters():  # states far from zero
        parameter.data.mul_(2)
    return network, page_of(network)["inside.html"]


def test_a_hundred_sequences_give_what_python_computes(made: Pages, open_page: Open) -> None:
    network, content = made
    page = open_page(content)
    torch.manual_seed(1)
    sequences = [torch.randint(0, 10, (int(length),)) for length in torch.randint(1, 25, (100,))]
    script = """(sequences) => JSON.stringify(sequences.map((digits) => {
      const { steps, logits } = run(digits);
      const shown = (one) => [one.input, one.forget, one.candidate, one.output, one.state.cell, one.state.hidden];
      return [steps.map((one) => shown(one).map((part) => Array.from(part))), Array.from(logits)];
    }))"""
    found = json.loads(page.evaluate(script, [digits.tolist() for digits in sequences]))
    with torch.inference_mode():
        for digits, (steps, logits) in zip(sequences, found, strict=True):
            record = network.record(digits[None])
            assert isinstance(record, LSTMRecord)
            expected = torch.stack([getattr(record, name)[:, 0] for name in NAMES], dim=1)
            torch.testing.assert_close(torch.tensor(steps), expected, atol=1e-4, rtol=0)
            torch.testing.assert_close(torch.tensor(logits), network(digits[None])[0], atol=1e-4, rtol=1e-5)


def test_it_is_one_small_file_with_the_weights_of_the_network(made: Pages) -> None:
    network, content = made
    assert len(content) < MOST_BYTES
    tensors = tensors_of(content)
    assert torch.equal(tensors["embedding"], network.embedding.weight)
    assert torch.equal(tensors["lstm.recurrent"][12:24], network.cell.get_parameter("U_f").t())
    assert document_of(content)["examples"] == [[6, 7, 0, 0, 1], [3, 4, 0]]
    assert b"</script> &" not in content.split(b"<body>")[0]
    assert b"http" not in content.replace(b"http-equiv", b"").replace(b"http://www.w3.org/2000/svg", b"")


def test_digits_are_typed_cells_chosen_and_slid(made: Pages, open_page: Open) -> None:
    network, content = made
    page = open_page(content)
    page.locator("#digits").fill("38005")
    with torch.inference_mode():
        chances = network(torch.tensor([[3, 8, 0, 0, 5]])).softmax(dim=1)[0]
    best = int(chances.argmax())
    expect(page.locator("#answer")).to_have_text(f"Answer: {best} ({100 * float(chances[best]):.1f} %)")
    page.locator("#map-cell").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    unit = int(page.locator("#unit").input_value())
    expect(page.locator("#pointed")).to_contain_text(f"Unit {unit + 1}, step 2, reading 8:")
    expect(page.locator("#reset")).to_be_disabled()
    page.locator("#slide-forget").focus()
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    changed = page.locator("#slide-forget").input_value()
    expect(page.locator("#effect")).to_contain_text(f"Probability of {best}: {100 * float(chances[best]):.1f} % before")
    answer = by_hand(network, [3, 8, 0, 0, 5], unit, 1, float(changed))
    expect(page.locator("#effect")).to_contain_text(f"{100 * answer[best]:.1f} % now")
    page.locator("#reset").click()
    expect(page.locator("#effect")).to_contain_text("Nothing is changed")
    page.locator("#digits").fill("38x")
    expect(page.locator("#fault")).to_have_text("Expected 1 to 200 numbers from 0 to 9; below is what was read before.")
    page.get_by_role("button", name="340").click()
    expect(page.locator("#fault")).to_have_text("")
    page.get_by_role("button", name="中文").click()
    expect(page.locator("#answer")).to_contain_text("答案：")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"


def by_hand(network: SequenceClassifier, digits: list[int], unit: int, step: int, into_forget: float) -> list[float]:
    """The answer's probabilities where a number goes into one forget gate, by the equations."""
    cell: Any = network.cell
    with torch.inference_mode():
        inputs, (hidden, state) = network.cell_inputs(torch.tensor([digits]))
        for at in range(len(digits)):
            sums = {gate: cell._gate(gate, inputs[:, at], hidden) for gate in ("_i", "_f", "_c", "_o")}
            if at == step:
                sums["_f"][0, unit] = into_forget
            state = sums["_f"].sigmoid() * state + sums["_i"].sigmoid() * sums["_c"].tanh()
            hidden = sums["_o"].sigmoid() * state.tanh()
        found: list[float] = network.output(hidden).softmax(dim=1)[0].tolist()
    return found


@pytest.mark.parametrize(("width", "language", "theme"), [(1280, "en-GB", "light"), (390, "zh-CN", "dark")])
def test_everybody_can_read_it(made: Pages, open_page: Open, width: int, language: str, theme: str) -> None:
    page = open_page(made[1], width=width, language=language, theme=theme)
    assert fits(page)
    assert serious(page) == []


def test_problems_with_many_tokens_take_numbers(open_page: Open) -> None:
    torch.manual_seed(0)
    network = build("LSTM")
    network.embedding = torch.nn.Embedding(34, network.embedding.embedding_dim)
    page = open_page(page_of(network)["inside.html"])
    expect(page.locator("#digits-label")).to_have_text("Numbers from 0 to 33, blanks between them")
    page.locator("#digits").fill("33 7  12")
    expect(page.locator("#pointed")).to_contain_text("reading 33")


def test_other_cells_have_no_page() -> None:
    assert page_of(build("SRN")) == {}
    assert page_of(build("GRU")) == {}


def test_the_languages_say_the_same_things(any_page: Page) -> None:
    words = json.loads(any_page.evaluate("JSON.stringify(WORDS)"))
    assert words["en"].keys() == words["zh"].keys()
    for name, wording in words["en"].items():
        holes = [sorted(part.split("}")[0] for part in text.split("{")[1:]) for text in (wording, words["zh"][name])]
        assert set(holes[1]) == set(holes[0]), name
