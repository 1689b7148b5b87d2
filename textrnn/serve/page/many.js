// Many texts: lines or a file -> texts -> batches to the server -> the table of answers.

import { call, Fault, plainWords, server } from "./api.js";
import { element, find, isolated, option, own, shortened } from "./dom.js";
import { changed, number, say, saying } from "./language.js";
import { current } from "./models.js";
import { asOne } from "./several.js";
import { linesOf, looksLikeHeader, readFile, textColumn, Unreadable } from "./readfile.js";
import * as table from "./table.js";

const MOST_ROWS = 100_000;
const BATCH = 200, AT_ONCE = 2;
const TRIES = 6; // of a batch that a busy server puts off

let opened = null; // the file that was opened, as readFile gives it
let running = null; // the AbortController of what is under way

const hasHeader = () => opened.columns === null && find("header").checked;

/** The rows that would be sent: {columns, rows, at (column of the text)}. */
function given() {
  if (!opened) return { columns: null, rows: linesOf(find("lines").value).map((line) => [line]), at: 0 };
  const columns = hasHeader() ? opened.rows[0] : opened.columns;
  return { columns, rows: hasHeader() ? opened.rows.slice(1) : opened.rows, at: Number(find("column").value) };
}

function drawGiven() {
  const { rows } = given();
  const start = find("many-start");
  start.disabled = rows.length === 0 || running !== null || !current("classify");
  start.textContent = rows.length ? say("many.start", { n: rows.length }) : say("many.start.none");
}

function drawFile() {
  find("read").hidden = opened === null;
  if (!opened) { drawGiven(); return; }
  const { name, encoding, form, bad, unclosed } = opened;
  const width = Math.max(...opened.rows.slice(0, 1000).map((row) => row.length));
  const rows = opened.rows.length - (hasHeader() ? 1 : 0);
  const parts = [saying("many.read", {
    file: own(name), encoding, form: say(`many.form.${form}`, { n: width }), rows: say("many.rows", { n: rows }),
  })];
  if (bad) parts.push(element("span", "warning", say("many.bad", { n: bad })));
  if (unclosed) parts.push(element("span", "warning", say("many.unfinished", { n: unclosed })));
  find("read-what").replaceChildren(...parts.flatMap((part, at) => (at ? [" · ", part] : [part])));
  find("read-columns").hidden = width < 2 && form !== "columns";
  find("header-label").hidden = form !== "columns";
  const names = hasHeader() ? opened.rows[0] : opened.columns, first = opened.rows[hasHeader() ? 1 : 0] ?? [];
  const before = find("column").value;
  find("column").replaceChildren(...Array.from({ length: width }, (_, at) => {
    const column = names?.[at]?.trim() ? isolated(shortened(names[at], 30)) : say("many.column.unnamed", { n: at + 1 });
    return option(at, say("many.column.example", { column, example: isolated(shortened(first[at] ?? "", 24)) }));
  }));
  find("column").value = before && Number(before) < width ? before : textColumn(names, opened.rows);
  drawGiven();
}

async function open(file) {
  if (!file) return;
  stop();
  find("many-fault").textContent = "";
  opened = null;
  try {
    const read = await readFile(file);
    if (read.rows.length > MOST_ROWS) {
      throw new Unreadable(say("many.toomany", { file: file.name, n: read.rows.length, most: MOST_ROWS }));
    }
    opened = read;
    find("header").checked = read.form === "columns" && looksLikeHeader(read.rows[0]);
    find("column").replaceChildren();
    find("lines").value = "";
  } catch (fault) {
    if (!(fault instanceof Unreadable)) throw fault;
    find("many-fault").replaceChildren(own(fault.message));
  }
  drawFile();
}

const pause = (milliseconds, signal) => new Promise((done, fail) => {
  const timer = setTimeout(done, milliseconds);
  signal.addEventListener("abort", () => { clearTimeout(timer); fail(new DOMException("stopped", "AbortError")); }, { once: true });
});

