// One graph of the last minutes: lines over time, marks of what was done, values under the pointer.

import { make, makeSvg, setText } from "./dom.js";
import { clock, text } from "./numbers.js";

const WIDTH = 480, HEIGHT = 152, LEFT = 48, RIGHT = 8, TOP = 8, BOTTOM = 18, SPAN_S = 300;
const GAP_S = 3;
const STEPS = [1, 2, 2.5, 5, 10];

export class Chart {
  // lines: [{ name, field }]; read, axis: from a value to [figure, unit], beside a line and at the axis;
  // floor: the least upper end of the axis; ceiling: its only one.
  constructor({ title, note, lines, read, axis, floor, ceiling }) {
    Object.assign(this, { title, lines, read, axis, floor, ceiling, cursorAt: null });
    this.keys = lines.map((line, index) => {
      const value = make("b");
      return { value, element: make("span", { class: "key" }, make("i", { class: `s${index + 1}` }), `${line.name} `, value) };
    });
    this.grid = makeSvg("g");
    this.marks = makeSvg("g");
    this.paths = lines.map((_, index) => makeSvg("path", { class: `line s${index + 1}` }));
    this.cursor = makeSvg("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
    this.waiting = makeSvg("text", { class: "waiting", "text-anchor": "middle", x: (LEFT + WIDTH) / 2, y: HEIGHT / 2 });
    this.svg = makeSvg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": title },
      this.grid, this.marks, ...this.paths, this.cursor, this.waiting);
    this.svg.addEventListener("pointermove", (event) => this.point(event));
    this.svg.addEventListener("pointerleave", () => { this.cursorAt = null; this.redraw(); });
    const caption = make("figcaption", {}, make("strong", {}, title, " ", make("small", {}, note)), ...this.keys.map((key) => key.element));
    this.element = make("figure", { class: "graph" }, caption, this.svg);
    new ResizeObserver(() => this.fit()).observe(this.svg);
  }

  // The drawing is as wide as its place, so that letters keep their shape.
  fit() {
    const width = Math.max(200, Math.round(this.svg.clientWidth));
    if (width === this.width) return;
    this.width = width;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.waiting.setAttribute("x", (LEFT + width) / 2);
    this.redraw();
  }

  draw(history, marks) {
    Object.assign(this, { history, shownMarks: marks });
    this.redraw();
  }

  redraw() {
    if (!this.history || !this.width) return;
    this.end = this.history.at(-1)?.unix_s ?? 0;
    const top = this.topValue();
    this.drawGrid(top);
    this.drawMarks();
    this.lines.forEach((line, index) => this.paths[index].setAttribute("d", this.path(line.field, top)));
    const hasAny = this.lines.some((line) => this.history.some((row) => row[line.field] !== null));
    setText(this.waiting, hasAny ? "" : "nothing measured yet");
    this.drawKeys();
  }

  topValue() {
    const values = this.history.flatMap((row) => this.lines.map((line) => row[line.field] ?? 0));
    const most = Math.max(this.floor, ...values);
    if (this.ceiling) return this.ceiling;
    const power = 10 ** Math.floor(Math.log10(most));
    return power * STEPS.find((step) => step * power >= most);
  }

  x(unixSeconds) { return LEFT + (this.width - LEFT - RIGHT) * (1 - (this.end - unixSeconds) / SPAN_S); }

  y(value, top) { return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * Math.min(1, value / top); }

  path(field, top) {
    let d = "", last = null;
    for (const row of this.history) {
      const value = row[field];
      if (value === null) { last = null; continue; }
      const joins = last !== null && row.unix_s - last <= GAP_S;
      d += `${joins ? "L" : "M"}${this.x(row.unix_s).toFixed(1)} ${this.y(value, top).toFixed(1)}${joins ? "" : "h.01"}`;
      last = row.unix_s;
    }
    return d;
  }

  drawGrid(top) {
    const shape = `${top} ${this.width}`;
    if (this.gridShape === shape) return;
    this.gridShape = shape;
    this.grid.replaceChildren(
      ...[0, 0.5, 1].flatMap((part) => {
        const y = this.y(top * part, top);
        return [
          makeSvg("line", { class: "grid", x1: LEFT, x2: this.width - RIGHT, y1: y, y2: y }),
          makeSvg("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, text(this.axis(top * part))),
        ];
      }),
      ...[[300, "5 min ago"], [150, "2½ min"], [0, "now"]].map(([ago, words]) => makeSvg("text", {
        x: LEFT + (this.width - LEFT - RIGHT) * (1 - ago / SPAN_S), y: HEIGHT - 4,
        "text-anchor": ago === 300 ? "start" : ago === 0 ? "end" : "middle",
      }, words)),
    );
  }

  drawMarks() {
    const shown = this.shownMarks.filter((mark) => mark.unix_s > this.end - SPAN_S);
    while (this.marks.children.length > shown.length) this.marks.lastChild.remove();
    while (this.marks.children.length < shown.length) this.marks.append(makeSvg("line", {}, makeSvg("title")));
    shown.forEach((mark, index) => {
      const line = this.marks.children[index], x = this.x(mark.unix_s);
      line.setAttribute("class", mark.state === "failed" ? "mark failed" : "mark");
      for (const [name, value] of Object.entries({ x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM })) line.setAttribute(name, value);
      setText(line.firstChild, `${clock(mark.unix_s)} ${mark.text}`);
    });
  }

  drawKeys() {
    const row = this.rowAtCursor() ?? this.history.at(-1);
    this.lines.forEach((line, index) => setText(this.keys[index].value, text(this.read(row?.[line.field] ?? null))));
  }

  rowAtCursor() {
    if (this.cursorAt === null || !this.history.length) { this.cursor.setAttribute("visibility", "hidden"); return null; }
    const wanted = this.end - SPAN_S * (1 - (this.cursorAt - LEFT) / (this.width - LEFT - RIGHT));
    const row = this.history.reduce((best, one) => Math.abs(one.unix_s - wanted) < Math.abs(best.unix_s - wanted) ? one : best);
    for (const [name, value] of Object.entries({ x1: this.x(row.unix_s), x2: this.x(row.unix_s), visibility: "visible" })) this.cursor.setAttribute(name, value);
    return row;
  }

  point(event) {
    this.cursorAt = (event.offsetX / this.svg.clientWidth) * this.width;
    this.drawKeys();
  }
}
