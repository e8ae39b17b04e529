// What was done, newest first.

import { byId, make } from "./dom.js";
import { clock } from "./numbers.js";

let shown = "";

export function showActs(marks) {
  const text = JSON.stringify(marks);
  if (text === shown) return;
  shown = text;
  const rows = [...marks].reverse().map((mark) => make("li", {},
    make("time", {}, clock(mark.unix_s)), make("span", {}, mark.text),
    make("span", { class: mark.state === "failed" ? "failed" : "" }, mark.state),
    ...(mark.trouble ? [make("span", { class: "trouble" }, mark.trouble)] : [])));
  byId("acts").replaceChildren(...(rows.length ? rows : [make("li", { class: "empty" }, "Nothing yet.")]));
}
