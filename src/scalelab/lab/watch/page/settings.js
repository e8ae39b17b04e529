// The settings that matter most: some can be changed while the stack runs, the others are read at a start.

import { make, setText } from "./dom.js";

const CHANGED = [
  { setting: "api_gateway.cache_ttl_s", title: "Time to live", unit: "s", field: "cache_ttl_s", scale: 1, step: 1, most: 86400 },
  { setting: "api_gateway.upstream_slots", title: "Slots, 0 = any", unit: "", field: "upstream_slots", scale: 1, step: 1, most: 10000 },
  { setting: "database.delay.mean_s", title: "Database delay", unit: "ms", field: "database_delay_s", scale: 1000, step: 1, most: 10000 },
];
const FIXED = [["Balancer", "balancer"], ["Database connections", "pool_size"]];

export class Settings {
  constructor(place, change, choose) {
    this.changed = CHANGED.map((one) => this.row(one, change));
    this.fixed = FIXED.map(([title, field]) => ({ field, value: make("dd"), term: make("dt", {}, title) }));
    this.policy = this.choice("Policy", choose);
    place.append(this.policy.form, ...this.changed.map((row) => row.form),
      make("p", { class: "small" }, "For time to live and slots the gateways start anew, each in turn. The rest is read at the start:"),
      make("dl", {}, ...this.fixed.flatMap(({ term, value }) => [term, value])));
  }

  row({ setting, title, unit, field, scale, step, most }, change) {
    const input = make("input", { type: "number", min: "0", max: String(most), step: String(step), "aria-label": unit ? `${title} in ${unit}` : title });
    const button = make("button", { type: "submit", "aria-label": `Set: ${title}` }, "Set");
    const form = make("form", { class: "setting", novalidate: "" }, make("span", {}, title), input, make("span", { class: "unit" }, unit), button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.reportValidity() && input.value !== "") change(setting, input.valueAsNumber / scale);
    });
    return { form, input, button, field, scale, told: null };
  }

  choice(title, choose) {
    const select = make("select", { "aria-label": title });
    const button = make("button", { type: "submit", "aria-label": `Set: ${title}` }, "Set");
    const form = make("form", { class: "setting choice", novalidate: "" }, make("span", {}, title), select, button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      choose(select.value);
    });
    return { form, select, button, offered: "", told: null };
  }

  showPolicy(settings, canChoose) {
    const { policy } = this, offered = (settings?.policies ?? []).join();
    if (settings && offered !== policy.offered) {
      policy.offered = offered;
      policy.select.replaceChildren(...settings.policies.map((name) => make("option", { value: name }, name.replaceAll("_", " "))));
      policy.told = null;
    }
    if (settings && settings.policy !== policy.told) { policy.told = settings.policy; policy.select.value = settings.policy; }
    policy.select.disabled = policy.button.disabled = !canChoose;
  }

  // What is typed stays until the stack says something new.
  show(settings, canChange, canChoose) {
    this.showPolicy(settings, canChoose);
    for (const row of this.changed) {
      const value = settings ? String(Number((settings[row.field] * row.scale).toFixed(3))) : "";
      if (value !== row.told) { row.told = value; row.input.value = value; }
      row.input.disabled = row.button.disabled = !canChange;
    }
    for (const { field, value } of this.fixed) setText(value, settings ? String(settings[field]) : "–");
  }
}
