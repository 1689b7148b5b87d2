// An LSTM of the gates experiment: digits in, everything that its gates and cells do, one step by hand.

const PARTS = ["input", "forget", "candidate", "output"];
const MAPS = [["input", false], ["forget", false], ["output", false], ["candidate", true], ["cell", true], ["hidden", true]];
const LONGEST = 200; // digits

const tensors = tensorsOf(data.tensors);
const layer = layerOf(data.layer, tensors);
const answering = linearOf(data.output, tensors);
const table = Array.from({ length: data.vocabulary }, (_, token) => fromVector(layer, row(tensors.embedding, token)));

/** All steps over digits. changes: numbers that take the place of computed ones, {step, unit, name, value}. */
function run(digits, changes = []) {
  let state = startOf(layer);
  const steps = digits.map((digit, at) => {
    const here = changes.filter((change) => change.step === at);
    const found = lstmStep(layer, table[digit], state, (name, values) => {
      const wanted = here.filter((change) => change.name === name);
      if (!wanted.length) return values;
      const other = Float64Array.from(values);
      for (const { unit, value } of wanted) other[unit] = value;
      return other;
    });
    state = found.state;
    return found;
  });
  return { steps, logits: linear(answering, state.hidden) };
}

let digits = data.digits, unit = 0, step = 0, changes = [], now = run(digits), order = [], drawings = {};

/** Digits from what is typed; null where something else stands there. */
function readDigits(text) {
  const found = data.vocabulary <= 10 && !/\s/.test(text.trim()) ? Array.from(text.trim()) : text.trim().split(/\s+/);
  const numbers = found.filter((part) => part !== "").map((part) => (/^\d+$/.test(part) ? Number(part) : NaN));
  return numbers.length && numbers.length <= LONGEST && numbers.every((number) => number < data.vocabulary) ? numbers : null;
}

const written = (numbers) => numbers.join(data.vocabulary <= 10 ? "" : " ");
const valueOf = (found, name, at) => (name === "cell" || name === "hidden" ? found.state[name][at] : found[name][at]);

function typed() {
  const found = readDigits(find("digits").value);
  find("digits").setAttribute("aria-invalid", String(!found));
  find("fault").textContent = found ? "" : say("memory.fault", { most: data.vocabulary - 1, longest: LONGEST });
  if (!found) return;
  const same = found.length === digits.length;
  digits = found;
  changes = [];
  if (!same || step >= digits.length) step = Math.min(step, digits.length - 1);
  compute();
}

/** Units that hold on to what they have come first, as in the report. */
function sortUnits(steps) {
  const open = Array.from({ length: layer.size }, (_, at) => steps.reduce((sum, found) => sum + found.forget[at], 0));
  order = open.map((_, at) => at).sort((a, b) => open[b] - open[a] || a - b);
}

function compute() {
  const plain = run(digits);
  sortUnits(plain.steps);
  now = changes.length ? run(digits, changes) : plain;
  now.plain = plain;
  draw();
}

function choose(place, at) {
  const other = order[place];
  if (other !== unit || at !== step) { unit = other; step = at; }
  draw();
}

const answerOf = (logits) => logits.reduce((best, value, at) => (value > logits[best] ? at : best), 0);

function drawAnswer() {
  const chances = softmax(now.logits), best = answerOf(now.logits);
  find("answer").textContent = say("memory.answer", { answer: best, share: percent(chances[best]) });
  const rows = Array.from(chances, (share, name) => ({ name: String(name), share })).sort((a, b) => b.share - a.share);
  showBars(find("bars"), rows.slice(0, 5));
}

function drawMaps() {
  const place = order.indexOf(unit);
  for (const [name, signed] of MAPS) {
    const most = drawings[name](layer.size, digits.length, (u, t) => valueOf(now.steps[t], name, order[u]), place, step);
    find(`map-${name}-name`).textContent = say(`part.${name}`) + (signed ? ` (±${fixed(most, 2)})` : "");
    find(`map-${name}`).setAttribute("aria-label", say("memory.map.label", { part: say(`part.${name}`) }));
    const shownDigits = digits.map((digit, at) => {
      const said = element("span", at === step ? "at" : "", String(digit));
      if (digits.length > 40 && at !== step && at % Math.ceil(digits.length / 40)) said.textContent = "";
      return said;
    });
    find(`map-${name}-axis`).replaceChildren(...shownDigits);
  }
  const values = MAPS.map(([name]) => `${say(`part.${name}`)} ${fixed(valueOf(now.steps[step], name, unit))}`).join(say("comma"));
  find("pointed").textContent = say("memory.pointed", { unit: unit + 1, step: step + 1, digit: digits[step], values });
  const chances = softmax(linear(answering, now.steps[step].state.hidden)), best = answerOf(chances);
  find("here").textContent = say("memory.here", { step: step + 1, answer: best, share: percent(chances[best]) });
}

