// SphereView: a picture of spheres, and nothing else.

import { mountPicture } from "./picture.js";

/** Show the picture. Returns the function that takes it down. */
function render({ model, el }) {
  const picture = mountPicture(el, model.get("_meta"), model.get("_data"), model.get("_alt"));
  const change = () => picture.update(model.get("_meta"), model.get("_data"));
  model.on("change:_data", change);
  return () => {
    model.off("change:_data", change);
    picture.destroy();
  };
}

export default { render };
