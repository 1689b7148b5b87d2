// One text: the answer, the bars of the classes and the reasons, with every key.

import { call, plainWords, server } from "./api.js";
import { carriedOver, hintsOf, reasons, signedStep, strongest, visible } from "./colour.js";
import { correctionOf, corrections, openCorrection } from "./corrections.js";
import { element, find, isolated, option, own } from "./dom.js";
import { changed, number, say, saying } from "./language.js";
import { current, models } from "./models.js";
import { Newest } from "./newest.js";
import { asOne, givesSeveral, shownLabel } from "./several.js";

const FEW = 15; // classes that all stand there, each in its place; of more, the likeliest in their order
const TOP = 10;
const SETTLED = 700; // milliseconds without a key, after which the answer is read out

const answers = new Newest(4), explanations = new Newest(1);
const text = find("text"), list = find("bars");
const bars = []; // made once: what changes with a key is words and a transform, nothing that moves others
let shown = null; // the answer that stands there
let explained = null;
let everything = false; // all classes are shown, however many
let reading;
let explaining = false, wanted = false; // reasons are under way; others are wanted after them

const model = () => current("classify");
const many = () => model().classes.length > FEW;
const asked = () => (!many() || everything ? model().classes.length : TOP);

function bar() {
  const name = element("span", "name"), fill = element("span", "fill"), value = element("span", "value");
  const mark = element("span", "mark-at"), track = element("span", "track", fill, mark);
  track.setAttribute("aria-hidden", "true");
  return { row: element("li", "", name, track, value), name, fill, value, mark };
}

function drawBars(answer) {
  const top = answer && answer.classes[0].label, given = answer?.names && new Set(answer.names);
  const limits = givesSeveral(model()) && new Map(model().classes.map((label, at) => [label, model().thresholds[at]]));
  let classes = answer ? answer.classes : model().classes.slice(0, asked()).map((label) => ({ label, probability: null }));
  if (!many()) {
    const places = new Map(model().classes.map((label, at) => [label, at]));
    classes = [...classes].sort((a, b) => places.get(a.label) - places.get(b.label));
  }
  while (bars.length < classes.length) bars.push(bar());
  if (list.childElementCount !== classes.length) list.replaceChildren(...bars.slice(0, classes.length).map((one) => one.row));
  for (const [at, { label, probability }] of classes.entries()) {
    const { row, name, fill, value, mark } = bars[at];
    if (name.title !== label) { name.replaceChildren(own(label)); name.title = label; }
    fill.style.transform = `scaleX(${probability ?? 0})`;
    value.textContent = probability === null ? "" : number(probability, "percent");
    row.classList.toggle("top", given ? given.has(label) : label === top);
    mark.hidden = !limits;
    if (limits) mark.style.left = `${100 * limits.get(label)}%`;
    if (limits) row.title = say("several.threshold", { label: isolated(label), value: number(limits.get(label), "percent") });
    else row.removeAttribute("title");
  }
  list.classList.toggle("many", many());
  const more = find("bars-all");
  more.hidden = !many();
  more.textContent = everything ? say("classify.top") : say("classify.all", { n: model().classes.length });
}

function drawAnswer() {
  find("answer-empty").hidden = shown !== null;
  find("answer-given").hidden = shown === null;
  find("answer-note").textContent = shown?.note ?? "";
  drawBars(shown);
  drawCorrected();
  if (!shown) return;
  find("answer-label").replaceChildren(own(labelOf(shown)));
  find("answer-probability").textContent = shown.names ? "" : number(shown.probability, "percent"); // else beside the bars
}

function drawCorrected() {
  const kept = shown && correctionOf(model().id, shown.text);
  find("answer-corrected").replaceChildren(kept ? saying("correct.mark", { label: own(kept.label || say("several.none")) }) : "");
}

function drawReasons() {
  const box = find("why");
  box.hidden = shown === null;
  if (box.hidden) return;
  const typed = text.value;
  if (!explained) {
    find("why-help").textContent = say("classify.why.waiting");
    find("why-text").replaceChildren(typed);
    find("why-unread").textContent = "";
    find("why-legend").replaceChildren();
    return;
  }
  const { label, against, tokens } = explained;
  drawAsked();
  find("why-help").replaceChildren(tokens.length ? helped() : say("classify.why.none"));
  const unread = typed === explained.text ? explained.unread_from : null;
  find("why-text").replaceChildren(...reasons(typed, carriedOver(tokens, explained.text, typed), unread));
  find("why-unread").textContent = typeof unread === "number" ? say("classify.unread") : "";
  const side = (name, sign, words = "classify.for") => {
    const swatches = element("span", "swatches", ...[1, 2, 3, 4, 5].map((step) => element("span", sign + step)));
    swatches.setAttribute("aria-hidden", "true");
    return element("span", "side", swatches, element("span", "", saying(words, { label: own(name) })));
  };
  find("why-legend").replaceChildren(side(label, "p"), against === null ? side(label, "n", "several.against") : side(against, "n"));
  drawFigures();
}

