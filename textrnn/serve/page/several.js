// Models that give a text several labels: their answers in the form of those with one, a label and how sure it is.

export const BETWEEN = "|"; // labels in one cell of a file, as the trainer reads them
export const givesSeveral = (model) => Boolean(model?.thresholds);

/** The answer with `label` and `probability` beside its labels: of the least sure one; of none, that there is none. */
export function asOne(answer) {
  if (!answer.labels) return answer;
  const names = answer.labels.map((one) => one.label);
  const sure = answer.labels.length ? answer.labels.at(-1).probability : 1 - answer.classes[0].probability;
  return { ...answer, names, label: names.join(BETWEEN), probability: sure };
}

/** The labels of an answer, each by itself. */
export const namesOf = (one) => one.names ?? (one.label ? [one.label] : []);

/** Labels to be read, or what stands for none. */
export const shownLabel = (names, none) => (names.length ? names.join(", ") : none);
