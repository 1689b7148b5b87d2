// The page as a whole: its parts behind tabs, the language, the choice of the model, and whether the server is there.

import { hasKey, plainWords, server, useKey } from "./api.js";
import * as classify from "./classify.js";
import { heatLegend } from "./colour.js";
import * as confusion from "./confusion.js";
import * as corrections from "./corrections.js";
import { element, find, hush, isolated, option, tell } from "./dom.js";
import * as generate from "./generate.js";
import * as language from "./language.js";
import * as many from "./many.js";
import * as models from "./models.js";
import * as score from "./score.js";

const { say } = language;
const LOOK_AGAIN = 15_000; // milliseconds between looks for new models, while the page is looked at
const COMMANDS = { classify: "python run.py", lm: "python run.py --task lm --corpus story" };
const tabs = [...find("tabs").querySelectorAll("[role=tab]")];
let open = null;
let refused = false; // a key was given that the server does not take

const task = () => open.dataset.task;

function show(tab, focus = false) {
  open = tab;
  for (const other of tabs) {
    const is = other === tab;
    other.setAttribute("aria-selected", String(is));
    other.tabIndex = is ? 0 : -1;
  }
  if (focus) tab.focus();
  if (location.hash !== `#${tab.getAttribute("aria-controls")}`) history.replaceState(null, "", `#${tab.getAttribute("aria-controls")}`);
  drawModel();
  confusion.looked(tab.id === "tab-errors");
}

function drawModel() {
  const list = models.all(task()), model = models.current(task()), none = models.known() && !model;
  for (const tab of tabs) {
    const name = tab.getAttribute("aria-controls");
    find(name).hidden = tab !== open || !model;
  }
  find("no-model").hidden = !none;
  find("model").hidden = !model;
  if (none) {
    find("no-model-words").textContent = say(`model.none.${task()}`);
    find("no-model-command").textContent = COMMANDS[task()];
  }
  if (!model) return;
  find("model-choice").replaceChildren(...list.map((one) => option(one.id, isolated(one.id), one === model)));
  const figures = model.test ?? model.valid ?? {}, facts = [];
  if (typeof figures.accuracy === "number") facts.push(say("model.accuracy", { value: language.number(figures.accuracy, "percent") }));
  if (typeof figures.exact_match === "number") facts.push(say("model.exact_match", { value: language.number(figures.exact_match, "percent") }));
  if (typeof figures.micro_f1 === "number") facts.push(say("model.micro_f1", { value: language.number(figures.micro_f1, "three") }));
  if (typeof figures.macro_f1 === "number") facts.push(say("model.macro_f1", { value: language.number(figures.macro_f1, "three") }));
  if (typeof figures.perplexity === "number") facts.push(say("model.perplexity", { value: language.number(figures.perplexity, "two") }));
  if (task() === "classify") facts.push(say("model.classes", { n: model.classes.length }));
  if (model.made) facts.push(say("model.made", { date: language.date(model.made) }));
  find("model-facts").replaceChildren(...facts.map((fact) => element("li", "", fact)));
  many.modelChanged();
}

function move(event) {
  const at = tabs.indexOf(event.target.closest("[role=tab]"));
  const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  show(tabs[(next + tabs.length) % tabs.length], true);
}

function drawLanguage() {
  for (const one of find("languages").children) one.setAttribute("aria-pressed", String(one.dataset.language === language.current()));
  for (const legend of document.querySelectorAll(".legend.heat")) heatLegend(legend);
  drawModel();
}

async function look() {
  try {
    await models.load();
    refused = false;
    find("key").hidden = true;
  } catch (fault) {
    const words = plainWords(fault);
    if (words) tell(words);
  }
}

function watchServer() {
  server.addEventListener("gone", () => {
    find("gone").textContent = say("server.gone");
    find("gone").hidden = false;
  });
  server.addEventListener("back", () => {
    if (!find("gone").hidden) tell(say("server.back"));
    find("gone").hidden = true;
    look();
  });
  server.addEventListener("key", () => {
    const form = find("key");
    find("key-fault").textContent = refused ? say("server.key.wrong") : "";
    if (!form.hidden) return;
    form.hidden = false;
    find("key-fault").textContent = refused || hasKey() ? say("server.key.wrong") : "";
    find("key-value").focus();
  });
  find("key").addEventListener("submit", (event) => {
    event.preventDefault();
    const given = find("key-value").value.trim();
    find("key-value").value = "";
    refused = true; // until an answer comes
    if (/^[!-~]+$/.test(given)) useKey(given);
    else find("key-fault").textContent = say("server.key.wrong"); // it could not stand in a request
  });
  const again = () => { if (!document.hidden && find("gone").hidden && find("key").hidden) look(); };
  document.addEventListener("visibilitychange", again);
  setInterval(again, LOOK_AGAIN);
}

language.fillIn(document);
for (const part of [classify, many, confusion, corrections, generate, score]) part.start();
for (const tab of tabs) tab.addEventListener("click", () => { hush(); show(tab); });
find("tabs").addEventListener("keydown", move);
const named = () => tabs.find((tab) => `#${tab.getAttribute("aria-controls")}` === location.hash);
window.addEventListener("hashchange", () => { if (named() && named() !== open) show(named()); });
find("languages").addEventListener("click", (event) => {
  const wanted = event.target.closest("button")?.dataset.language;
  if (wanted && wanted !== language.current()) language.choose(wanted);
});
language.changed.addEventListener("change", drawLanguage);
find("model-choice").addEventListener("change", (event) => models.choose(task(), event.target.value));
models.models.addEventListener("list", drawModel);
watchServer();
show(named() ?? tabs[0]);
drawLanguage();
look();
