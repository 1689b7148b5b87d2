"use strict";
// The networks, written out: pure functions of weights and states. Nothing here knows of the page.
// Matrices lie row by row in one array: {shape: [rows, columns], values}.

function bytesOf(text) {
  const read = atob(text), bytes = new Uint8Array(read.length);
  for (let at = 0; at < read.length; at++) bytes[at] = read.charCodeAt(at);
  return bytes;
}

function floats(bytes) {
  const view = new DataView(bytes.buffer), found = new Float32Array(bytes.length / 4);
  for (let at = 0; at < found.length; at++) found[at] = view.getFloat32(4 * at, true);
  return found;
}

function halves(bytes) {
  const found = new Float32Array(bytes.length / 2);
  for (let at = 0; at < found.length; at++) {
    const bits = bytes[2 * at] | (bytes[2 * at + 1] << 8), exponent = (bits >> 10) & 31, fraction = bits & 1023;
    const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
    found[at] = bits >> 15 ? -size : size;
  }
  return found;
}

/** Whole numbers of a few bits, the first in the lowest bits, on both sides of zero, times the scale of their row. */
function wholeNumbers(bytes, bits, count, scales) {
  const found = new Float32Array(count), width = count / scales.length, mask = (1 << bits) - 1, zero = 1 << (bits - 1);
  let held = 0, ready = 0, next = 0;
  for (let at = 0; at < count; at++) {
    while (ready < bits) {
      held |= bytes[next++] << ready;
      ready += 8;
    }
    found[at] = ((held & mask) - zero) * scales[Math.floor(at / width)];
    held >>>= bits;
    ready -= bits;
  }
  return found;
}

function tensorOf(packed) {
  const bytes = bytesOf(packed.content), count = packed.shape.reduce((product, size) => product * size, 1);
  if (packed.bits === 32) return { shape: packed.shape, values: floats(bytes) };
  if (packed.bits === 16) return { shape: packed.shape, values: halves(bytes) };
  return { shape: packed.shape, values: wholeNumbers(bytes, packed.bits, count, floats(bytesOf(packed.scales))) };
}

const tensorsOf = (document) =>
  Object.fromEntries(Object.entries(document).map(([name, packed]) => [name, tensorOf(packed)]));

const row = (matrix, at) => Float64Array.from(matrix.values.subarray(at * matrix.shape[1], (at + 1) * matrix.shape[1]));

/** sums += matrix times vector. The innermost loop of everything: four rows at a time. Sums and vector are always 64-bit:
 * called with several kinds of arrays, it is six times slower. */
function addProduct(sums, matrix, vector) {
  const [rows, columns] = matrix.shape, values = matrix.values, even = rows - (rows % 4);
  for (let at = 0; at < even; at += 4) {
    let first = at * columns, second = first + columns, third = second + columns, fourth = third + columns;
    let a = 0, b = 0, c = 0, d = 0;
    for (let column = 0; column < columns; column++) {
      const value = vector[column];
      a += values[first++] * value;
      b += values[second++] * value;
      c += values[third++] * value;
      d += values[fourth++] * value;
    }
    sums[at] += a;
    sums[at + 1] += b;
    sums[at + 2] += c;
    sums[at + 3] += d;
  }
  for (let at = even; at < rows; at++) {
    for (let column = 0, place = at * columns; column < columns; column++) sums[at] += values[place++] * vector[column];
  }
  return sums;
}

const product = (matrix, vector) => addProduct(new Float64Array(matrix.shape[0]), matrix, vector);

function linear(layer, vector) {
  const sums = layer.bias ? Float64Array.from(layer.bias.values) : new Float64Array(layer.weight.shape[0]);
  return addProduct(sums, layer.weight, vector);
}

const sigmoid = (value) => 1 / (1 + Math.exp(-value));

function softmax(logits, temperature = 1) {
  const scaled = Float64Array.from(logits, (value) => value / temperature);
  const most = scaled.reduce((a, b) => Math.max(a, b), -Infinity), raised = scaled.map((value) => Math.exp(value - most));
  const sum = raised.reduce((a, b) => a + b, 0);
  return raised.map((value) => value / sum);
}

