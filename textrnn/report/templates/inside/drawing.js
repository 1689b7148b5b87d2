// Elements, colours, bars and heat maps.

const find = (id) => document.getElementById(id);
const data = JSON.parse(find("data").textContent);

function element(tag, kind, ...parts) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  made.append(...parts);
  return made;
}

const isDark = matchMedia("(prefers-color-scheme: dark)");
isDark.addEventListener("change", () => { for (const draw of redrawn) draw(); });

const mixed = (from, to, share) => from.map((value, at) => Math.round(value + (to[at] - value) * share));
const RAMP = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]]; // viridis: 0 dark, 1 yellow

/** A gate's colour, 0 to 1. */
function gateColour(value) {
  const place = Math.min(0.9999, Math.max(0, value)) * (RAMP.length - 1), at = Math.floor(place);
  return mixed(RAMP[at], RAMP[at + 1], place - at);
}

/** Blue below zero, orange above it, the colour of the paper between; `share` from -1 to 1. */
function signedColour(share) {
  const middle = isDark.matches ? [34, 37, 42] : [247, 247, 247], size = Math.min(1, Math.abs(share));
  const ends = isDark.matches ? [[70, 140, 225], [226, 120, 50]] : [[33, 102, 172], [200, 80, 10]];
  return mixed(middle, ends[share > 0 ? 1 : 0], size ** 0.8);
}

const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;
const inkOn = ([red, green, blue]) => (0.299 * red + 0.587 * green + 0.114 * blue > 140 ? "#111" : "#fff");

function paint(at, colour) {
  at.style.backgroundColor = css(colour);
  at.style.color = inkOn(colour);
}

/** A list of named bars; the first is the likeliest. */
function showBars(list, rows) {
  while (list.children.length > rows.length) list.lastChild.remove();
  while (list.children.length < rows.length) {
    list.append(element("li", "", element("bdi", "name"), element("span", "track", element("span", "fill")), element("span", "value")));
  }
  for (const [at, { name, share }] of rows.entries()) {
    const [named, track, value] = list.children[at].children;
    named.textContent = name;
    track.firstChild.style.width = `${100 * share}%`;
    value.textContent = percent(share);
  }
}

/** A heat map on a canvas: units down, steps along. It can be pointed at, clicked, and walked through by the arrow keys.
 * values(unit, step) gives numbers; a signed map is scaled to its largest. */
function heatMap(canvas, { signed, choose }) {
  let shown = { units: 0, steps: 0 };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return {
      unit: Math.min(shown.units - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * shown.units))),
      step: Math.min(shown.steps - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * shown.steps))),
    };
  };
  canvas.addEventListener("pointerdown", (event) => { const at = place(event); choose(at.unit, at.step); });
  canvas.addEventListener("pointermove", (event) => { if (event.buttons) { const at = place(event); choose(at.unit, at.step); } });
  canvas.addEventListener("keydown", (event) => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!move) return;
    event.preventDefault();
    const unit = Math.min(shown.units - 1, Math.max(0, shown.unit + move[0]));
    choose(unit, Math.min(shown.steps - 1, Math.max(0, shown.step + move[1])));
  });
  return (units, steps, value, unit, step) => {
    shown = { units, steps, unit, step };
    const wide = Math.max(1, Math.floor(720 / steps)), tall = Math.max(3, Math.floor(300 / units));
    canvas.width = wide * steps;
    canvas.height = tall * units;
    const draw = canvas.getContext("2d");
    let most = 1e-9;
    if (signed) for (let u = 0; u < units; u++) for (let t = 0; t < steps; t++) most = Math.max(most, Math.abs(value(u, t)));
    for (let u = 0; u < units; u++) {
      for (let t = 0; t < steps; t++) {
        draw.fillStyle = css(signed ? signedColour(value(u, t) / most) : gateColour(value(u, t)));
        draw.fillRect(t * wide, u * tall, wide, tall);
      }
    }
    for (const [colour, line] of [["#000", 6], ["#fff", 2.5]]) { // seen on every colour
      draw.strokeStyle = colour;
      draw.lineWidth = line;
      draw.strokeRect(step * wide - 1, unit * tall - 3, wide + 2, tall + 6);
    }
    return most;
  };
}

/** Begin: the switch of the language, the theme, everything written once. */
function begin() {
  for (const at of document.querySelectorAll("[data-language]")) at.addEventListener("click", () => speak(at.dataset.language));
  fillIn();
}
