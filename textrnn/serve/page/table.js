// The table of many answers: order, filters, pages, downloads.

import { correctButton, correctionOf, corrections } from "./corrections.js";
import { element, find, isolated, option, own, shortened } from "./dom.js";
import { csv, jsonLines, save } from "./downloads.js";
import { changed, number, say, saying } from "./language.js";
import { namesOf, shownLabel } from "./several.js";

const ROWS = 100; // on a page
const LIMITS = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
const ORDERS = ["given", "unsure", "sure", "label"];
const REDRAWN = 250; // milliseconds between two looks while answers still come

let shown = null; // {model, columns, rows, at, answers}
let order = []; // places of the rows that are shown, in their order
let page = 0;
let drawn = ""; // the places of the rows that stand there
let waiting = 0;

export function show(given) {
  shown = given;
  page = 0;
  find("table").hidden = false;
  drawChoices(true);
  draw();
}

/** More answers are there. Their number is read out when all are. */
export function grown(all) {
  find("table-shown").setAttribute("aria-live", all ? "polite" : "off");
  if (!all) { waiting ||= setTimeout(() => { waiting = 0; draw(false); }, REDRAWN); return; }
  clearTimeout(waiting);
  waiting = 0;
  draw(false);
}

function drawChoices(anew = false) {
  const value = (id, usual) => (anew ? usual : find(id).value || usual);
  const sort = value("table-sort", "given"), label = value("table-class", ""), below = value("table-below", "");
  find("table-sort").replaceChildren(...ORDERS.map((one) => option(one, say(`table.sort.${one}`), one === sort)));
  find("table-class").replaceChildren(option("", say("table.class.all")),
    ...(shown?.model.classes ?? []).map((one, at) => option(String(at), isolated(one), String(at) === label)));
  find("table-below").replaceChildren(option("", say("table.below.all")),
    ...LIMITS.map((one) => option(one, say("table.below.some", { value: number(one, "whole") }), String(one) === below)));
}

function settleOrder() {
  const { answers, model } = shown;
  const label = find("table-class").value === "" ? null : model.classes[Number(find("table-class").value)];
  const below = Number(find("table-below").value || 2);
  order = [];
  for (const [place, answer] of answers.entries()) {
    if (!answer || (label !== null && !namesOf(answer).includes(label)) || (answer.probability ?? 0) >= below) continue;
    order.push(place);
  }
  const sure = (place) => answers[place].probability ?? -1;
  const places = new Map(model.classes.map((one, at) => [one, at]));
  const compare = {
    unsure: (a, b) => sure(a) - sure(b),
    sure: (a, b) => sure(b) - sure(a),
    label: (a, b) => (places.get(namesOf(answers[a])[0]) ?? -1) - (places.get(namesOf(answers[b])[0]) ?? -1),
  }[find("table-sort").value];
  if (compare) order.sort(compare);
}

/** anew: also rows that stand there already. Else a button would be replaced while it is clicked. */
function draw(anew = true) {
  if (!shown) return;
  settleOrder();
  const pages = Math.max(1, Math.ceil(order.length / ROWS));
  page = Math.min(page, pages - 1);
  const answered = shown.answers.filter(Boolean).length, places = order.slice(page * ROWS, (page + 1) * ROWS);
  if (anew || String(places) !== drawn) drawRows(places, answered);
  const words = say("table.shown", { n: order.length, all: answered });
  if (find("table-shown").textContent !== words) find("table-shown").textContent = words;
  find("table-pages").hidden = pages < 2;
  find("table-page").textContent = say("table.page", { page: page + 1, pages });
  find("table-previous").disabled = page === 0;
  find("table-next").disabled = page === pages - 1;
}

function drawRows(places, answered) {
  const body = find("table-rows"), within = body.contains(document.activeElement) ? document.activeElement.dataset.place : null;
  drawn = String(places);
  body.replaceChildren(...places.map(row));
  if (within) body.querySelector(`button[data-place="${within}"]`)?.focus();
  if (places.length || !answered) return;
  const cell = element("td", "soft", say("table.none"));
  cell.colSpan = 5;
  body.replaceChildren(element("tr", "", cell));
}

function row(place) {
  const answer = shown.answers[place];
  const kept = correctionOf(shown.model.id, answer.text);
  const label = element("td", "label", answer.label === null ? "" : own(answer.names ? shownLabel(answer.names, say("several.none")) : answer.label));
  if (kept) label.append(element("span", "mark", saying("correct.mark", { label: own(kept.label || say("several.none")) })));
  const probability = element("td", "figure", answer.probability === null ? "" : number(answer.probability, "percent"));
  label.dataset.name = say("table.label");
  probability.dataset.name = say("table.probability");
  const text = element("td", "text", own(shortened(answer.text, 300)));
  if (answer.note) text.append(element("span", "note", own(answer.note)));
  const act = element("td", "act");
  if (answer.label !== null) {
    act.append(correctButton(shown.model, answer));
    act.firstChild.dataset.place = place;
  }
  return element("tr", "", element("td", "figure number", number(place + 1, "count")), text, label, probability, act);
}

/** Names of our columns, each with something before it where the file has one of that name. */
function ourNames(theirs) {
  return ["label", "probability", "note"].map((name) => {
    let free = name;
    while (theirs.includes(free)) free = `predicted_${free}`;
    return free;
  });
}

function theirColumns() {
  const { columns, rows, at } = shown;
  const width = Math.max(...rows.slice(0, 1000).map((one) => one.length), columns?.length ?? 0);
  const used = new Set();
  return Array.from({ length: width }, (_, index) => {
    let name = columns?.[index]?.trim() || (index === at ? "text" : `column_${index + 1}`);
    while (used.has(name)) name += "_";
    used.add(name);
    return name;
  });
}

function download(asCsv) {
  const theirs = theirColumns(), [label, probability, note] = ourNames(theirs);
  settleOrder();
  const rows = order.map((place) => [shown.rows[place], shown.answers[place]]);
  if (asCsv) {
    const lines = rows.map(([row, answer]) => [...theirs.map((_, at) => row[at] ?? ""), answer.label, answer.probability, answer.note]);
    save("answers.csv", csv([...theirs, label, probability, note], lines), "text/csv");
    return;
  }
  const records = rows.map(([row, answer]) => ({
    ...Object.fromEntries(theirs.map((name, at) => [name, row[at] ?? ""])),
    ...(answer.names ? { labels: answer.labels } : { [label]: answer.label, [probability]: answer.probability }), classes: answer.classes, [note]: answer.note,
  }));
  save("answers.jsonl", jsonLines(records), "application/x-ndjson");
}

function turn(by) {
  page += by;
  draw();
  find("table").scrollIntoView({ block: "start" });
}

export function start() {
  drawChoices(true);
  for (const id of ["table-sort", "table-class", "table-below"]) find(id).addEventListener("change", () => { page = 0; draw(); });
  find("table-previous").addEventListener("click", () => turn(-1));
  find("table-next").addEventListener("click", () => turn(1));
  find("table-csv").addEventListener("click", () => download(true));
  find("table-jsonl").addEventListener("click", () => download(false));
  corrections.addEventListener("change", () => draw());
  changed.addEventListener("change", () => { drawChoices(); draw(); });
}