/** What is explained, in words. */
function helped() {
  const { label, against, threshold, probability } = explained;
  if (against !== null) return saying("classify.why.help", { label: own(label), against: own(against) });
  const values = { label: own(label), probability: number(probability, "percent"), threshold: number(threshold, "percent") };
  return saying(probability >= threshold ? "several.why" : "several.why.not", values);
}

/** Which label is explained, where several are given. */
function drawAsked() {
  const choice = find("why-label"), every = explained.every;
  choice.parentElement.hidden = every.length < 2;
  choice.replaceChildren(...every.map((one) => option(one.label, isolated(one.label), one.label === explained.label)));
}

/** The reasons of an answer: where there are several, those of the label that was looked at before. */
function chosenReason(found) {
  const every = (found.explanations ?? [found.explanation]).filter(Boolean);
  const told = every.find((one) => one.against === null && one.label === explained?.label) ?? every[0];
  return told ? { ...told, text: found.text, every } : null;
}

const labelOf = (answer) => (answer.names ? shownLabel(answer.names, say("several.none")) : answer.label);

function drawFigures() {
  const details = find("why-figures");
  if (!details.open || !explained) return;
  const most = strongest(explained.tokens);
  const rows = [...explained.tokens].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)).slice(0, 100);
  const table = element("table", "", element("caption", "hidden", say("classify.figures.caption")),
    element("thead", "", element("tr", "", heading("classify.token"), heading("classify.contribution", "figure"))),
    element("tbody", "", ...rows.map((token) => element("tr", "", element("td", "", own(visible(token.token))),
      element("td", "figure", element("span", `swatch ${signedStep(token.contribution, most)}`, number(token.contribution, "signed")))))));
  details.querySelector("div").replaceChildren(table);
}

function heading(name, kind = "") {
  const made = element("th", kind, say(name));
  made.scope = "col";
  return made;
}

function clear() {
  answers.cancel();
  explanations.cancel();
  shown = explained = null;
  find("classify-fault").textContent = find("classify-said").textContent = "";
  drawAnswer();
  drawReasons();
}

async function ask(newest, explain, show) {
  const body = { text: text.value, model: model().id, top_k: asked(), explain };
  try {
    const answer = await newest.run((signal) => call("v1/classify", { body, signal }));
    if (answer) show(asOne(answer.answers[0]));
  } catch (fault) {
    find("classify-fault").textContent = plainWords(fault);
  }
}

/** The answer first; the reasons take longer and follow by themselves. */
function answer() {
  if (!model()) return;
  if (!text.value.trim()) { clear(); return; }
  if (shown) drawReasons();
  ask(answers, false, (found) => {
    shown = found;
    find("classify-fault").textContent = "";
    drawAnswer();
    drawReasons();
    explain();
    clearTimeout(reading);
    reading = setTimeout(() => {
      find("classify-said").textContent = say("classify.said", { label: labelOf(found), probability: number(found.probability, "percent") });
    }, SETTLED);
  });
}

/** One after the other: they cost the server much more than an answer does, and the newest text comes next. */
async function explain() {
  wanted = true;
  if (explaining) return;
  explaining = true;
  try {
    while (wanted && model() && text.value.trim()) {
      wanted = false;
      await ask(explanations, true, (found) => {
        explained = chosenReason(found);
        drawReasons();
      });
    }
  } finally {
    explaining = false;
  }
}

function again() {
  if (!model()) return;
  clear();
  answer();
}

export function start() {
  text.addEventListener("input", answer);
  find("why-figures").addEventListener("toggle", drawFigures);
  find("why-label").addEventListener("change", (event) => {
    const told = explained?.every.find((one) => one.label === event.target.value);
    if (told) { explained = { ...explained, ...told }; drawReasons(); }
  });
  find("bars-all").addEventListener("click", () => { everything = !everything; shown ? answer() : drawBars(null); });
  find("answer-correct").addEventListener("click", () => openCorrection(model(), shown));
  hintsOf(find("why-text"), () => explained?.tokens ?? [], (token) => saying("classify.hint", {
    token: own(visible(token.token)), value: number(token.contribution, "signed"),
  }));
  models.addEventListener("classify", () => { everything = false; again(); });
  server.addEventListener("back", answer);
  corrections.addEventListener("change", () => { if (model()) drawCorrected(); });
  changed.addEventListener("change", () => { if (model()) { drawAnswer(); drawReasons(); } });
}
