// What can be done from here, and the token that it needs. The token stays in this tab.

import { byId, make, setText } from "./dom.js";
import { latency, rate, text } from "./numbers.js";
import { Settings } from "./settings.js";

const KEPT_AS = "scalelab-token";
const LOCKED = "Unlock with the token that was printed at the start.";
const SCALED = [["api_gateway", "Gateways", "gateways"], ["worker", "Workers", "workers"]];
const FAULTS = [["kill", "Kill"], ["freeze", "Freeze"], ["drain", "Drain"], ["release", "Release"]];

export class Play {
  constructor(selected) {
    this.selected = selected;
    this.token = tokenOfAddress() ?? sessionStorage.getItem(KEPT_AS);
    this.steppers = SCALED.map(([service, title, field]) => this.stepper(service, title, field));
    byId("scale").append(...this.steppers.map((stepper) => stepper.element));
    this.faults = FAULTS.map(([kind, title]) => {
      const button = make("button", { type: "button" }, title);
      button.addEventListener("click", () => this.act(this.faultOf(kind)));
      return { kind, button };
    });
    this.flush = make("button", { type: "button", id: "flush" }, "Flush the cache");
    this.flush.addEventListener("click", () => this.act({ kind: "flush" }));
    this.settings = new Settings(byId("settings"), (setting, value) => this.act({ kind: "change", setting, value }),
      (policy) => this.act({ kind: "policy", policy }));
    byId("settings").append(make("div", { class: "row" }, this.flush));
    byId("fault-buttons").append(...this.faults.map((fault) => fault.button));
    byId("fault-target").addEventListener("change", (event) => selected(event.target.value));
    byId("load").addEventListener("submit", (event) => { event.preventDefault(); this.startLoad(); });
    byId("load-stop").addEventListener("click", () => this.act({ kind: "stop_load" }));
    this.listenForToken();
  }

  stepper(service, title, field) {
    const less = make("button", { type: "button", "aria-label": `${title}: one less` }, "−");
    const more = make("button", { type: "button", "aria-label": `${title}: one more` }, "+");
    const number = make("output", {}, "–");
    less.addEventListener("click", () => this.act({ kind: "scale", service, replicas: Number(number.textContent) - 1 }));
    more.addEventListener("click", () => this.act({ kind: "scale", service, replicas: Number(number.textContent) + 1 }));
    return { less, more, number, field, element: make("div", { class: "stepper" }, make("span", {}, title), less, number, more) };
  }

  faultOf(kind) {
    const target = byId("fault-target").value;
    return kind === "freeze" || kind === "drain" ? { kind, target, duration_s: Number(byId("fault-duration").value) } : { kind, target };
  }

  startLoad() {
    const input = byId("load-rate");
    if (!input.reportValidity()) return;
    this.act({ kind: "start_load", rate_per_s: input.valueAsNumber, duration_s: Number(byId("load-duration").value) });
  }

  async act(act) {
    this.trouble = await this.ask("/acts", act);
    this.show();
  }

  // Empty when it was taken, else why not.
  async ask(path, body) {
    try {
      const answer = await fetch(path, {
        method: "POST", headers: { Authorization: `Bearer ${this.token}` }, body: JSON.stringify(body),
      });
      if (answer.status === 401) this.forget();
      return answer.ok ? "" : (await answer.json()).trouble;
    } catch {
      return "The dashboard does not answer.";
    }
  }

  async use(token) {
    this.token = token;
    const trouble = await this.ask("/token", {});
    if (trouble === "") sessionStorage.setItem(KEPT_AS, token);
    this.isUnlocked = trouble === "";
    this.show();
    return trouble;
  }

  forget() {
    sessionStorage.removeItem(KEPT_AS);
    this.isUnlocked = false;
    this.show();
  }

  listenForToken() {
    const dialog = byId("token-dialog");
    byId("token-button").addEventListener("click", () => (this.isUnlocked ? this.forget() : dialog.showModal()));
    byId("token-cancel").addEventListener("click", () => dialog.close());
    byId("token-form").addEventListener("submit", async (event) => {
      event.preventDefault();
      const trouble = await this.use(byId("token").value.trim());
      setText(byId("token-trouble"), trouble);
      if (trouble === "") { byId("token").value = ""; dialog.close(); }
    });
  }

