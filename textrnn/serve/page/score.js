// How much each character of a text surprises a language model.

import { call, plainWords, server } from "./api.js";
import { heatHint, heatStep, hintsOf, surprises, visible } from "./colour.js";
import { element, find, own } from "./dom.js";
import { changed, number, say } from "./language.js";
import { current, models } from "./models.js";
import { Newest } from "./newest.js";

const MOST = 50; // characters in the table of figures
const BEFORE = 12; // characters of what comes before, shown there

const scores = new Newest(2);
const text = find("score-input");
let shown = null;

function draw() {
  find("score-shown").hidden = shown === null;
  find("score-empty").hidden = shown !== null;
  if (!shown) return;
  const tile = (name, value) => element("div", "", element("dt", "", say(name)), element("dd", "", value));
  find("score-figures").replaceChildren(
    tile("score.characters", number(shown.characters, "count")), tile("score.nats", number(shown.nats_per_char, "three")),
    tile("score.bits", number(shown.bits_per_char, "three")), tile("score.perplexity", number(shown.perplexity, "two")));
  find("score-text").replaceChildren(...surprises(shown.surprise));
  drawFigures();
}

function drawFigures() {
  const details = find("score-most");
  if (!details.open || !shown) return;
  const tokens = shown.surprise;
  const order = tokens.map((_, at) => at).sort((a, b) => tokens[b].nats - tokens[a].nats).slice(0, MOST);
  const head = (name, kind) => { const made = element("th", kind, say(name)); made.scope = "col"; return made; };
  details.querySelector("div").replaceChildren(element("table", "", element("caption", "hidden", say("score.figures.caption")),
    element("thead", "", element("tr", "", head("score.place", "figure"), head("score.before", ""), head("score.token", ""), head("score.value", "figure"))),
    element("tbody", "", ...order.map((at) => element("tr", "", element("td", "figure", number(at + 1, "count")),
      element("td", "soft", own(tokens.slice(Math.max(0, at - BEFORE), at).map((token) => token.text).join(""))),
      element("td", "", own(visible(tokens[at].text))),
      element("td", "figure", element("span", `swatch h${heatStep(tokens[at].nats)}`, number(tokens[at].nats, "two"))))))));
}

async function score() {
  if (!current("lm")) return;
  if (!text.value) {
    scores.cancel();
    shown = null;
    find("score-fault").textContent = "";
    draw();
    return;
  }
  const body = { text: text.value, model: current("lm").id };
  try {
    const answer = await scores.run((signal) => call("v1/score", { body, signal }));
    if (!answer) return;
    shown = answer;
    find("score-fault").textContent = "";
    draw();
  } catch (fault) {
    find("score-fault").textContent = plainWords(fault);
  }
}

export function start() {
  text.addEventListener("input", score);
  find("score-most").addEventListener("toggle", drawFigures);
  hintsOf(find("score-text"), () => shown?.surprise ?? [], heatHint);
  models.addEventListener("lm", () => { scores.cancel(); shown = null; draw(); score(); });
  server.addEventListener("back", score);
  changed.addEventListener("change", draw);
}
