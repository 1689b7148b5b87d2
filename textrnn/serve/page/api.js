// The server: requests, the key, what went wrong in plain words, whether it is there at all.

import { say } from "./language.js";

const KEY = "textrnn.key";
const PATIENCE = 30_000; // milliseconds until a silent server counts as gone
const RETRY = [500, 1000, 2000, 4000]; // milliseconds between looks for it
export const server = new EventTarget(); // says "gone", "back" and "key"

export class Fault extends Error {
  constructor(status, message, retryAfter) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

let key = null;
try { key = sessionStorage.getItem(KEY); } catch { /* then it is asked for again */ }
let gone = false;

export function useKey(value) {
  key = value;
  try { sessionStorage.setItem(KEY, value); } catch { /* it holds until the page is left */ }
  server.dispatchEvent(new Event("back"));
}

export const hasKey = () => key !== null;

export function modelPath(id) {
  return `v1/models/${id.split("/").map(encodeURIComponent).join("/")}`;
}

async function ask(path, { body, signal, patience = PATIENCE } = {}) {
  const headers = {};
  if (body) headers["Content-Type"] = "application/json";
  if (key) headers.Authorization = `Bearer ${key}`;
  const slow = new AbortController();
  const timer = setTimeout(() => slow.abort(), patience);
  const signals = signal ? [signal, slow.signal] : [slow.signal];
  let response;
  try {
    response = await fetch(path, {
      method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal: AbortSignal.any(signals), cache: "no-store",
    });
  } catch (fault) {
    if (signal?.aborted) throw fault;
    lost();
    throw new Fault(0, "");
  } finally {
    clearTimeout(timer);
  }
  if (response.ok) return response;
  if (response.status === 502 || response.status === 504) lost();
  if (response.status === 401) server.dispatchEvent(new Event("key"));
  let message = "";
  try { message = (await response.json()).error.message; } catch { /* a proxy's own words would help nobody */ }
  const wait = Number(response.headers.get("Retry-After"));
  throw new Fault(response.status, message, Number.isFinite(wait) && wait > 0 ? wait * 1000 : 0);
}

export async function call(path, settings = {}) {
  const response = await ask(path, settings);
  try {
    return await response.json();
  } catch (fault) {
    if (settings.signal?.aborted) throw fault;
    throw new Fault(-1, "");
  }
}

/** The lines of a stream of JSON, one by one. */
export async function* stream(path, settings) {
  const response = await ask(path, settings);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) if (line.trim()) yield JSON.parse(line);
    }
    if (rest.trim()) yield JSON.parse(rest);
  } catch (fault) {
    if (settings.signal?.aborted) throw fault;
    throw new Fault(-1, "");
  } finally {
    reader.cancel().catch(() => {});
  }
}

function lost() {
  if (gone) return;
  gone = true;
  server.dispatchEvent(new Event("gone"));
  let look = 0;
  const again = async () => {
    try {
      const answer = await fetch("healthz", { cache: "no-store", signal: AbortSignal.timeout(5000) });
      if (answer.ok) {
        gone = false;
        server.dispatchEvent(new Event("back"));
        return;
      }
    } catch { /* not yet */ }
    setTimeout(again, RETRY[Math.min(look++, RETRY.length - 1)]);
  };
  setTimeout(again, RETRY[0]);
}

/** What to tell people; nothing where the page says it already (the server is gone, or asks for a key). */
export function plainWords(fault) {
  if (!(fault instanceof Fault)) throw fault;
  if (fault.status === 0 || fault.status === 401 || fault.status === 502 || fault.status === 504) return "";
  if (fault.status === -1) return say("fault.broken");
  const known = ["400", "403", "404", "413", "422", "429", "500", "503"].includes(String(fault.status));
  const plain = known ? say(`fault.${fault.status}`) : say("fault.other", { status: String(fault.status) });
  return fault.message ? `${plain} ${say("fault.said", { message: fault.message })}` : plain;
}
