// The stream of events, and the last minutes as the page keeps them. Bounded; comes back by itself.

const KEPT_S = 300;
const SILENT_AFTER_MS = 4000;

export class Feed {
  constructor(changed) {
    this.changed = changed;
    this.history = [];
    this.marks = new Map();
    this.states = {};
    this.latest = null;
    this.connection = "connecting";
    this.heardAt = performance.now();
    this.connect();
    setInterval(() => this.checkSilence(), 1000);
  }

  connect() {
    this.source?.close();
    this.source = new EventSource("/events");
    const on = (name, take) => this.source.addEventListener(name, (event) => {
      this.heardAt = performance.now();
      this.connection = "live";
      take(JSON.parse(event.data));
      this.changed();
    });
    on("hello", (hello) => this.greet(hello));
    on("sample", (sample) => this.take(sample));
    on("mark", (mark) => this.marks.set(mark.id, mark));
    for (const name of ["stack", "offers", "load", "run", "verdict"]) on(name, (value) => { this.states[name] = value; });
    this.source.onerror = () => this.lost();
  }

  greet(hello) {
    this.boot = hello.boot;
    this.states = hello.states;
    this.history = hello.history;
    this.latest = hello.latest;
    this.marks = new Map(hello.marks.map((mark) => [mark.id, mark]));
  }

  take(sample) {
    this.latest = sample;
    this.history.push({ unix_s: sample.unix_s, ...sample.totals });
    while (this.history[0].unix_s < sample.unix_s - KEPT_S) this.history.shift();
    for (const [id, mark] of this.marks) if (mark.unix_s < sample.unix_s - 12 * KEPT_S) this.marks.delete(id);
  }

  lost() {
    if (this.connection === "connecting") return;
    this.connection = "lost";
    this.changed();
  }

  // A browser gives up when it is answered with an error; and a machine that slept may not notice at all.
  checkSilence() {
    const isSilent = performance.now() - this.heardAt > SILENT_AFTER_MS;
    if (isSilent) this.lost();
    if (this.source.readyState === EventSource.CLOSED) this.connect();
  }
}
