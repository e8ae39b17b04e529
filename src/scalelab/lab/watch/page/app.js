// Wires the page: one feed, shown by everybody else once a frame.

import { showActs } from "./acts.js";
import { byId, setClass, setText } from "./dom.js";
import { Feed } from "./feed.js";
import { showGraphs } from "./graphs.js";
import { showNow } from "./now.js";
import { Parts } from "./parts.js";
import { Play } from "./play.js";
import { showRun } from "./run.js";

const NOTHING = { answers_per_s: null, errors_per_s: null, p50_s: null, p99_s: null, hit_ratio: null, slot_queue: null };
let selected = null, isDue = false;

const select = (instance) => { selected = instance; redraw(); };
const parts = new Parts(select);
const play = new Play(select);
const feed = new Feed(() => redraw());

// At most once a frame, and not at all while nobody looks.
function redraw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => { isDue = false; show(); });
}

function show() {
  const { states, latest, history, connection } = feed;
  const marks = [...feed.marks.values()];
  const isLive = connection === "live", isThere = states.stack && !states.stack.trouble;
  showHead(states, connection);
  document.querySelector("main").classList.toggle("stale", !isLive || !isThere);
  showNow(isLive && isThere && latest ? latest.totals : NOTHING);
  setText(byId("verdict"), isLive && isThere ? states.verdict ?? "" : "");
  if (latest) parts.show(latest, selected);
  showGraphs(history, marks);
  showActs(marks);
  showRun(states.run);
  play.update(feed, selected);
}

function showHead({ stack, run }, connection) {
  setText(byId("stack-name"), stack?.name ?? "");
  document.title = stack?.name ? `${stack.name} · scalelab` : "scalelab";
  const [words, tone] = !stack ? ["looking", ""] : stack.trouble ? ["not running", "bad"] : stack.is_ready ? ["ready", "good"] : ["not ready", "doubt"];
  setText(byId("stack-chip"), words);
  setClass(byId("stack-chip"), `chip ${tone}`);
  const [feedWords, feedTone] = { live: ["live", "good"], lost: ["disconnected", "bad"], connecting: ["connecting …", ""] }[connection];
  setText(byId("feed-chip"), feedWords);
  setClass(byId("feed-chip"), `chip ${feedTone}`);
  setText(byId("notice"), noticeOf(stack, connection, run));
  setClass(byId("notice"), (connection === "lost" && !run?.is_over) || stack?.trouble ? "bad" : "");
}

function noticeOf(stack, connection, run) {
  if (connection === "lost" && run?.is_over) return "The run is over, and its dashboard has ended with it.";
  if (connection === "lost") return "The dashboard does not answer; this page comes back by itself. What you see is old.";
  if (connection === "connecting") return "Connecting to the dashboard …";
  if (!stack) return "Looking for the stack …";
  return stack.trouble ? `The stack is not there; what you see is old. This page shows it again when it is. (${stack.trouble})` : "";
}

redraw();
