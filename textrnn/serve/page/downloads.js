// Rows -> files: CSV that no spreadsheet computes, JSON lines, and the trainer's TSV.

const FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"; // what Excel takes for the beginning of a formula, full width as well

/** A text that begins like a formula has an apostrophe before it (OWASP, CSV injection). */
function harmless(text) {
  const first = text.replace(/^[ \u00a0\u3000]+/, "")[0];
  return first !== undefined && FORMULA_STARTS.includes(first) ? `'${text}` : text;
}

const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
const cell = (value) => (typeof value === "number" ? value.toFixed(4) : quoted(harmless(String(value ?? ""))));

/** RFC 4180, with the mark without which Excel shows Chinese as something else. */
export function csv(columns, rows) {
  return "\ufeff" + [columns, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

export const jsonLines = (records) => records.map((record) => `${JSON.stringify(record)}\n`).join("");

/** Every field is quoted, so that the trainer takes tabs, line breaks and quotation marks for what they are. */
export function tsv(columns, rows) {
  return [columns, ...rows].map((row) => `${row.map(quoted).join("\t")}\n`).join("");
}

export function save(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: `${type};charset=utf-8` }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
