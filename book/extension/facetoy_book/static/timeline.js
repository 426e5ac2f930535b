// Timelines: a list of events becomes a chart, and one event at a time is read below it.
(() => {
  "use strict";

  const LOW = 97; // percent at which the axis starts, unless an event lies lower
  const GAP = 6; // pixels between labels
  const NARROW = 560; // below this width names stand under the chart, not in it
  const EDGE = { left: 50, right: 12, top: 48, bottom: 30 };

  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const drawn = (tag, attributes, text = "") => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.textContent = text;
    return made;
  };
  const common = (a, b) =>
    Math.max(0, Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x) + GAP) *
    Math.max(0, Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y) + GAP);

  // Where the labels go: each in turn to its best place among the others, three times over.
  const place = (points, width, height) => {
    const boxes = points.map(() => null);
    const dots = points.map(({ x, y }) => ({ x: x - 5, y: y - 5, w: 10, h: 10 }));
    const line = (from, to) =>
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((t) => ({
        x: from.x + (t / 10) * (to.x + to.w / 2 - from.x),
        y: from.y + (t / 10) * (to.y + to.h / 2 - from.y),
        w: 0,
        h: 0,
      }));
    const total = (parts, box) => parts.reduce((sum, part) => sum + common(part, box), 0);
    const cost = (box, i) => {
      let sum = Math.hypot(box.x + box.w / 2 - points[i].x, box.y + box.h / 2 - points[i].y);
      if (box.x < 0 || box.y < 0 || box.x + box.w > width || box.y + box.h > height) sum += 1e6;
      const own = line(points[i], box);
      dots.forEach((dot, k) => {
        sum += 100 * common(box, dot) + (k === i ? 0 : 20 * total(own, dot));
      });
      boxes.forEach((other, k) => {
        if (!other || k === i) return;
        sum += 100 * common(box, other);
        sum += 20 * (total(own, other) + total(line(points[k], other), box));
      });
      return sum;
    };
    for (let turn = 0; turn < 3; turn++) {
      points.forEach(({ x, y, w, h }, i) => {
        let best = Infinity;
        for (let dy = -120; dy <= 160; dy += 8) {
          for (const dx of [-w - 60, -w - 34, -w - 12, -w / 2, 12, 34, 60]) {
            const box = { x: x + dx, y: y + dy - h / 2, w, h };
            const value = cost(box, i);
            if (value < best) [best, boxes[i]] = [value, box];
          }
        }
      });
    }
    return boxes;
  };

  document.querySelectorAll("ol.facetoy-timeline").forEach((list, number) => {
    const events = [...list.children].map((item, i) => {
      const { name, facts, year, month, lfw } = item.dataset;
      const panel = element("div", { role: "tabpanel", class: "facetoy-event", tabindex: "0" });
      panel.id = `timeline-${number}-${i}`;
      panel.append(...item.childNodes);
      const tab = element("button", { type: "button", role: "tab", "aria-controls": panel.id });
      tab.id = `${panel.id}-tab`;
      tab.textContent = name;
      tab.setAttribute("aria-label", `${name}, ${facts}`);
      panel.setAttribute("aria-labelledby", tab.id);
      const time = +year + (month ? (+month - 0.5) / 12 : 0.5);
      return { name, time, lfw: lfw === undefined ? null : +lfw, panel, tab };
    });
    const known = events.filter((event) => event.lfw !== null);
    const low = Math.min(LOW, ...known.map((event) => Math.floor(event.lfw)));
    const first = Math.floor(Math.min(...events.map((event) => event.time)));
    const last = Math.max(...events.map((event) => event.time)) + 0.5;

    const picture = drawn("svg", { "aria-hidden": "true" });
    const tabs = element("div", { role: "tablist", class: "facetoy-tabs" });
    tabs.setAttribute("aria-label", "Events, in order of time");
    tabs.append(...events.map((event) => event.tab));
    const chart = element("div", { class: "facetoy-chart" }, picture, tabs);
    const where = element("span", { role: "status" });
    const earlier = element("button", { type: "button" }, "← Earlier");
    const later = element("button", { type: "button" }, "Later →");
    const steps = element("div", { class: "facetoy-steps" }, earlier, where, later);
    const box = element("div", { class: "facetoy-timeline" }, chart, steps);
    box.append(...events.map((event) => event.panel));
    if (list.id) box.id = list.id;
    list.replaceWith(box);

    let chosen = 0;
    let dots = []; // where they are in the picture, in pixels
    const choose = (index, focus) => {
      chosen = Math.max(0, Math.min(events.length - 1, index));
      events.forEach(({ panel, tab, dot, line }, i) => {
        tab.setAttribute("aria-selected", i === chosen);
        tab.tabIndex = i === chosen ? 0 : -1;
        panel.hidden = i === chosen ? false : "until-found"; // a search in the page shows it
        dot?.classList.toggle("is-chosen", i === chosen);
        line?.classList.toggle("is-chosen", i === chosen);
      });
      earlier.setAttribute("aria-disabled", chosen === 0);
      later.setAttribute("aria-disabled", chosen === events.length - 1);
      where.textContent = `${events[chosen].name}, ${chosen + 1} of ${events.length}`;
      if (focus) events[chosen].tab.focus();
    };

    const draw = () => {
      const width = chart.clientWidth;
      if (!width) return;
      const narrow = width < NARROW;
      chart.classList.toggle("is-narrow", narrow);
      const edge = narrow ? { ...EDGE, top: 26 } : EDGE;
      const height = narrow ? 200 : 380;
      const floor = height - edge.bottom;
      const x = (time) =>
        edge.left + ((time - first) / (last - first)) * (width - edge.left - edge.right);
      const y = (lfw) =>
        lfw === null ? floor : edge.top + ((100 - lfw) / (100 - low)) * (floor - 14 - edge.top);
      picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
      picture.setAttribute("height", height);
      picture.replaceChildren();
      const add = (...what) => picture.appendChild(drawn(...what));

      const grid = { class: "facetoy-grid", x1: edge.left, x2: width - edge.right };
      for (let lfw = low; lfw <= 100; lfw += Math.ceil((100 - low) / 6)) {
        add("line", { ...grid, y1: y(lfw), y2: y(lfw) });
        add("text", { x: edge.left - 8, y: y(lfw) + 4, "text-anchor": "end" }, `${lfw} %`);
      }
      add("line", { ...grid, class: "facetoy-base", y1: floor, y2: floor });
      add("text", { x: 0, y: 12 }, "Published accuracy on LFW");
      const every = Math.ceil(40 / (x(first + 1) - x(first)));
      for (let year = first; year <= last; year += every) {
        add("line", { class: "facetoy-base", x1: x(year), x2: x(year), y1: floor, y2: floor + 5 });
        add("text", { x: x(year), y: floor + 20, "text-anchor": "middle" }, year);
      }

      const points = events.map(({ time, lfw, tab }) => {
        tab.style.left = tab.style.top = "";
        return { x: x(time), y: y(lfw), w: tab.offsetWidth, h: tab.offsetHeight };
      });
      const boxes = narrow ? [] : place(points, width, floor - 4);
      events.forEach((event, i) => {
        event.line = null;
        if (narrow) return;
        const { x: left, y: top, w, h } = boxes[i];
        const [atX, atY] = [points[i].x, points[i].y];
        const beside = atX < left || atX > left + w;
        const x2 = Math.max(left, Math.min(atX, left + w));
        const y2 = top + (beside ? h / 2 : atY > top ? h : 0);
        event.tab.style.left = `${left}px`;
        event.tab.style.top = `${top}px`;
        event.line = add("line", { class: "facetoy-line", x1: atX, y1: atY, x2, y2 });
      });
      events.forEach((event, i) => {
        const at = { cx: points[i].x, cy: points[i].y };
        event.dot = add("circle", { class: "facetoy-dot", ...at, r: 5 });
      });
      dots = points;
      choose(chosen);
    };

    tabs.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
      const ends = { Home: 0, End: events.length - 1 };
      const to = event.key in steps ? chosen + steps[event.key] : ends[event.key];
      if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      choose(to, true);
    });
    events.forEach(({ panel, tab }, i) => {
      tab.addEventListener("click", () => choose(i));
      panel.addEventListener("beforematch", () => choose(i));
    });
    earlier.addEventListener("click", () => choose(chosen - 1));
    later.addEventListener("click", () => choose(chosen + 1));
    // A finger or pointer near a dot chooses it.
    picture.addEventListener("click", (event) => {
      const { left, top } = picture.getBoundingClientRect();
      const [x, y] = [event.clientX - left, event.clientY - top];
      const far = dots.map((dot) => Math.hypot(dot.x - x, dot.y - y));
      const nearest = far.indexOf(Math.min(...far));
      if (far[nearest] < 24) choose(nearest);
    });
    const target = () => {
      const id = decodeURIComponent(location.hash.slice(1));
      const aim = id && document.getElementById(id);
      const index = events.findIndex(({ panel }) => panel.contains(aim || null));
      if (index >= 0) {
        choose(index);
        aim.scrollIntoView();
      }
    };
    choose(0);
    target();
    addEventListener("hashchange", target);
    let drawnFor = 0;
    new ResizeObserver(() => {
      if (chart.clientWidth === drawnFor) return;
      drawnFor = chart.clientWidth;
      draw();
    }).observe(chart);
    document.fonts.ready.then(draw); // labels are as wide as their letters
  });
})();
