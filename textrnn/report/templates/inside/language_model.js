// A language model: a text coloured by one unit, the likeliest next characters, and which earlier ones they depend on.

const UNKNOWN = 1, LIKELIEST = 5, FURTHEST = 24; // characters back that are tried
const WAIT = 120; // milliseconds that a place must be pointed at before what it depends on is computed
const tensors = tensorsOf(data.tensors);
const model = languageModelOf(data.network, tensors);
const idOf = new Map(data.tokens.map((token, id) => [token, id]).slice(UNKNOWN + 1));
const mean = model.mean();

/** A text as the model reads it. */
function asRead(text) {
  if (data.letters) return text.replace(/[^A-Za-z]+/g, " ").toLowerCase();
  const plain = text.replace(/\r\n?/g, "\n");
  return data.lowercase ? plain.toLowerCase() : plain;
}

const encode = (characters) => characters.map((character) => idOf.get(character) ?? UNKNOWN);

let characters = [], found, at = 0, kind = null, unit = 0, pending = 0;

const kinds = () => [
  ...model.layers.flatMap((layer, depth) => (layer.cell === "lstm" ? ["hidden", "cell"] : ["hidden"]).map((name) => ({ name, depth }))),
  { name: "surprise" },
];

function visible(character) {
  return { " ": "␣", "\n": "↵", "\t": "⇥" }[character] ?? character;
}

/** The value that colours a character, from -1 to 1; of surprise, from 0 to 1. */
function valueAt(place) {
  if (kind.name === "surprise") return Math.min(1, surpriseOf(place) / 6);
  const value = found.states[place + 1][kind.depth][kind.name][unit];
  return kind.name === "cell" ? Math.tanh(value) : value;
}

const chancesAfter = (count) => softmax(logitsAfter(model, found.states[count]));
const surprises = new WeakMap(); // by the states before a character, which stay as they are while others are typed

function surpriseOf(place) {
  const states = found.states[place], token = found.tokens[place];
  if (surprises.get(states)?.token !== token) surprises.set(states, { token, nats: -Math.log(chancesAfter(place)[token]) });
  return surprises.get(states).nats;
}

function compute() {
  characters = Array.from(asRead(find("text").value));
  found = statesAfter(model, encode(characters), data.start, found);
  at = Math.max(0, Math.min(at, characters.length - 1));
  draw();
}

function drawText() {
  const parts = characters.map((character, place) => {
    const made = element("span", place === at ? "at" : "", character === "\n" ? "↵\n" : character);
    made.dataset.at = place;
    paint(made, signedColour(valueAt(place)));
    if (found.tokens[place] === UNKNOWN) made.classList.add("unknown");
    return made;
  });
  find("coloured").replaceChildren(...parts);
}

/** After which characters the unit is highest and lowest, on average over the text. */
function drawExtremes() {
  if (kind.name === "surprise" || !characters.length) { find("extremes").textContent = ""; return; }
  const sums = new Map();
  characters.forEach((character, place) => {
    const [sum, count] = sums.get(character) ?? [0, 0];
    sums.set(character, [sum + valueAt(place), count + 1]);
  });
  const means = [...sums].map(([character, [sum, count]]) => [character, sum / count]).sort((a, b) => b[1] - a[1]);
  const written = (some) => some.map(([character, value]) => `${visible(character)} ${fixed(value, 2)}`).join(say("comma"));
  find("extremes").textContent = say("lm.extremes", { high: written(means.slice(0, 3)), low: written(means.slice(-3).reverse()) });
}

const before = (count) => characters.slice(Math.max(0, count - 16), count).map(visible).join("");

function drawNext() {
  const count = characters.length ? at + 1 : 0, chances = chancesAfter(count);
  const rows = Array.from(chances, (share, token) => ({ name: visible(data.tokens[token]), share })).sort((a, b) => b.share - a.share);
  find("after").textContent = count ? say("lm.after", { text: before(count) }) : say("lm.after.none");
  showBars(find("bars"), rows.slice(0, LIKELIEST));
  const next = found.tokens[count];
  find("real").textContent = next === undefined ? "" : say("lm.real", {
    character: visible(characters[count]), share: percent(chances[next]), nats: fixed(-Math.log(chances[next]), 2),
  });
  return { count, next: next ?? chances.reduce((best, share, token) => (share > chances[best] ? token : best), 0) };
}

