// Requests of which only the newest counts: an answer is never shown after one to a later request.

export class Newest {
  /** most: requests under way at once. Beyond that the oldest is given up; before, it may still arrive in its turn. */
  constructor(most) {
    this.most = most;
    this.last = 0;
    this.shown = 0;
    this.open = new Map();
  }

  /** The answer, or undefined where a later one was faster or it was given up. */
  async run(ask) {
    const turn = ++this.last;
    const stop = new AbortController();
    this.open.set(turn, stop);
    if (this.open.size > this.most) this.giveUp(this.open.keys().next().value);
    try {
      const answer = await ask(stop.signal);
      if (stop.signal.aborted || turn < this.shown) return undefined;
      this.shown = turn;
      for (const earlier of this.open.keys()) if (earlier < turn) this.giveUp(earlier);
      return answer;
    } catch (fault) {
      if (stop.signal.aborted || turn < this.last) return undefined; // what became of it interests nobody any more
      throw fault;
    } finally {
      this.open.delete(turn);
    }
  }

  giveUp(turn) {
    this.open.get(turn)?.abort();
    this.open.delete(turn);
  }

  /** Nothing that is under way will be shown. */
  cancel() {
    for (const turn of [...this.open.keys()]) this.giveUp(turn);
    this.shown = ++this.last;
  }
}
