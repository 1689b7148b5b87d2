// The language of the page: which one, its words filled into the page, its numbers.

import { words } from "./words.js";

const KEPT = "textrnn.language";
const CODES = { en: "en", zh: "zh-CN" };
export const changed = new EventTarget(); // says "change"

function preferred() {
  try {
    const kept = localStorage.getItem(KEPT);
    if (kept in words) return kept;
  } catch { /* storage may be forbidden */ }
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

let language = preferred();
let plural, formats;

function settle() {
  document.documentElement.lang = CODES[language];
  plural = new Intl.PluralRules(CODES[language]);
  formats = {
    count: new Intl.NumberFormat(CODES[language]),
    percent: new Intl.NumberFormat(CODES[language], { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    whole: new Intl.NumberFormat(CODES[language], { style: "percent", maximumFractionDigits: 0 }),
    two: new Intl.NumberFormat(CODES[language], { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
    three: new Intl.NumberFormat(CODES[language], { minimumFractionDigits: 3, maximumFractionDigits: 3 }),
    signed: new Intl.NumberFormat(CODES[language], { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero" }),
    date: new Intl.DateTimeFormat(CODES[language], { dateStyle: "medium" }),
  };
}
settle();

export const current = () => language;

export function choose(other) {
  language = other;
  try { localStorage.setItem(KEPT, other); } catch { /* then it holds until the page is closed */ }
  settle();
  fillIn(document);
  changed.dispatchEvent(new Event("change"));
}

function wording(name, values) {
  const found = words[language][name];
  return Array.isArray(found) ? found[plural.select(values.n) === "one" ? 0 : 1] : found;
}

/** A sentence as a string. Numbers called n, all, done and so on are written as the language does. */
export function say(name, values = {}) {
  return wording(name, values).replace(/\{(\w+)\}/g, (_, key) => shown(values[key]));
}

/** The same as nodes: what is a Node among the values stays one, so that names of other people stand by themselves. */
export function saying(name, values = {}) {
  const made = document.createDocumentFragment();
  for (const [at, part] of wording(name, values).split(/\{(\w+)\}/).entries()) {
    if (at % 2 === 0) made.append(part);
    else made.append(values[part] instanceof Node ? values[part].cloneNode(true) : shown(values[part]));
  }
  return made;
}

const shown = (value) => (typeof value === "number" ? formats.count.format(value) : String(value));

export const number = (value, form) => (typeof value === "number" ? formats[form].format(value) : "–");
export const date = (text) => (Number.isNaN(Date.parse(text)) ? text : formats.date.format(new Date(text)));

/** Words into everything that names them in data-words, data-words-label or data-words-placeholder. */
export function fillIn(root) {
  for (const at of root.querySelectorAll("[data-words]")) at.textContent = say(at.dataset.words);
  for (const at of root.querySelectorAll("[data-words-label]")) at.setAttribute("aria-label", say(at.dataset.wordsLabel));
  for (const at of root.querySelectorAll("[data-words-placeholder]")) at.placeholder = say(at.dataset.wordsPlaceholder);
  document.title = say("title");
}
