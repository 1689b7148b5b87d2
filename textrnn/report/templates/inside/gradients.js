// The norm of the gradient of the state after t steps with respect to the state before the first, on a logarithmic axis.

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function drawGradients(curves) {
  const width = 640, height = 300, left = 52, right = 12, top = 12, bottom = 40, lowest = -8;
  const longest = Math.max(...curves.map((curve) => curve.norms.length - 1));
  const powers = curves.flatMap((curve) => curve.norms.map((norm) => Math.log10(Math.max(norm, 10 ** lowest))));
  const highest = Math.max(1, Math.ceil(Math.max(...powers))), floor = Math.max(lowest, Math.floor(Math.min(...powers)));
  const x = (t) => left + (t / longest) * (width - left - right), y = (power) => top + ((highest - power) / (highest - floor)) * (height - top - bottom);
  const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": say("memory.gradient") });
  for (let power = floor; power <= highest; power++) {
    chart.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(power), y2: y(power) }));
    chart.append(svg("text", { x: left - 6, y: y(power) + 4, "text-anchor": "end" }, power === 0 ? "1" : `1e${power}`.replace("-", "−")));
  }
  for (let t = 0; t <= longest; t += Math.ceil(longest / 5)) chart.append(svg("text", { x: x(t), y: height - 20, "text-anchor": "middle" }, t));
  chart.append(svg("text", { x: (left + width) / 2, y: height - 4, "text-anchor": "middle" }, say("memory.gradient.steps")));
  for (const [at, curve] of curves.entries()) {
    const points = curve.norms.map((norm, t) => [x(t), y(Math.log10(norm))]).filter(([, height]) => Number.isFinite(height) && height <= y(floor) + 1);
    chart.append(svg("path", { class: `line${at}`, d: points.map(([px, py], t) => `${t ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join("") }));
  }
  find("gradient").replaceChildren(chart);
  find("gradient-legend").replaceChildren(...curves.map((curve, at) => {
    const swatch = svg("svg", { viewBox: "0 0 28 10", "aria-hidden": "true" });
    swatch.append(svg("path", { class: `line${at}`, d: "M0 5L28 5" }));
    return element("li", "", swatch, say(`memory.curve.${curve.name}`, { steps: longest }), `${say("colon")}${curve.norms.at(-1).toExponential(1).replace("-", "−")}`);
  }));
  find("gradient-note").textContent = say("memory.gradient.note", { steps: longest });
}
