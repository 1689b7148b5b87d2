// Where a classifier errs: its confusion matrix, the texts of a cell, the figures of each class.

import { call, modelPath, plainWords, server } from "./api.js";
import { correctButton, correctionOf, corrections } from "./corrections.js";
import { button, element, find, hints, own, shortened } from "./dom.js";
import { changed, number, say, saying } from "./language.js";
import { current, detailsOf, models } from "./models.js";
import { BETWEEN, shownLabel } from "./several.js";

const MOST = 20; // classes of a matrix that can still be looked at
const FEW = 12; // classes whose matrix leaves room beside it
const PAIRS = 10; // that are listed at a time
const TEXTS = 100;
const SHARES = [0.005, 0.05, 0.15, 0.35, 0.6]; // of a true class, from which on the next colour begins

let visible = false; // the part is looked at; before, nothing is asked for
let drawn = null; // what is shown: {model, labels, counts, sums}
let cells = new Map(); // "row,column" -> td
let chosen = null; // [row, column]
let pairsShown = PAIRS;
let sorting = ["given", 1];
let asking = null;

export function looked(is) {
  visible = is;
  if (is) read();
}

async function read() {
  const model = current("classify");
  if (!visible || !model || drawn) return;
  find("errors-fault").textContent = "";
  find("errors-loading").textContent = say("errors.loading");
  try {
    const details = await detailsOf(model.id);
    if (current("classify")?.id !== model.id || drawn) return;
    const counts = details.confusion_matrix;
    if (details.per_label) {
      drawn = { model, labels: details.labels, perClass: details.per_label, together: details.missed_together ?? [], several: true };
    } else if (counts) {
      drawn = { model, labels: details.labels, counts, sums: counts.map((row) => row.reduce((a, b) => a + b, 0)), perClass: details.per_class };
    } else {
      find("errors-shown").hidden = true;
      find("errors-fault").textContent = say("errors.nomatrix");
      return;
    }
    pairsShown = PAIRS;
    sorting = ["given", 1];
    close();
    draw();
    find("errors-shown").hidden = false;
  } catch (fault) {
    find("errors-fault").textContent = plainWords(fault);
  } finally {
    find("errors-loading").textContent = "";
  }
}

function draw() {
  if (!drawn) return;
  find("errors-shown").classList.toggle("small", drawn.labels.length <= FEW && !drawn.several);
  find("errors-matrix").hidden = Boolean(drawn.several);
  find("errors-pairs").querySelector("h2").textContent = say(drawn.several ? "several.pairs" : "errors.pairs");
  if (!drawn.several) drawMatrix();
  drawPerClass();
  drawPairs();
  if (chosen) showCell(...chosen);
}

/** The places of the classes that are in the matrix: all, or those with most errors, in their usual order. */
function places() {
  const { labels, counts, sums } = drawn;
  const every = labels.map((_, at) => at);
  if (labels.length <= MOST) return every;
  const wrong = every.map((at) => sums[at] - counts[at][at] + counts.reduce((sum, row, other) => sum + (other === at ? 0 : row[at]), 0));
  return [...every].sort((a, b) => wrong[b] - wrong[a]).slice(0, MOST).sort((a, b) => a - b);
}

const share = (row, column) => (drawn.sums[row] ? drawn.counts[row][column] / drawn.sums[row] : 0);

function described(row, column) {
  const { labels, counts } = drawn;
  const values = { true: own(labels[row]), predicted: own(labels[column]), n: counts[row][column], share: number(share(row, column), "percent") };
  return saying(row === column ? "errors.right" : "errors.cell", values);
}

function drawMatrix() {
  const { labels, counts } = drawn, taken = places();
  cells = new Map();
  const turned = Math.max(...taken.map((at) => labels[at].length)) > 4;
  const corner = element("td", "corner", say("errors.corner"));
  const head = element("tr", "", corner, ...taken.map((at) => {
    const made = element("th", turned ? "turned" : "", element("span", "", own(shortened(labels[at], 24))));
    made.scope = "col";
    return made;
  }));
  const rows = taken.map((row) => {
    const name = element("th", "", own(shortened(labels[row], 36)));
    name.scope = "row";
    return element("tr", "", name, ...taken.map((column) => {
      const count = counts[row][column], step = SHARES.filter((from) => share(row, column) >= from).length;
      const cell = element("td", count && step ? (row === column ? "p" : "n") + step : "");
      if (count) {
        const inside = button(number(count, "count"), "", () => choose(row, column), described(row, column).textContent);
        inside.tabIndex = -1;
        inside.dataset.cell = `${row},${column}`;
        inside.setAttribute("aria-pressed", "false");
        cell.append(inside);
        cells.set(inside.dataset.cell, inside);
      }
      return cell;
    }));
  });
  find("matrix").replaceChildren(element("thead", "", head), element("tbody", "", ...rows));
  const first = cells.values().next().value;
  if (first) first.tabIndex = 0;
  find("matrix-most").textContent = taken.length < labels.length ? say("errors.most", { shown: taken.length, all: labels.length }) : "";
}

