// Text that a language model writes, character by character as it comes, each coloured by its surprise.

import { Fault, plainWords, stream } from "./api.js";
import { heatHint, hintsOf, surprising } from "./colour.js";
import { element, find, tell } from "./dom.js";
import { changed, number, say } from "./language.js";
import { current, models } from "./models.js";

let running = null;
let tokens = []; // what was written, as it came
let outcome = null; // what is said about it: [name of the words, values]

/** A number of the form, within its limits; undefined where it is left out and may be. */
function field(id, name, optional = false) {
  const input = find(id), { min, max, step } = input;
  if (optional && input.value === "" && !input.validity.badInput) return undefined;
  const value = input.valueAsNumber;
  const wrong = Number.isNaN(value) || value < Number(min) || value > Number(max) || (step === "" && !Number.isInteger(value));
  input.setAttribute("aria-invalid", String(wrong));
  if (!wrong) return value;
  input.focus();
  throw new RangeError(say("generate.bad", { field: say(name), least: min, most: max }));
}

function asked() {
  const given = field("seed", "generate.seed", true);
  return {
    prefix: find("prefix").value,
    model: current("lm").id,
    length: field("length", "generate.length"),
    temperature: field("temperature", "generate.temperature"),
    seed: given ?? Math.floor(Math.random() * 2 ** 31), // it is shown afterwards, so that the text can be had again
    top_k: field("top-k", "generate.top_k", true),
    top_p: field("top-p", "generate.top_p", true),
  };
}

async function run() {
  const fault = find("generate-fault");
  fault.textContent = "";
  let body;
  try {
    body = asked();
  } catch (wrong) {
    if (!(wrong instanceof RangeError)) throw wrong;
    fault.textContent = wrong.message;
    return;
  }
  const controller = new AbortController(), box = find("generate-text");
  running = controller;
  tokens = [];
  outcome = null;
  box.replaceChildren(element("span", "given", body.prefix));
  find("generate-shown").hidden = false;
  drawRunning();
  let waiting = [];
  const paint = () => { // what came since the last frame, at once
    const low = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    box.append(...waiting);
    waiting = [];
    if (low) box.scrollTop = box.scrollHeight;
  };
  const seed = String(body.seed);
  let done = false;
  try {
    for await (const line of stream("v1/generate", { body, signal: controller.signal })) {
      if (line.error) throw new Fault(line.error.status, line.error.message);
      if (line.done) { done = true; break; }
      if (!waiting.length) requestAnimationFrame(paint);
      waiting.push(surprising(line, tokens.push(line) - 1));
    }
    if (!done) throw new Fault(-1, "");
    const mean = number(tokens.reduce((sum, token) => sum + token.nats, 0) / Math.max(1, tokens.length), "two");
    outcome = ["generate.done", { n: tokens.length, mean, seed }];
  } catch (caught) {
    outcome = tokens.length || controller.signal.aborted ? ["generate.stopped", { n: tokens.length, seed }] : null;
    if (!controller.signal.aborted) fault.textContent = plainWords(caught);
    if (!tokens.length && !controller.signal.aborted) find("generate-shown").hidden = true;
  }
  paint();
  running = null;
  drawRunning();
}

function drawRunning() {
  const is = running !== null, focused = [find("generate-start"), find("generate-stop")].includes(document.activeElement);
  find("generate-start").hidden = is;
  find("generate-stop").hidden = !is;
  find("generate-copy").hidden = is || !tokens.length;
  if (focused) (is ? find("generate-stop") : find("generate-start")).focus();
  find("generate-said").textContent = is ? say("generate.running") : outcome ? say(...outcome) : "";
}

async function copy() {
  const text = find("generate-text").textContent;
  try {
    await navigator.clipboard.writeText(text);
    tell(say("generate.copied"));
  } catch { // not allowed here: then it is selected for people to copy
    getSelection().selectAllChildren(find("generate-text"));
  }
}

export function start() {
  find("generate-form").addEventListener("submit", (event) => { event.preventDefault(); if (!running && current("lm")) run(); });
  find("generate-stop").addEventListener("click", () => running?.abort());
  find("generate-copy").addEventListener("click", copy);
  find("generate").addEventListener("keydown", (event) => { if (event.key === "Escape") running?.abort(); });
  hintsOf(find("generate-text"), () => tokens, heatHint);
  models.addEventListener("lm", () => running?.abort());
  changed.addEventListener("change", drawRunning);
}