  // A dashboard that was started anew has another token: ours is tried again.
  update({ boot, states, latest, connection }, selected) {
    Object.assign(this, { states, nodes: latest?.nodes ?? [], isLive: connection === "live", part: selected });
    if (boot !== this.boot && this.token) this.use(this.token);
    this.boot = boot;
    this.show();
  }

  show() {
    const { states = {}, nodes = [] } = this;
    const canAct = Boolean(this.isUnlocked && this.isLive && states.stack && !states.stack.trouble);
    const reason = (kind) => states.offers?.[kind] ?? "";
    const allow = (button, kind, isPossible = true) => {
      button.disabled = !canAct || reason(kind) !== "" || !isPossible;
      button.title = reason(kind);
    };
    this.showAccess(Object.values(states.offers ?? {}));
    const settings = states.stack?.settings;
    for (const { less, more, number, field } of this.steppers) {
      setText(number, settings ? String(settings[field]) : "–");
      allow(less, "scale", settings?.[field] > 1);
      allow(more, "scale", settings !== undefined);
    }
    this.settings.show(settings, canAct && reason("change") === "", canAct && reason("policy") === "");
    this.showTargets(nodes);
    const part = nodes.find((node) => node.instance === byId("fault-target").value);
    const gateways = nodes.filter((node) => node.service === "api_gateway").length;
    const isHeld = part?.state === "frozen" || part?.state === "no traffic";
    const possible = { kill: true, freeze: !isHeld, drain: !isHeld && part?.service === "api_gateway" && gateways > 1, release: isHeld };
    for (const { kind, button } of this.faults) allow(button, kind, part !== undefined && possible[kind]);
    setText(byId("fault-note"), reason("kill") || "Drain is for one of several gateways. Each ends by itself; Release ends it now.");
    allow(this.flush, "flush");
    allow(byId("load-start"), "start_load");
    allow(byId("load-stop"), "stop_load", states.load?.is_running === true);
    for (const id of ["load-rate", "load-duration"]) byId(id).disabled = !canAct || reason("start_load") !== "";
    setText(byId("load-state"), reason("start_load") || loadState(states.load));
  }

  // Where nothing at all is offered, the one reason stands for all controls.
  showAccess(reasons) {
    const isClosed = reasons.length > 0 && reasons.every((reason) => reason !== "");
    byId("play").classList.toggle("closed", isClosed);
    byId("token-button").hidden = isClosed;
    setText(byId("token-button"), this.isUnlocked ? "Lock" : "Read only: unlock");
    const note = isClosed ? `Looking only: ${reasons[0]}.` : this.isUnlocked ? this.trouble ?? "" : LOCKED;
    setText(byId("play-note"), note);
    byId("play-note").classList.toggle("failed", !isClosed && Boolean(this.isUnlocked && this.trouble));
  }

  showTargets(nodes) {
    const select = byId("fault-target"), names = nodes.map((node) => node.instance);
    if ([...select.options].map((option) => option.value).join() !== names.join()) {
      const before = select.value;
      select.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
      if (names.includes(before)) select.value = before;
    }
    if (this.part && names.includes(this.part)) select.value = this.part;
  }
}

// Read once, then out of the address: it is not to be seen, bookmarked or sent on.
function tokenOfAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) history.replaceState(null, "", location.pathname);
  return token;
}

function loadState(load) {
  if (!load) return "No load from here. Reads of records, some keys more often than others.";
  if (load.trouble) return `The load did not begin: ${load.trouble}`;
  const measured = load.answers_per_s === undefined ? "" : `: ${text(rate(load.answers_per_s))}, p50 ${text(latency(load.p50_s))}, p99 ${text(latency(load.p99_s))}, ${load.failures} failed`;
  if (load.is_running) return `${text(rate(load.rate_per_s))} asked, ${Math.round(load.elapsed_s ?? 0)} of ${load.duration_s} s${measured}`;
  return `Ended after ${Math.round(load.elapsed_s)} s${measured}. Validity: ${load.validity}.`;
}
