// Making elements. Texts and names come from other people: they are text nodes always, and stand by themselves (bdi).

export const find = (id) => document.getElementById(id);

export function element(tag, kind, ...parts) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  made.append(...parts.map((part) => (part instanceof Node ? part : String(part))));
  return made;
}

export const own = (text) => element("bdi", "own", text);

/** For attributes and options, which hold no elements: a name between marks that keep its direction to itself. */
export const isolated = (text) => `\u2068${text}\u2069`;

export function shortened(text, most = 60) {
  const characters = Array.from(text.slice(0, 2 * most + 2));
  return characters.length > most ? `${characters.slice(0, most).join("")}…` : text;
}

export function button(text, kind, act, label) {
  const made = element("button", kind, text);
  made.type = "button";
  if (label) made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

export function option(value, text, chosen = false) {
  return new Option(text, value, chosen, chosen);
}

/** What is read out and shown for a while at the foot of the page. */
let forgotten;
export const hush = () => find("told").replaceChildren();

export function tell(text) {
  const at = find("told");
  at.replaceChildren(text);
  clearTimeout(forgotten);
  forgotten = setTimeout(hush, 6000);
}

/** A small box beside what is pointed at, tapped or focused; describe(target) says what stands in it, or null. */
export function hints(container, describe) {
  const box = find("hint");
  const away = () => { box.hidden = true; };
  const show = (event) => {
    const said = describe(event.target);
    if (!said) { away(); return; }
    box.replaceChildren(said);
    box.hidden = false;
    const at = event.target.getBoundingClientRect(), size = box.getBoundingClientRect();
    const right = document.documentElement.clientWidth - size.width - 4;
    box.style.left = `${Math.max(4, Math.min(at.left, right))}px`;
    box.style.top = `${at.top > size.height + 8 ? at.top - size.height - 6 : at.bottom + 6}px`;
  };
  for (const kind of ["pointerover", "click", "focusin"]) container.addEventListener(kind, show);
  for (const kind of ["pointerleave", "focusout"]) container.addEventListener(kind, away);
}

document.addEventListener("keydown", (event) => { if (event.key === "Escape") find("hint").hidden = true; });
document.addEventListener("scroll", () => { find("hint").hidden = true; }, { passive: true, capture: true });