/** One stop for the tabulator; from there the arrow keys go from cell to cell. */
function move(event) {
  const from = event.target.dataset.cell, step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  if (!from || !step) return;
  event.preventDefault();
  const taken = places(), [row, column] = from.split(",").map((at) => taken.indexOf(Number(at)));
  for (let r = row + step[0], c = column + step[1]; r in taken && c in taken; r += step[0], c += step[1]) {
    const next = cells.get(`${taken[r]},${taken[c]}`);
    if (!next) continue;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
    return;
  }
}

async function choose(row, column) {
  chosen = [row, column];
  await showCell(row, column);
  find("cell").focus();
}

async function showCell(row, column) {
  const { labels, model, counts, several } = drawn;
  for (const [at, cell] of cells) cell.setAttribute("aria-pressed", String(at === `${row},${column}`));
  find("cell-title").replaceChildren(several ? amiss(row, column) : described(row, column));
  find("cell-some").textContent = say("errors.loading");
  find("cell-texts").replaceChildren();
  find("cell").hidden = false;
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const wanted = several ? { [row]: labels[column] } : { true: labels[row], predicted: labels[column] };
  const query = new URLSearchParams({ ...wanted, limit: TEXTS });
  try {
    const { texts, total } = await call(`${modelPath(model.id)}/errors?${query}`, { signal });
    const n = Math.max(total, several ? countAmiss(row, column) : counts[row][column]);
    find("cell-some").textContent = texts.length === 0 ? say("errors.notexts") : texts.length < n ? say("errors.some", { shown: texts.length, n }) : "";
    find("cell-texts").replaceChildren(...texts.map((one) => errorItem(model, one)));
  } catch (fault) {
    if (!signal.aborted) find("cell-some").textContent = plainWords(fault);
  }
}

function errorItem(model, one) {
  const names = Array.isArray(one.predicted) ? { names: one.predicted } : {};
  const answer = { text: one.text, label: [one.predicted].flat().join(BETWEEN), ...names };
  const made = element("li", "", element("span", "text", own(one.text)), " ");
  if (names.names) {
    const [truth, predicted] = [one.true, one.predicted].map((labels) => own(shownLabel(labels, say("several.none"))));
    made.append(element("span", "soft", saying("several.answer", { true: truth, predicted })), " ");
  }
  if (typeof one.probability === "number") made.append(element("span", "soft", number(one.probability, "percent")), " ");
  const kept = correctionOf(model.id, one.text);
  if (kept) made.append(element("span", "mark", saying("correct.mark", { label: own(kept.label || say("several.none")) })), " ");
  made.append(correctButton(model, answer));
  made.lastChild.dataset.text = one.text;
  return made;
}

/** What was put right is marked where it stands; the list is not asked for again. */
function markCorrected() {
  for (const at of find("cell-texts").querySelectorAll("button[data-text]")) {
    const kept = correctionOf(drawn.model.id, at.dataset.text);
    at.parentElement.querySelector(".mark")?.remove();
    if (kept) at.before(element("span", "mark", saying("correct.mark", { label: own(kept.label || say("several.none")) })), " ");
  }
}

function close() {
  const from = chosen && cells.get(chosen.join(","));
  for (const cell of cells.values()) cell.setAttribute("aria-pressed", "false");
  const within = find("cell").contains(document.activeElement);
  chosen = null;
  find("cell").hidden = true;
  if (within) (from ?? find("tab-errors")).focus();
}

/** Texts of which a label was missed ("true"), or given wrongly ("predicted"). */
const countAmiss = (which, at) => {
  const [[, wrong], [missed]] = drawn.perClass[drawn.labels[at]].confusion;
  return which === "true" ? missed : wrong;
};

const amiss = (which, at) => saying(which === "true" ? "several.missed.texts" : "several.wrong.texts", { label: own(drawn.labels[at]), n: countAmiss(which, at) });

