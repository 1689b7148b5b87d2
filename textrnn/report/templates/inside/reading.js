// A language model in the page: states after every character, probabilities of the next, what those depend on.

/** The network of a document, its weights in place. */
function languageModelOf(described, tensors) {
  const layers = described.layers.map((layer) => layerOf(layer, tensors)), first = layers[0];
  const embedding = described.embedding && tensors[described.embedding];
  const size = embedding ? embedding.shape[0] : first.input.shape[1], kept = new Map();
  const fromToken = (token) => {
    if (!kept.has(token)) kept.set(token, embedding ? fromVector(first, row(embedding, token)) : fromOneHot(first, token));
    return kept.get(token);
  };
  return {
    layers, fromToken,
    start: () => layers.map(startOf),
    projection: described.projection && linearOf(described.projection, tensors),
    output: linearOf(described.output, tensors),
    /** What the mean of all characters gives: none in particular. */
    mean: () => {
      const sum = new Float64Array(first.input.shape[1]);
      if (!embedding) return fromVector(first, sum.fill(1 / size));
      for (let token = 0; token < size; token++) row(embedding, token).forEach((value, at) => { sum[at] += value / size; });
      return fromVector(first, sum);
    },
  };
}

/** One step of all layers: what the character gives to the first, the states before -> the states after. */
function read(model, fromInput, states) {
  let below = null;
  return model.layers.map((layer, depth) => {
    const state = stepOf(layer, depth ? fromVector(layer, below) : fromInput, states[depth]).state;
    below = state.hidden;
    return state;
  });
}

/** The logits of the next character. */
function logitsAfter(model, states) {
  const hidden = states.at(-1).hidden;
  return linear(model.output, model.projection ? linear(model.projection, hidden) : hidden);
}

/** States after the start and after every token: one more than there are tokens. Those of a beginning that is the same
 * as before are taken over. */
function statesAfter(model, tokens, start, before = { tokens: [], states: [] }) {
  let same = 0;
  while (same < tokens.length && same < before.tokens.length && tokens[same] === before.tokens[same]) same++;
  const states = before.states.length ? before.states.slice(0, same + 1) : [read(model, model.fromToken(start), model.start())];
  for (let at = same; at < tokens.length; at++) states.push(read(model, model.fromToken(tokens[at]), states[at]));
  return { tokens, states };
}

/** How far ln p of a next token falls where the token at `place` is replaced by the mean of all.
 * found: of statesAfter; end: how many tokens are read before the next. */
function fallWithout(model, found, place, end, next, mean) {
  let states = read(model, mean, found.states[place]);
  for (let at = place + 1; at < end; at++) states = read(model, model.fromToken(found.tokens[at]), states);
  const share = (one) => softmax(logitsAfter(model, one))[next];
  return Math.log(share(found.states[end])) - Math.log(share(states));
}
