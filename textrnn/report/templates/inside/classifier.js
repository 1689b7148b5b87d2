// A classifier: the answer while a text is typed, and how far it would fall without each of its tokens.

const UNKNOWN = 1, MOST_CLASSES = 8, MOST_TOKENS = 8;
const tensors = tensorsOf(data.tensors);
const layers = data.network.layers.map((directions) => directions.map((layer) => layerOf(layer, tensors)));
const classes = linearOf(data.network.classifier, tensors);
const norms = data.network.norms.map((norm) => ({ ...linearOf(norm, tensors), epsilon: norm.epsilon }));
const idOf = new Map(data.tokens.map((token, id) => [token, id]).slice(UNKNOWN + 1));
const pairRow = new Map();
data.pairs.reduce((sum, difference, at) => { pairRow.set(sum + difference, at); return sum + difference; }, 0);
const pattern = new RegExp(data.tokenizer.pattern, "gu");

/** The tokens that are read, and where each stands in the text; at least one, and what is behind them is not read. */
function tokensOf(text) {
  const read = data.tokenizer.lowercase ? text.toLowerCase() : text, from = read.length - read.trimStart().length;
  const found = [...read.trim().matchAll(pattern)].map((match) => ({ text: match[0], start: from + match.index, end: from + match.index + match[0].length }));
  return { tokens: found.slice(0, data.longest), unread: found.length > data.longest ? found[data.longest].start : null };
}

const encode = (tokens) => (tokens.length ? tokens.map((token) => idOf.get(token.text) ?? UNKNOWN) : [UNKNOWN]);

/** What a token, with the pair that it makes with the next one, gives to the first layer of each direction; kept. */
const kept = new Map();
function ofTokens(ids) {
  return ids.map((id, at) => {
    const pair = pairRow.get(id * data.tokens.length + (ids[at + 1] ?? -1)), key = at + 1 < ids.length && pair !== undefined ? `${id},${pair}` : `${id}`;
    if (!kept.has(key)) {
      const vector = row(tensors.embedding, id);
      if (key !== `${id}`) row(tensors.pairs, pair).forEach((value, place) => { vector[place] += value; });
      kept.set(key, layers[0].map((layer) => fromVector(layer, vector)));
    }
    return kept.get(key);
  });
}

/** Hidden states of one direction, in the order of the text. */
function inDirection(layer, given, backward) {
  let state = startOf(layer);
  const hidden = (backward ? given.slice().reverse() : given).map((fromInput) => {
    state = stepOf(layer, fromInput, state).state;
    return state.hidden;
  });
  return backward ? hidden.reverse() : hidden;
}

function joined(parts) {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { all.set(part, at); at += part.length; }
  return all;
}

function pooled(states, size) {
  const last = states.length - 1, width = states[0].length;
  switch (data.network.pooling) {
    case "max": return states.reduce((most, state) => most.map((value, at) => Math.max(value, state[at])));
    case "mean": return new Float64Array(width).map((_, at) => states.reduce((sum, state) => sum + state[at], 0) / states.length);
    case "last": return width === size ? states[last] : joined([states[last].subarray(0, size), states[0].subarray(size)]);
    default: {
      const weights = softmax(states.map((state) => product(tensors.attention, state.map(Math.tanh))[0]));
      return new Float64Array(width).map((_, at) => Math.tanh(states.reduce((sum, state, t) => sum + weights[t] * state[at], 0)));
    }
  }
}

/** Token ids -> logits. */
function logitsOf(ids) {
  let states;
  const first = ofTokens(ids);
  for (const [depth, directions] of layers.entries()) {
    const below = states, hidden = directions.map((layer, direction) =>
      inDirection(layer, depth ? below.map((state) => fromVector(layer, state)) : first.map((given) => given[direction]), direction === 1));
    states = hidden[0].map((_, at) => (hidden.length === 1 ? hidden[0][at] : joined([hidden[0][at], hidden[1][at]])));
  }
  const features = norms.reduce((vector, norm) => layerNorm(norm, vector), pooled(states, layers.at(-1)[0].size));
  return linear(classes, features);
}

/** Logits -> probabilities, as the model gives them: with several labels, of each by itself. */
function probabilitiesOf(logits) {
  if (data.thresholds) return logits.map((logit, at) => sigmoid(logit / data.temperature + data.biases[at]));
  if (!data.calibrated) return softmax(logits);
  const shares = softmax(logits).map((share) => Math.max((share - data.smoothing / logits.length) / (1 - data.smoothing), 1e-4));
  const sum = shares.reduce((a, b) => a + b, 0);
  return softmax(shares.map((share) => Math.log(share / sum)), data.temperature);
}

const places = (values) => Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);

/** What is explained: the logit of the first class, less that of the second where a text has one label. */
const difference = (logits, [first, second]) => logits[first] - (data.thresholds || second === undefined ? 0 : logits[second]);

