// Which models the server has, and which of them answers: one classifier and one language model.

import { call, modelPath } from "./api.js";
import { tell } from "./dom.js";
import { say } from "./language.js";

const KEPT = "textrnn.model.";
const TASKS = ["classify", "lm"];
export const models = new EventTarget(); // says "list" when any is different, and the task's name when another answers
let list = null;
const chosen = {};
const details = new Map();

const remembered = (task) => { try { return localStorage.getItem(KEPT + task); } catch { return null; } };

export const known = () => list !== null;
export const all = (task) => (list ?? []).filter((model) => model.task === task);
export const current = (task) => all(task).find((model) => model.id === chosen[task]) ?? null;

export function choose(task, id) {
  chosen[task] = id;
  try { localStorage.setItem(KEPT + task, id); } catch { /* then the first one answers next time */ }
  for (const kind of ["list", task]) models.dispatchEvent(new Event(kind));
}

/** Read the list anew. */
export async function load() {
  const found = (await call("v1/models")).models.map((model) => ({ ...model, classes: model.classes ?? [] }));
  if (JSON.stringify(found) === JSON.stringify(list)) return;
  const before = Object.fromEntries(TASKS.map((task) => [task, JSON.stringify(current(task))]));
  list = found;
  details.clear();
  for (const task of TASKS) {
    const there = all(task), ids = there.map((model) => model.id);
    if (ids.includes(chosen[task])) continue;
    const was = chosen[task], wish = remembered(task);
    chosen[task] = ids.includes(wish) ? wish : ids[0];
    if (was && ids.length) tell(say("model.gone", { model: was, other: chosen[task] }));
  }
  models.dispatchEvent(new Event("list"));
  for (const task of TASKS) if (JSON.stringify(current(task)) !== before[task]) models.dispatchEvent(new Event(task));
}

/** All figures of a model; asked for once. */
export async function detailsOf(id) {
  if (!details.has(id)) details.set(id, await call(modelPath(id)));
  return details.get(id);
}
