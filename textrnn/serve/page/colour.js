// Coloured characters: what each adds to an answer, and how much each surprises. The colours are steps in page.css,
// on all of which the text can be read.

import { element, hints } from "./dom.js";
import { number, say, saying } from "./language.js";

const SURPRISE = [0.5, 1, 2, 3, 4.5, 6.5]; // nats from which on the next step begins
const LEAST = 0.5; // logits: a text in which nothing weighs more than this stays pale
const LONGEST = 20_000; // characters that are coloured one by one; what comes after is shown as it is

export const heatStep = (nats) => SURPRISE.filter((from) => nats >= from).length;

export const strongest = (tokens) => Math.max(LEAST, ...tokens.map((token) => Math.abs(token.contribution)));

export function signedStep(value, most) {
  const step = Math.min(5, Math.floor((5.5 * Math.abs(value)) / most));
  return step ? (value > 0 ? "p" : "n") + step : "";
}

/** A token in words where it cannot be seen. */
export function visible(token) {
  if (token === " " || token === "\u3000") return say("heat.space");
  if (/^[\r\n]+$/.test(token)) return say("heat.newline");
  return token === "\t" ? say("heat.tab") : token;
}

function piece(text, step, at) {
  const made = element("span", step, text);
  made.dataset.at = at;
  return made;
}

/** A text with its reasons. Positions are those of characters (code points), as the server counts them; what stands
 * from `unread` on is grey. */
export function reasons(text, tokens, unread) {
  const characters = Array.from(text), end = unread ?? characters.length, most = strongest(tokens), parts = [];
  let at = 0;
  for (const [index, token] of tokens.slice(0, LONGEST).entries()) {
    if (token.start < at || token.end <= token.start) continue;
    if (token.start > at) parts.push(characters.slice(at, token.start).join(""));
    parts.push(piece(characters.slice(token.start, token.end).join(""), signedStep(token.contribution, most), index));
    at = token.end;
  }
  parts.push(characters.slice(at, Math.max(at, end)).join(""), element("span", "unread", characters.slice(Math.max(at, end)).join("")));
  return parts;
}

/** The reasons for a text that has been edited since: what is still there at both ends keeps its colours. */
export function carriedOver(tokens, before, now) {
  if (before === now) return tokens;
  const old = Array.from(before), fresh = Array.from(now), most = Math.min(old.length, fresh.length);
  let head = 0, tail = 0;
  while (head < most && old[head] === fresh[head]) head++;
  while (tail < most - head && old.at(-1 - tail) === fresh.at(-1 - tail)) tail++;
  const moved = fresh.length - old.length;
  return tokens.map((token) => {
    if (token.end <= head) return token;
    if (token.start >= old.length - tail) return { ...token, start: token.start + moved, end: token.end + moved };
    return { ...token, start: 0, end: 0 };
  });
}

export const surprising = (token, at) => piece(token.text, `h${heatStep(token.nats)}`, at);

export function surprises(tokens) {
  const parts = tokens.slice(0, LONGEST).map(surprising);
  if (tokens.length > LONGEST) parts.push(tokens.slice(LONGEST).map((token) => token.text).join(""));
  return parts;
}

export function heatHint(token) {
  const probability = Math.exp(-token.nats);
  return saying("heat.hint", {
    token: element("bdi", "own", visible(token.text)),
    value: number(token.nats, "two"),
    probability: probability >= 0.0005 ? number(probability, "percent") : `< ${number(0.0005, "percent")}`,
  });
}

/** Show figures of the coloured characters of a box; tokens() are those that are shown, describe(token) the words. */
export function hintsOf(box, tokens, describe) {
  hints(box, (target) => {
    const token = tokens()[target.dataset?.at];
    return token ? describe(token) : null;
  });
}

export function heatLegend(at) {
  const steps = [0, ...SURPRISE].map((from, step) => element("li", `h${step}`, step === SURPRISE.length ? `${from}+` : from));
  const list = element("ol", "swatches", ...steps);
  list.setAttribute("aria-hidden", "true");
  at.replaceChildren(element("span", "", say("heat.legend")), list);
}