/** How far the difference falls where one token is replaced by <unk>. */
function fallWithoutToken(ids, at, order, whole) {
  const others = ids.slice();
  others[at] = UNKNOWN;
  return whole - difference(logitsOf(others), order);
}

let text = "", tokens = [], falls = [], at = -1, pending = 0;

function compute() {
  text = find("text").value;
  const cut = tokensOf(text), ids = encode(cut.tokens), logits = logitsOf(ids), chances = probabilitiesOf(logits), order = places(chances);
  tokens = cut.tokens;
  falls = [];
  at = Math.min(at, tokens.length - 1);
  drawAnswer(chances, order);
  find("unread").textContent = cut.unread === null ? "" : say("classify.unread", { longest: data.longest });
  find("why-about").textContent = data.thresholds || data.classes.length < 2 ? say("classify.why.one", { label: data.classes[order[0]] })
    : say("classify.why.about", { label: data.classes[order[0]], against: data.classes[order[1]] });
  drawTokens(cut.unread, ids);
  explain(ids, order, difference(logits, order));
}

function drawAnswer(chances, order) {
  const given = data.thresholds ? order.filter((label) => chances[label] >= data.thresholds[label]) : [order[0]];
  const named = given.map((label) => `${data.classes[label]} (${percent(chances[label])})`).join(say("comma"));
  find("answer").textContent = !tokens.length ? say("classify.empty") : named || say("classify.none");
  showBars(find("bars"), order.slice(0, MOST_CLASSES).map((label) => ({ name: data.classes[label], share: chances[label] })));
}

function drawTokens(unread, ids) {
  const parts = [];
  let end = 0;
  for (const [place, token] of tokens.entries()) {
    parts.push(text.slice(end, token.start));
    const made = element("span", ids[place] === UNKNOWN ? "unknown" : "", text.slice(token.start, token.end));
    made.dataset.at = place;
    parts.push(made);
    end = token.end;
  }
  parts.push(element("span", "soft", text.slice(end)));
  find("coloured").replaceChildren(...parts);
  drawPointed();
}

/** Token after token, a few at a time, so that typing is never held up. */
function explain(ids, order, whole) {
  const mine = ++pending;
  delete find("coloured").dataset.done;
  find("strongest").replaceChildren();
  const some = () => {
    if (mine !== pending) return;
    for (const end = performance.now() + 12; falls.length < tokens.length && performance.now() < end;) {
      falls.push(fallWithoutToken(ids, falls.length, order, whole));
    }
    if (falls.length < tokens.length) { setTimeout(some); return; }
    drawFalls();
    find("coloured").dataset.done = "yes";
  };
  setTimeout(some);
}

function drawFalls() {
  const most = Math.max(0.5, ...falls.map(Math.abs));
  for (const made of find("coloured").querySelectorAll("[data-at]")) paint(made, signedColour(-falls[made.dataset.at] / most));
  const strongest = falls.map((_, place) => place).sort((a, b) => Math.abs(falls[b]) - Math.abs(falls[a])).slice(0, MOST_TOKENS);
  find("strongest").replaceChildren(...strongest.map((place) => element("tr", "", element("td", "", element("bdi", "", shown(place))), element("td", "", fixed(falls[place], 2)))));
  drawPointed();
}

const shown = (place) => (tokens[place].text === " " ? "␣" : tokens[place].text);

function drawPointed() {
  for (const made of find("coloured").querySelectorAll("[data-at]")) made.classList.toggle("at", Number(made.dataset.at) === at);
  find("pointed").textContent = at >= 0 && falls[at] !== undefined
    ? say("classify.pointed", { token: shown(at), value: fixed(falls[at], 2) }) : say("classify.pointed.none");
}

function draw() {
  find("text-label").textContent = say("classify.text", { longest: data.longest });
  const [left, pairs] = data.left_out;
  find("about").textContent = say(layers[0].length > 1 ? "classify.about.both" : "classify.about", { cell: data.network.layers[0][0].cell.toUpperCase(), units: layers[0][0].size, classes: data.classes.length })
    + (left ? say("classify.left.tokens", { count: left }) : "") + (pairs ? say("classify.left.pairs", { count: pairs }) : "")
    + (left + pairs ? say("classify.left") : "");
  find("precision").textContent = precisionInWords();
  compute();
}

function make() {
  find("text").value = data.examples[0] ?? "";
  find("text").addEventListener("input", compute);
  find("examples").append(...data.examples.map((example) => {
    const made = element("button", "", element("bdi", "", Array.from(example).slice(0, 24).join("")));
    made.type = "button";
    made.addEventListener("click", () => { find("text").value = example; compute(); });
    return made;
  }));
  for (const event of ["pointerover", "click"]) {
    find("coloured").addEventListener(event, ({ target }) => { if (target.dataset.at) { at = Number(target.dataset.at); drawPointed(); } });
  }
  find("coloured").addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    at = Math.max(0, Math.min(tokens.length - 1, at + by));
    drawPointed();
  });
  redrawn.push(draw);
}

make();
begin();