/** The last columns of a label's row, whose numbers show the texts. */
function amissCells(label) {
  const at = drawn.labels.indexOf(label);
  const limit = element("td", "figure", number(drawn.perClass[label].threshold, "three"));
  return [limit, ...["true", "predicted"].map((which) => {
    const n = countAmiss(which, at), inside = button(number(n, "count"), "pair", () => choose(which, at), amiss(which, at).textContent);
    if (n) cells.set(`${which},${at}`, inside);
    return element("td", "figure", n ? inside : number(0, "count"));
  })];
}

const COLUMNS = ["precision", "recall", "f1", "support"];

function drawPerClass() {
  const { labels, perClass, several } = drawn;
  if (several) cells = new Map();
  const [by, direction] = sorting;
  const rows = labels.map((label) => [label, perClass[label]]);
  if (by !== "given") rows.sort(([, a], [, b]) => direction * (a[by] - b[by]));
  const heads = COLUMNS.map((name) => {
    const sort = button(say(`errors.${name}`), "sort", () => {
      sorting = by === name ? [name, -direction] : [name, name === "support" ? -1 : 1];
      drawPerClass();
      find("per-class").querySelector(`[data-sort=${name}]`).focus();
    }, say("errors.sort", { column: say(`errors.${name}`) }));
    sort.dataset.sort = name;
    const made = element("th", "figure", sort);
    made.scope = "col";
    if (by === name) made.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
    return made;
  });
  if (several) {
    for (const words of ["several.threshold.column", "several.missed", "several.wrong"]) {
      heads.push(element("th", "figure", say(words)));
      heads.at(-1).scope = "col";
    }
  }
  const first = element("th", "", say("errors.class"));
  first.scope = "col";
  const body = rows.map(([label, figures]) => {
    const name = element("th", "", own(shortened(label, 60)));
    name.scope = "row";
    const shown = COLUMNS.map((column) => element("td", "figure", number(figures[column], column === "support" ? "count" : "three")));
    return element("tr", "", name, ...shown, ...(several ? amissCells(label) : []));
  });
  find("per-class").replaceChildren(element("thead", "", element("tr", "", first, ...heads)), element("tbody", "", ...body));
}

function drawPairs() {
  const { labels, counts, several, together } = drawn, pairs = [];
  if (several) { drawTogether(labels, together); return; }
  for (const [row, line] of counts.entries()) for (const [column, n] of line.entries()) if (n && row !== column) pairs.push([n, row, column]);
  pairs.sort((a, b) => b[0] - a[0]);
  find("pairs").replaceChildren(...pairs.slice(0, pairsShown).map(([n, row, column]) => {
    const words = saying("errors.pair", { true: own(labels[row]), predicted: own(labels[column]) });
    return element("li", "", button(words, "pair", () => choose(row, column)), element("span", "figure", number(n, "count")));
  }));
  if (!pairs.length) find("pairs").replaceChildren(element("li", "soft", say("errors.none")));
  find("pairs-more").hidden = pairs.length <= pairsShown;
}

/** Pairs of labels that fail in the same texts. */
function drawTogether(labels, together) {
  find("pairs").replaceChildren(...together.slice(0, pairsShown).map((pair) => {
    const other = pair.also_missed ?? pair.taken, words = pair.also_missed === undefined ? "several.pair.instead" : "several.pair.both";
    const act = () => choose("true", labels.indexOf(pair.missed));
    const inside = button(saying(words, { label: own(pair.missed), other: own(other) }), "pair", act);
    return element("li", "", inside, element("span", "figure", number(pair.rows, "count")));
  }));
  if (!together.length) find("pairs").replaceChildren(element("li", "soft", say("errors.none")));
  find("pairs-more").hidden = together.length <= pairsShown;
}

export function start() {
  find("matrix").addEventListener("keydown", move);
  hints(find("matrix"), (target) => (target.dataset?.cell ? described(...target.dataset.cell.split(",").map(Number)) : null));
  find("cell-close").addEventListener("click", close);
  find("errors").addEventListener("keydown", (event) => { if (event.key === "Escape" && chosen) close(); });
  find("pairs-more").addEventListener("click", () => { pairsShown += 5 * PAIRS; drawPairs(); });
  models.addEventListener("classify", () => { drawn = null; find("errors-shown").hidden = true; read(); });
  server.addEventListener("back", read);
  corrections.addEventListener("change", () => { if (drawn && chosen) markCorrected(); });
  changed.addEventListener("change", draw);
}
