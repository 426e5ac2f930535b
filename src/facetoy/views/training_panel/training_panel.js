// The user interface of TrainingPanel: settings and a Train button above a picture that moves while
// Python trains. The settings appear once a kernel answers; without one there is nothing to press.

import { make } from "../shared/elements.js";
import { mountPicture } from "../sphere_view/picture.js";

const KERNEL_SECONDS = 4; // without an answer for so long there is no kernel

function render({ model, el }) {
  const stop = new AbortController();
  const { signal } = stop;
  const id = `fp${Math.random().toString(36).slice(2, 8)}`;
  const picture = mountPicture(el, model.get("_meta"), model.get("_data"), model.get("_alt"));
  const panel = make("div", { class: "ft-panel" });
  picture.root.prepend(panel);
  const form = make("form", { class: "ft-form", hidden: true });
  const away = make("p", { class: "ft-away", hidden: true });
  const said = make("p", { class: "ft-said", role: "status" });
  const train = make("button", { type: "submit", class: "ft-button ft-train" }, "Train");
  const bar = make("progress", { max: 1, value: 0, "aria-label": "Training progress" });
  panel.append(form, away);

  const { losses, defaults } = model.get("_options");
  const field = (name, label, input) =>
    make("label", { for: (input.id = `${id}-${name}`) }, make("span", {}, label), input);
  const choice = (options) =>
    make("select", {}, ...options.map((o) => make("option", { value: o.value ?? o }, `${o.label ?? o}`)));
  const numeric = (value, min, step) => make("input", { type: "number", value, min, step, required: true });
  const loss = choice(Object.entries(losses).map(([value, { label }]) => ({ value, label })));
  const dim = choice([2, 3]);
  const epochs = numeric(defaults.epochs, 1, 1);
  loss.value = defaults.loss;
  dim.value = defaults.dim;
  const titles = { m: "margin m", s: "scale s", lam: "λ", alpha: "α" };
  // One field per argument that any loss takes; those of other losses are out of sight.
  const names = [...new Set(Object.values(losses).flatMap((l) => Object.keys(l.arguments)))];
  const inputs = {};
  const fields = {};
  for (const name of names) {
    inputs[name] = numeric(0, 0, "any");
    fields[name] = field(name, titles[name] || name, inputs[name]);
  }
  function offer(start) {
    const takes = losses[loss.value].arguments;
    for (const name of names) {
      fields[name].hidden = inputs[name].disabled = !(name in takes);
      if (name in takes) inputs[name].value = (start ? defaults[name] : null) ?? takes[name];
    }
  }
  offer(true);
  form.append(
    make(
      "div",
      { class: "ft-fields" },
      field("loss", "loss", loss),
      ...names.map((name) => fields[name]),
      field("dim", "dimensions", dim),
      field("epochs", "epochs", epochs),
    ),
    make("div", { class: "ft-row" }, train, bar),
    said,
  );

  let training = false;
  function setTraining(on) {
    training = on;
    train.textContent = on ? "Stop" : "Train";
    train.disabled = false;
  }
  const listen = (target, name, act) => target.addEventListener(name, act, { signal });
  listen(loss, "change", () => offer(false));
  listen(form, "submit", (event) => {
    event.preventDefault();
    if (training) {
      train.disabled = true;
      model.send({ type: "stop" });
      return;
    }
    const settings = { loss: loss.value, dim: +dim.value, epochs: +epochs.value };
    for (const name of Object.keys(losses[loss.value].arguments)) {
      settings[name] = +inputs[name].value;
    }
    said.textContent = "Starting …";
    bar.value = 0;
    setTraining(true);
    model.send({ type: "train", settings });
  });

  const silence = setTimeout(() => {
    away.textContent =
      "This is a finished run. To train your own here, open this chapter live with the launch " +
      "button (the rocket) at the top of the page.";
    away.hidden = false;
  }, KERNEL_SECONDS * 1000);

  /** What Python says: ready, progress, done or error, each with a sentence. */
  function hear(message) {
    if (!message || !message.type) return;
    clearTimeout(silence);
    away.hidden = true;
    form.hidden = false;
    said.textContent = message.text;
    said.classList.toggle("ft-error", message.type === "error");
    if (message.type === "progress") bar.value = message.part;
    if (message.type === "done") bar.value = 1;
    setTraining(message.type === "progress" || message.training === true);
  }
  const change = () => {
    picture.update(model.get("_meta"), model.get("_data"));
    picture.latest();
    picture.root.setAttribute("aria-label", model.get("_alt"));
  };
  model.on("msg:custom", hear);
  model.on("change:_data", change);
  model.send({ type: "hello" });
  return () => {
    stop.abort();
    clearTimeout(silence);
    model.off("msg:custom", hear);
    model.off("change:_data", change);
    picture.destroy();
  };
}

export default { render };
