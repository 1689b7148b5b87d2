// Files that people open -> rows. Bytes -> text (encoding) -> columns and rows (form), all in the browser.

import { say } from "./language.js";

const MOST_MEGABYTES = 50;
const SAMPLE = 50; // lines that decide on the separator
const TEXT_NAMES = ["text", "title", "content", "sentence", "comment", "review", "headline", "文本", "标题", "内容", "正文", "评论", "句子"];
const OTHER_NAMES = ["label", "class", "category", "id", "date", "source", "标签", "类别", "分类", "编号", "日期", "来源"];

/** Something about the file that people can mend; its message is in their language. */
export class Unreadable extends Error {}

/** -> {name, encoding, form, columns (names or null), rows (of cells), bad (lines left out), unclosed (a line or 0)} */
export async function readFile(file) {
  if (file.size > MOST_MEGABYTES * 2 ** 20) throw new Unreadable(say("many.big", { file: file.name, most: MOST_MEGABYTES }));
  const { text, encoding } = decoded(new Uint8Array(await file.arrayBuffer()));
  if (text.includes("\0")) throw new Unreadable(say("many.binary", { file: file.name }));
  const made = parsed(text.replace(/\r\n?/g, "\n"), file.name.toLowerCase().match(/\.(\w+)$/)?.[1] ?? "");
  if (!made.rows.length) throw new Unreadable(say("many.nothing", { file: file.name }));
  return { name: file.name, encoding, bad: 0, unclosed: 0, ...made };
}

export function decoded(bytes) {
  for (const [mark, encoding, name] of [[[0xef, 0xbb, 0xbf], "utf-8", "UTF-8"], [[0xff, 0xfe], "utf-16le", "UTF-16"], [[0xfe, 0xff], "utf-16be", "UTF-16"]]) {
    if (mark.every((byte, at) => bytes[at] === byte)) return { text: new TextDecoder(encoding).decode(bytes), encoding: name };
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), encoding: "UTF-8" };
  } catch { /* Excel in China writes GB18030 */ }
  return { text: new TextDecoder("gb18030").decode(bytes), encoding: "GB18030" };
}

export function parsed(text, ending) {
  if (["jsonl", "ndjson", "json"].includes(ending)) return records(text);
  const separator = separatorOf(text, ending);
  if (!separator) return { form: "lines", columns: null, rows: linesOf(text).map((line) => [line]) };
  const { rows, unclosed } = delimited(text, separator);
  return { form: "columns", columns: null, rows, unclosed };
}

export const linesOf = (text) => text.split(/\r\n?|\n/).filter((line) => line.trim());

function separatorOf(text, ending) {
  if (ending === "tsv") return "\t";
  const lines = linesOf(text.slice(0, 200_000)).slice(0, SAMPLE);
  const candidates = ending === "csv" ? [",", ";", "\t", "|"] : ["\t"];
  let best = null, most = 0;
  for (const separator of candidates) {
    const { rows } = delimited(lines.join("\n"), separator);
    const widths = rows.map((row) => row.length);
    const width = widths[0], alike = widths.filter((one) => one === width).length / widths.length;
    if (width > 1 && alike > 0.8 && alike * width > most) [best, most] = [separator, alike * width];
  }
  return best ?? (ending === "csv" ? "," : null);
}

/** Quotation marks around a field are no part of it; those that close nowhere belong to the text. */
export function delimited(text, separator) {
  const rows = [];
  let row = [], at = 0, line = 1, unclosed = 0;
  while (at <= text.length) {
    let end, field;
    if (text[at] === '"') {
      let close = at + 1;
      for (;;) {
        close = text.indexOf('"', close);
        if (close < 0 || text[close + 1] !== '"') break;
        close += 2;
      }
      const next = text[close + 1];
      if (close >= 0 && (next === separator || next === "\n" || next === undefined)) {
        field = text.slice(at + 1, close).replaceAll('""', '"');
        end = close + 1;
      } else if (close < 0 && !unclosed) unclosed = line;
    }
    if (field === undefined) {
      const cut = text.indexOf(separator, at), stop = text.indexOf("\n", at);
      end = Math.min(cut < 0 ? text.length : cut, stop < 0 ? text.length : stop);
      field = text.slice(at, end);
    }
    row.push(field);
    for (const character of field) if (character === "\n") line++;
    if (text[end] !== separator) {
      if (row.length > 1 || row[0].trim()) rows.push(row);
      row = [];
      line++;
    }
    at = end + 1;
  }
  return { rows, unclosed };
}

function records(text) {
  let values, bad = 0;
  if (text.trimStart().startsWith("[")) {
    try { values = JSON.parse(text); } catch { values = []; bad = 1; }
  } else {
    values = [];
    for (const line of linesOf(text)) {
      try { values.push(JSON.parse(line)); } catch { bad++; }
    }
  }
  const columns = new Map();
  const all = [];
  for (const value of values) {
    const record = typeof value === "string" ? { text: value } : value;
    if (record === null || typeof record !== "object" || Array.isArray(record)) { bad++; continue; }
    for (const name of Object.keys(record)) if (!columns.has(name)) columns.set(name, columns.size);
    all.push(record);
  }
  const asCell = (value) => (value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value));
  return { form: "records", columns: [...columns.keys()], rows: all.map((record) => [...columns.keys()].map((name) => asCell(record[name]))), bad };
}

const isNamed = (cell, names) => names.includes(cell.trim().toLowerCase());

export function looksLikeHeader(row) {
  return new Set(row).size === row.length && row.every((cell) => cell.trim() && cell.length < 40)
    && row.some((cell) => isNamed(cell, TEXT_NAMES) || isNamed(cell, OTHER_NAMES));
}

/** The column called text or the like; without one, that with the longest cells. */
export function textColumn(columns, rows) {
  const named = (columns ?? []).findIndex((name) => isNamed(name, TEXT_NAMES));
  if (named >= 0) return named;
  const width = Math.max(...rows.slice(0, SAMPLE).map((row) => row.length));
  const sizes = Array.from({ length: width }, (_, at) => rows.slice(0, SAMPLE).reduce((sum, row) => sum + (row[at] ?? "").length, 0));
  return sizes.indexOf(Math.max(...sizes));
}