function layerNorm(layer, vector) {
  const count = vector.length, mean = vector.reduce((a, b) => a + b, 0) / count;
  const variance = vector.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
  const scale = 1 / Math.sqrt(variance + layer.epsilon);
  return Float64Array.from(vector, (value, at) => (value - mean) * scale * layer.weight.values[at] + layer.bias.values[at]);
}

// --- Recurrent cells. A step: what the input gives to all gates, the state before -> the state after, and what is to be
// seen of it. `change(name, values)` may put other numbers in the place of what was computed.

const unchanged = (name, values) => values;

/** i, f, o = sigmoid, g = tanh of x W + h U + b;  c' = f c + i g;  h' = o tanh(c'). */
function lstmStep(layer, fromInput, state, change = unchanged) {
  const size = layer.size, sums = addProduct(Float64Array.from(fromInput), layer.recurrent, state.hidden);
  const before = change("before", state.cell), part = (at) => sums.subarray(at * size, (at + 1) * size);
  const toInput = change("input", part(0)), toForget = change("forget", part(1));
  const toCandidate = change("candidate", part(2)), toOutput = change("output", part(3));
  const input = toInput.map(sigmoid), forget = toForget.map(sigmoid);
  const candidate = toCandidate.map(Math.tanh), output = toOutput.map(sigmoid);
  const cell = before.map((value, at) => forget[at] * value + input[at] * candidate[at]);
  const hidden = cell.map((value, at) => output[at] * Math.tanh(value));
  const sumsOf = { input: toInput, forget: toForget, candidate: toCandidate, output: toOutput };
  return { state: { hidden, cell }, input, forget, candidate, output, before, sums: sumsOf, hiddenBefore: state.hidden };
}

/** r, z = sigmoid;  n = tanh(x W + b + r (h U + b'));  h' = (1 - z) n + z h. */
function gruStep(layer, fromInput, state) {
  const size = layer.size, fromHidden = linear({ weight: layer.recurrent, bias: layer.recurrentBias }, state.hidden);
  const hidden = state.hidden.map((value, at) => {
    const reset = sigmoid(fromInput[at] + fromHidden[at]);
    const update = sigmoid(fromInput[size + at] + fromHidden[size + at]);
    const candidate = Math.tanh(fromInput[2 * size + at] + reset * fromHidden[2 * size + at]);
    return (1 - update) * candidate + update * value;
  });
  return { state: { hidden } };
}

/** h' = tanh(x W + h U + b). */
function srnStep(layer, fromInput, state) {
  return { state: { hidden: addProduct(Float64Array.from(fromInput), layer.recurrent, state.hidden).map(Math.tanh) } };
}

const STEPS = { lstm: lstmStep, gru: gruStep, srn: srnStep };

const stepOf = (layer, fromInput, state, change) => STEPS[layer.cell](layer, fromInput, state, change);

/** What an input vector gives to all gates, biases added; without an embedding, a column of the matrix. */
const fromVector = (layer, vector) => linear({ weight: layer.input, bias: layer.bias }, vector);

function fromOneHot(layer, token) {
  const [rows, columns] = layer.input.shape;
  return Float64Array.from({ length: rows }, (_, at) => layer.input.values[at * columns + token] + layer.bias.values[at]);
}

function startOf(layer) {
  const zeros = () => new Float64Array(layer.size), kept = (name) => (layer[name] ? Float64Array.from(layer[name].values) : zeros());
  return layer.cell === "lstm" ? { hidden: kept("startHidden"), cell: kept("startCell") } : { hidden: kept("startHidden") };
}

/** A layer as the document describes it, with its tensors in place. */
function layerOf(described, tensors) {
  const layer = { cell: described.cell };
  for (const [name, tensor] of Object.entries(described)) if (name !== "cell") layer[name] = tensors[tensor];
  layer.size = layer.recurrent.shape[1];
  return layer;
}

/** The same of a linear layer. */
const linearOf = (described, tensors) => ({ weight: tensors[described.weight], bias: described.bias && tensors[described.bias] });

/** All steps of one layer over input vectors, from its start. */
function statesOver(layer, vectors) {
  let state = startOf(layer);
  return vectors.map((vector) => {
    state = stepOf(layer, fromVector(layer, vector), state).state;
    return state.hidden;
  });
}
