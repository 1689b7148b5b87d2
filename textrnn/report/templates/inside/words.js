// The language of the page: English or Chinese, as the browser is set or as was chosen.

const WORDS = { en: ENGLISH, zh: CHINESE };
const CODES = { en: "en", zh: "zh-CN" };
const redrawn = []; // functions that write again what they have written, called when the language changes

function preferred() {
  try {
    const kept = localStorage.getItem("textrnn.language");
    if (kept in WORDS) return kept;
  } catch { /* storage may be forbidden */ }
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

let language = preferred();

/** A sentence; {name} is filled in. */
function say(name, values = {}) {
  return WORDS[language][name].replace(/\{(\w+)\}/g, (_, key) => (typeof values[key] === "number" ? values[key].toLocaleString(CODES[language]) : values[key]));
}

function fillIn() {
  document.documentElement.lang = CODES[language];
  for (const at of document.querySelectorAll("[data-words]")) at.textContent = say(at.dataset.words);
  for (const at of document.querySelectorAll("[data-label]")) at.setAttribute("aria-label", say(at.dataset.label));
  for (const at of document.querySelectorAll("[data-language]")) {
    at.setAttribute("aria-pressed", String(at.dataset.language === language));
  }
  for (const draw of redrawn) draw();
}

function speak(other) {
  language = other;
  try { localStorage.setItem("textrnn.language", other); } catch { /* then it holds until the page is closed */ }
  fillIn();
}

const fixed = (value, digits = 3) => (Object.is(Number(value.toFixed(digits)), -0) ? 0 : value).toFixed(digits).replace("-", "−");
const percent = (value) => (value > 0 && value < 0.001 ? "<0.1 %" : `${(100 * value).toFixed(1)} %`);

/** How exact the weights of the page are, in words. */
const precisionInWords = () => say(data.bits === 32 ? "precision.exact" : data.bits === 16 ? "precision.half" : "precision.whole", { bits: data.bits });
