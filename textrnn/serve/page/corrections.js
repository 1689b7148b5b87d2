// Labels that people put right: kept in the browser, a list for each model; as a file that the trainer reads.

import { button, element, find, isolated, option, own, shortened, tell } from "./dom.js";
import { save, tsv } from "./downloads.js";
import { changed, number, say, saying } from "./language.js";
import { current, models } from "./models.js";
import { BETWEEN, givesSeveral, shownLabel } from "./several.js";

const KEPT = "textrnn.corrections.";
const FEW = 12; // classes that need no search
export const corrections = new EventTarget(); // says "change"
const lists = new Map(); // model id -> Map of text -> {text, label, was}

function listOf(id) {
  if (!lists.has(id)) {
    let kept = [];
    try { kept = JSON.parse(localStorage.getItem(KEPT + id) ?? "[]"); } catch { /* none can be read */ }
    lists.set(id, new Map(kept.map((one) => [one.text, one])));
  }
  return lists.get(id);
}

function keep(id) {
  try {
    if (listOf(id).size) localStorage.setItem(KEPT + id, JSON.stringify([...listOf(id).values()]));
    else localStorage.removeItem(KEPT + id);
  } catch {
    tell(say("correct.nowhere"));
  }
  corrections.dispatchEvent(new Event("change"));
}

export const correctionOf = (id, text) => listOf(id).get(text) ?? null;

/** The small button beside an answer. */
export function correctButton(model, answer) {
  const label = say("correct.of", { text: isolated(shortened(answer.text)) });
  return button(say("correct"), "small", () => openCorrection(model, answer), label);
}

/** Ask for the right label of an answer {text, label}. */
export function openCorrection(model, answer) {
  const dialog = find("correct"), wanted = find("correct-find"), labels = find("correct-labels");
  const kept = correctionOf(model.id, answer.text);
  find("correct-text").replaceChildren(own(shortened(answer.text, 400)));
  find("correct-now").replaceChildren(saying("correct.now", { label: own(answer.names ? shownLabel(answer.names, say("several.none")) : answer.label) }));
  find("correct-find-row").hidden = model.classes.length <= FEW;
  wanted.value = "";
  const several = givesSeveral(model);
  const chosen = new Set(several ? (kept?.names ?? answer.names ?? []) : [kept?.label ?? answer.label]);
  let offered = []; // of a model that gives several labels, those that stand in the list
  const picked = () => {
    const now = new Set([...labels.selectedOptions].map((one) => one.value));
    for (const label of offered) now.has(label) ? chosen.add(label) : chosen.delete(label);
    return model.classes.filter((label) => chosen.has(label));
  };
  const fill = () => {
    const part = wanted.value.trim().toLowerCase();
    const fitting = model.classes.filter((label) => label.toLowerCase().includes(part));
    const before = new Set(several ? picked() : [labels.value || [...chosen][0]]);
    if (several) offered = fitting;
    labels.replaceChildren(...fitting.map((label) => option(label, isolated(label), before.has(label))));
    if (!several && part && fitting.length && !fitting.some((label) => before.has(label))) labels.value = fitting[0];
    find("correct-keep").disabled = !several && !labels.value;
  };
  labels.replaceChildren();
  labels.multiple = several;
  find("correct-several").hidden = !several;
  labels.size = Math.max(2, Math.min(FEW, model.classes.length));
  fill();
  wanted.oninput = fill;
  labels.onchange = () => { find("correct-keep").disabled = !several && !labels.value; };
  labels.onkeydown = (event) => { if (event.key === "Enter") { event.preventDefault(); find("correct-keep").click(); } };
  labels.ondblclick = () => { if (!several) find("correct-keep").click(); };
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue !== "keep" || (!several && !labels.value)) return;
    const names = several ? picked() : [labels.value], label = names.join(BETWEEN);
    listOf(model.id).set(answer.text, { text: answer.text, label, ...(several ? { names } : {}), was: kept?.was ?? answer.label });
    tell(saying("correct.kept", { label: own(shownLabel(names, say("several.none"))) }));
    keep(model.id);
  };
  dialog.showModal();
  (find("correct-find-row").hidden ? labels : wanted).focus();
}

function draw() {
  const model = current("classify");
  const list = model ? [...listOf(model.id).values()] : [];
  const badge = find("corrections-number");
  badge.hidden = list.length === 0;
  badge.textContent = number(list.length, "count");
  find("corrections-count").replaceChildren(list.length ? saying("corrections.count", { n: list.length, model: own(model.id) }) : "");
  find("corrections-none").hidden = list.length > 0;
  for (const id of ["corrections-help", "corrections-tools", "corrections-table"]) find(id).hidden = list.length === 0;
  find("corrections-rows").replaceChildren(...list.map((one) => row(model, one)));
}

function row(model, one) {
  const text = isolated(shortened(one.text));
  const change = button(say("corrections.change"), "small", () => openCorrection(model, { text: one.text, label: one.was, names: one.names }), say("corrections.change.of", { text }));
  const remove = button(say("corrections.remove"), "small", () => {
    listOf(model.id).delete(one.text);
    tell(say("corrections.removed"));
    keep(model.id);
    (find("corrections-rows").querySelector("button") ?? find("tab-corrections")).focus();
  }, say("corrections.remove.of", { text }));
  const was = element("td", "", own(one.was)), label = element("td", "strong", own(one.names ? shownLabel(one.names, say("several.none")) : one.label));
  was.dataset.name = say("corrections.was");
  label.dataset.name = say("corrections.label");
  return element("tr", "", element("td", "text", own(shortened(one.text, 400))), was, label, element("td", "act", change, remove));
}

function askToClear() {
  const dialog = find("clear"), model = current("classify");
  find("clear-words").textContent = say("corrections.clear.sure", { n: listOf(model.id).size });
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue !== "clear") return;
    listOf(model.id).clear();
    keep(model.id);
    find("tab-corrections").focus();
  };
  dialog.showModal();
}

export function start() {
  find("correct-cancel").addEventListener("click", () => find("correct").close());
  find("clear-cancel").addEventListener("click", () => find("clear").close());
  find("corrections-clear").addEventListener("click", askToClear);
  find("corrections-download").addEventListener("click", () => {
    const rows = [...listOf(current("classify").id).values()].map((one) => [one.text, one.label]);
    save("corrections.tsv", tsv(["text", "label"], rows), "text/tab-separated-values");
  });
  corrections.addEventListener("change", draw);
  models.addEventListener("classify", draw);
  changed.addEventListener("change", draw);
  // Another tab of the browser may have put something right.
  window.addEventListener("storage", (event) => {
    if (event.key?.startsWith(KEPT)) { lists.delete(event.key.slice(KEPT.length)); corrections.dispatchEvent(new Event("change")); }
  });
}
