// SphereView: a picture of spheres, and nothing else.

import { Picture } from "./picture.js";

/** @import {Model} from "../shared/elements.js" */

/**
 * Show the picture. Returns the function that takes it down.
 * @param {{model: Model, el: HTMLElement}} widget
 */
function render({ model, el }) {
  const picture = new Picture(el, model.get("_meta"), model.get("_data"), model.get("_alt"));
  const change = () => picture.update(model.get("_meta"), model.get("_data"));
  model.on("change:_data", change);
  return () => {
    model.off("change:_data", change);
    picture.destroy();
  };
}

export default { render };