/** What the next character depends on, the nearest first, so that the page can be used meanwhile. */
function drawDependence({ count, next }) {
  const mine = ++pending, from = Math.max(0, count - FURTHEST), falls = new Map();
  find("depends-about").textContent = say("lm.depends.about", { character: visible(data.tokens[next]) });
  const parts = characters.slice(from, count).map((character) => element("span", "", character === "\n" ? "↵\n" : character));
  find("depends").replaceChildren(...parts);
  find("depends-most").textContent = say("lm.depends.waiting");
  if (!count) return;
  const show = () => {
    const most = Math.max(0.05, ...[...falls.values()].map(Math.abs));
    for (const [place, fall] of falls) {
      paint(parts[place - from], signedColour(-fall / most)); // blue speaks for, as everywhere
      parts[place - from].title = fixed(fall, 2);
    }
    const strongest = [...falls].sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, 3);
    const list = strongest.map(([place, fall]) => say("lm.depends.one", { character: visible(characters[place]), back: count - place, fall: fixed(fall, 2) }));
    find("depends-most").textContent = list.join(say("comma"));
  };
  let place = count - 1;
  const some = () => {
    if (mine !== pending) return;
    for (const end = performance.now() + 12; place >= from && performance.now() < end; place--) {
      falls.set(place, fallWithout(model, found, place, count, next, mean));
    }
    show();
    if (place >= from) setTimeout(some);
    else find("depends").dataset.done = `${count}`;
  };
  delete find("depends").dataset.done;
  setTimeout(some, WAIT);
}

function move(place) {
  if (place < 0 || place >= characters.length || (place === at && find("depends").dataset.done === `${at + 1}`)) return;
  find("coloured").children[at]?.classList.remove("at");
  at = place;
  find("coloured").children[at].classList.add("at");
  drawDependence(drawNext());
}

function draw() {
  const choices = kinds();
  kind = choices[find("colour").selectedIndex] ?? choices[0];
  const several = model.layers.length > 1;
  find("colour").replaceChildren(...choices.map(({ name, depth }) => {
    const said = name === "surprise" ? say("lm.surprise") : say(`part.${name}`) + (several ? say("lm.layer", { layer: depth + 1 }) : "");
    return new Option(said, said, false, name === kind.name && depth === kind.depth);
  }));
  const isUnit = kind.name !== "surprise";
  for (const id of ["unit-label", "unit-before", "unit-after"]) find(id).hidden = !isUnit;
  find("unit").max = model.layers[0].size;
  for (const id of ["before", "after"]) find(`unit-${id}`).setAttribute("aria-label", say(`lm.unit.${id}`));
  find("ramp").style.background = `linear-gradient(to right, ${(isUnit ? [-1, -0.5, 0, 0.5, 1] : [0, 0.5, 1]).map((value) => css(signedColour(value))).join(", ")})`;
  find("ramp-low").textContent = isUnit ? "−1" : "0";
  find("ramp-high").textContent = isUnit ? "+1" : "6";
  find("about").textContent = say("lm.about", { cell: data.network.layers[0].cell.toUpperCase(), layers: model.layers.length, units: model.layers[0].size, characters: data.tokens.length - 2 })
    + (data.mixed ? say("lm.mixed") : "") + (data.left_out ? say("lm.left.out", { count: data.left_out }) : "") + (data.letters ? say("lm.letters") : "");
  find("precision").textContent = precisionInWords();
  drawText();
  drawExtremes();
  drawDependence(drawNext());
}

/** The model goes on with the text, drawing each character from its probabilities, those of the unlikely ones lowered. */
function write(count = 40) {
  const more = [];
  let states = found.states.at(-1);
  for (let step = 0; step < count; step++) {
    const chances = softmax(logitsAfter(model, states), 0.7);
    let left = Math.random() * (1 - chances[0] - chances[UNKNOWN]), token = UNKNOWN;
    while (left >= 0 && ++token < chances.length - 1) left -= chances[token];
    more.push(data.tokens[token]);
    states = read(model, model.fromToken(token), states);
  }
  find("text").value = (characters.join("") + more.join("")).slice(-1000);
  at = Infinity;
  compute();
}

function make() {
  find("text").value = data.text;
  find("text").addEventListener("input", () => { at = Infinity; compute(); });
  find("write").addEventListener("click", () => write());
  find("colour").addEventListener("change", draw);
  const turn = (to) => {
    unit = (to + model.layers[0].size) % model.layers[0].size;
    find("unit").value = unit + 1;
    drawText();
    drawExtremes();
  };
  find("unit").addEventListener("input", (event) => {
    const wanted = Number(event.target.value);
    if (Number.isInteger(wanted) && wanted >= 1 && wanted <= model.layers[0].size) { unit = wanted - 1; drawText(); drawExtremes(); }
  });
  find("unit-before").addEventListener("click", () => turn(unit - 1));
  find("unit-after").addEventListener("click", () => turn(unit + 1));
  for (const event of ["pointerover", "click"]) {
    find("coloured").addEventListener(event, ({ target }) => { if (target.dataset.at) move(Number(target.dataset.at)); });
  }
  find("coloured").addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowUp: -10, ArrowRight: 1, ArrowDown: 10 }[event.key];
    if (!by) return;
    event.preventDefault();
    move(Math.max(0, Math.min(characters.length - 1, at + by)));
    find("coloured").children[at]?.scrollIntoView({ block: "nearest" });
  });
  kind = kinds()[0];
  at = Infinity;
  redrawn.push(draw);
  characters = Array.from(asRead(find("text").value));
  found = statesAfter(model, encode(characters), data.start);
  at = Math.max(0, characters.length - 1);
}

make();
begin();
