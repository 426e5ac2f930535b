// What the playground trains on, by the name of the data. Python puts it here when it ships the
// widget: see `shipped` in playground.py.

export const IMAGES = {};