function drawNumbers() {
  const found = now.steps[step], size = layer.size, rows = PARTS.map((name, at) => {
    const gate = ["input", "forget", "candidate", "output"].indexOf(name) * size + unit;
    const ofInput = table[digits[step]][gate], ofState = row(layer.recurrent, gate).reduce((sum, value, h) => sum + value * found.hiddenBefore[h], 0);
    return [say(`part.${name}`), fixed(ofInput), fixed(ofState), fixed(found.sums[name][unit]), fixed(found[name][unit])];
  });
  find("numbers").replaceChildren(...rows.map((cells) => element("tr", "", ...cells.map((cell) => element("td", "", cell)))));
  const n = (value) => fixed(value), { input, forget, candidate, output, before, state } = found;
  find("formula").textContent =
    `c = f·c₋₁ + i·g = ${n(forget[unit])} · ${n(before[unit])} + ${n(input[unit])} · ${n(candidate[unit])} = ${n(state.cell[unit])}\n` +
    `h = o·tanh(c) = ${n(output[unit])} · ${n(Math.tanh(state.cell[unit]))} = ${n(state.hidden[unit])}`;
}

function drawSliders() {
  for (const name of ["before", ...PARTS]) {
    const slider = find(`slide-${name}`), value = name === "before" ? now.steps[step].before[unit] : now.steps[step].sums[name][unit];
    const isChanged = changes.some((change) => change.step === step && change.unit === unit && change.name === name);
    if (document.activeElement !== slider || !isChanged) slider.value = value;
    slider.nextElementSibling.textContent = fixed(value, 2);
    slider.parentElement.classList.toggle("changed", isChanged);
    slider.parentElement.firstChild.textContent = name === "before" ? say("memory.before") : say("memory.into", { part: say(`part.${name}`) });
  }
  find("reset").disabled = !changes.length;
  const before = softmax(now.plain.logits), best = answerOf(now.plain.logits), after = softmax(now.logits);
  find("effect").textContent = say(changes.length ? "memory.effect" : "memory.effect.none", {
    answer: best, before: percent(before[best]), after: percent(after[best]), other: answerOf(now.logits),
  });
}

function drawChoices() {
  find("unit").replaceChildren(...order.map((at) => new Option(String(at + 1), at, false, at === unit)));
  find("step").replaceChildren(...digits.map((digit, at) => new Option(`${at + 1}: ${digit}`, at, false, at === step)));
}

function draw() {
  find("digits-label").textContent = say(data.vocabulary <= 10 ? "memory.digits" : "memory.numbers", { most: data.vocabulary - 1 });
  find("about").textContent = say("memory.about", { length: data.length, accuracy: percent(data.accuracy), units: layer.size, problem: data.problem });
  find("precision").textContent = precisionInWords();
  drawAnswer();
  drawMaps();
  drawNumbers();
  drawSliders();
  drawChoices();
  for (const [id, colour] of [["gate", (share) => gateColour(share)], ["signed", (share) => signedColour(2 * share - 1)]]) {
    find(`ramp-${id}`).style.background = `linear-gradient(to right, ${[0, 0.25, 0.5, 0.75, 1].map((share) => css(colour(share))).join(", ")})`;
  }
  drawGradients(data.gradients);
}

function make() {
  for (const [name, signed] of MAPS) {
    const canvas = element("canvas"), axis = element("div", "axis"), caption = element("h3");
    canvas.id = `map-${name}`;
    axis.id = `map-${name}-axis`;
    caption.id = `map-${name}-name`;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    axis.setAttribute("aria-hidden", "true");
    find("maps").append(element("figure", "", caption, canvas, axis));
    drawings[name] = heatMap(canvas, { signed, choose });
  }
  for (const name of ["before", ...PARTS]) {
    const slider = Object.assign(document.createElement("input"), { type: "range", min: -8, max: 8, step: "any", id: `slide-${name}` });
    slider.addEventListener("input", () => {
      changes = changes.filter((change) => change.step !== step || change.unit !== unit || change.name !== name);
      changes.push({ step, unit, name, value: Number(slider.value) });
      compute();
    });
    slider.addEventListener("keydown", (event) => { // a step of the arrow keys that one sees
      const by = { ArrowLeft: -0.25, ArrowDown: -0.25, ArrowRight: 0.25, ArrowUp: 0.25 }[event.key];
      if (!by) return;
      event.preventDefault();
      slider.value = Number(slider.value) + by;
      slider.dispatchEvent(new Event("input"));
    });
    find("sliders").append(element("label", "", element("span"), slider, element("output")));
  }
  find("reset").addEventListener("click", () => { changes = []; compute(); });
  find("unit").addEventListener("change", (event) => { unit = Number(event.target.value); draw(); });
  find("step").addEventListener("change", (event) => { step = Number(event.target.value); draw(); });
  find("digits").value = written(digits);
  find("digits").addEventListener("input", typed);
  find("examples").append(...data.examples.map((example) => {
    const made = element("button", "", written(example).slice(0, 24));
    made.type = "button";
    made.addEventListener("click", () => { find("digits").value = written(example); typed(); });
    return made;
  }));
  redrawn.push(draw, () => { if (find("fault").textContent) typed(); });
  now.plain = now;
  sortUnits(now.steps);
  unit = order[0];
}

make();
begin();