async function patiently(body, signal) {
  for (let tried = 1; ; tried++) {
    try {
      return (await call("v1/classify", { body, signal, patience: 120_000 })).answers.map(asOne);
    } catch (fault) {
      if (!(fault instanceof Fault) || ![429, 503].includes(fault.status) || tried === TRIES) throw fault;
      await pause(fault.retryAfter || 250 * 2 ** tried, signal);
    }
  }
}

/** The answers to a batch. One text that the server refuses keeps no other from its answer: the batch is halved. */
async function answersTo(texts, id, signal) {
  try {
    return await patiently({ texts, model: id, top_k: 3 }, signal);
  } catch (fault) {
    if (!(fault instanceof Fault) || ![400, 413, 422].includes(fault.status)) throw fault;
    if (texts.length === 1) return [{ text: texts[0], label: null, probability: null, classes: [], note: plainWords(fault) }];
    const half = texts.length >> 1;
    return [...await answersTo(texts.slice(0, half), id, signal), ...await answersTo(texts.slice(half), id, signal)];
  }
}

async function run() {
  const { columns, rows, at } = given();
  const model = current("classify"), controller = new AbortController(), began = performance.now();
  running = controller;
  const answers = new Array(rows.length).fill(null);
  const filled = [];
  for (const [place, row] of rows.entries()) {
    const text = row[at] ?? "";
    if (text.trim()) filled.push(place);
    else answers[place] = { text, label: null, probability: null, classes: [], note: say("many.blank") };
  }
  table.show({ model, columns, rows, at, answers });
  let done = rows.length - filled.length, next = 0;
  const progress = find("many-progress");
  [progress.max, progress.value] = [rows.length, done];
  const under = () => running === controller;
  drawRunning(true);
  find("many-fault").textContent = "";
  const worker = async () => {
    while (next < filled.length) {
      const places = filled.slice(next, next + BATCH);
      next += BATCH;
      const found = await answersTo(places.map((place) => rows[place][at]), model.id, controller.signal);
      for (const [index, place] of places.entries()) answers[place] = found[index];
      done += places.length;
      progress.value = done;
      if (under()) find("many-count").textContent = say("many.progress", { done, all: rows.length });
      table.grown(false);
    }
  };
  let fault = null;
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  } catch (caught) {
    if (!controller.signal.aborted) fault = caught;
    controller.abort();
  }
  if (!under()) return; // another file was opened meanwhile
  running = null;
  drawRunning(false);
  const failed = answers.filter((answer) => answer?.label === null && answer.text.trim()).length;
  const seconds = number((performance.now() - began) / 1000, "two");
  const outcome = done === rows.length ? ["many.done", { n: rows.length - failed, model: own(model.id), seconds }] : ["many.stopped", { done, all: rows.length }];
  find("many-said").replaceChildren(saying(...outcome));
  if (failed) find("many-fault").textContent = say("many.failed", { n: failed });
  if (fault) find("many-fault").textContent = plainWords(fault);
  table.grown(true);
}

function drawRunning(is) {
  find("many-stop").hidden = find("many-progress").hidden = !is;
  find("many-start").hidden = is;
  find("many-count").textContent = "";
  if (is) find("many-said").textContent = "";
  drawGiven();
  (is ? find("many-stop") : find("many-start")).focus({ preventScroll: true });
}

function stop() {
  running?.abort();
}

export function start() {
  table.start();
  find("lines").addEventListener("input", () => {
    if (opened) { opened = null; drawFile(); }
    drawGiven();
  });
  find("lines").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !find("many-start").disabled) run();
  });
  find("file").addEventListener("change", (event) => { open(event.target.files[0]); event.target.value = ""; });
  find("column").addEventListener("change", drawGiven);
  find("header").addEventListener("change", () => drawFile());
  find("many-start").addEventListener("click", run);
  find("many-stop").addEventListener("click", stop);
  const drop = find("many");
  for (const kind of ["dragover", "dragenter"]) {
    drop.addEventListener(kind, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      find("drop").classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => find("drop").classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    find("drop").classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    open(event.dataTransfer.files[0]);
  });
  server.addEventListener("back", drawGiven);
  changed.addEventListener("change", drawFile);
}

export const modelChanged = drawGiven;
