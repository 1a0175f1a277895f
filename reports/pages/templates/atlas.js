(() => {
  const SVG = "http://www.w3.org/2000/svg", CENTRE = 200, RADIUS = 190, RIM = 0.999, LAYERS = 80, TIE = 1e-12;

  // The layers for A = [[1 + x, y], [y, 1 − x]] in floats, and the tokens that follow themselves alone at one of them.
  function run({ tokens, weights, alpha }, x, y) {
    const frames = [tokens], leaders = new Set(), rate = alpha / (1 + alpha);
    for (let layer = 0; layer < LAYERS; layer++) {
      const now = frames[layer];
      let moved = 0;
      frames.push(now.map(([p, q], i) => {
        const h = [(1 + x) * p + y * q, y * p + (1 - x) * q];
        const scores = now.map(([u, v]) => h[0] * u + h[1] * v), best = Math.max(...scores);
        const near = TIE * Math.max(1e-300, ...scores.map(Math.abs));
        const C = scores.flatMap((s, j) => (best - s <= near ? [j] : []));
        if (C.length === 1 && C[0] === i) leaders.add(i);
        const total = C.reduce((sum, j) => sum + weights[j], 0);
        const to = [0, 1].map((k) => (1 - rate) * now[i][k] + rate * C.reduce((sum, j) => sum + weights[j] * now[j][k], 0) / total);
        moved = Math.max(moved, Math.abs(to[0] - p), Math.abs(to[1] - q));
        return to;
      }));
      if (moved < 1e-9) break;
    }
    return { frames, leaders };
  }

  function start(figure) {
    const data = JSON.parse(figure.querySelector("script").textContent), disc = figure.querySelector(".disc"), plane = figure.querySelector(".plane");
    const sliders = [...figure.querySelectorAll("input")], output = figure.querySelector("output"), cells = [...disc.querySelectorAll(".cells polygon")];
    const size = Math.max(...data.tokens.flat().map(Math.abs)), scale = 165 / size;
    const at = ([x, y]) => [CENTRE + scale * x, CENTRE - scale * y].map((v) => v.toFixed(1));
    const make = (name, attributes, parent, text) => {
      const element = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      if (text !== undefined) element.textContent = text;
      parent.append(element);
    };
    const here = document.createElementNS(SVG, "circle");
    here.setAttribute("class", "here");
    here.setAttribute("r", "6");
    disc.append(here);

    function show(x, y, known) {
      const length = Math.hypot(x, y), inside = known === undefined && length > RIM ? RIM / length : 1;
      [x, y] = [x * inside, y * inside];
      sliders[0].value = x;
      sliders[1].value = y;
      const place = disc.createSVGPoint();
      [place.x, place.y] = [CENTRE + RADIUS * x, CENTRE - RADIUS * y];
      here.setAttribute("cx", place.x);
      here.setAttribute("cy", place.y);
      const cell = known === undefined && cells.find((one) => one.isPointInFill(place));
      const said = known ?? (cell ? data.sets[cell.parentNode.dataset.set] : "on a wall");
      const form = (v) => v.toFixed(3);
      output.textContent = `A = [[${form(1 + x)}, ${form(y)}], [${form(y)}, ${form(1 - x)}]]: ${said}`;
      const { frames, leaders } = run(data, x, y), last = frames[frames.length - 1];
      plane.replaceChildren();
      make("path", { class: "origin", d: `M${CENTRE - 6} ${CENTRE}h12M${CENTRE} ${CENTRE - 6}v12` }, plane);
      data.tokens.forEach((token, i) => {
        make("path", { class: "trail", d: "M" + frames.map((frame) => at(frame[i]).join(" ")).join("L") }, plane);
        const [cx, cy] = at(token);
        make("circle", { class: "start", cx, cy, r: 3 }, plane);
      });
      const order = data.tokens.map((_, i) => i).sort((a, b) => leaders.has(a) - leaders.has(b));
      for (const i of order) {
        const [x, y] = at(last[i]);
        if (leaders.has(i)) make("rect", { class: "box", x: x - 6, y: y - 6, width: 12, height: 12 }, plane);
        else make("circle", { class: "dot", cx: x, cy: y, r: 4.5 }, plane);
      }
      make("g", { class: "labels" }, plane);
      data.tokens.forEach((token, i) => {
        const [x, y] = at(token);
        if (leaders.has(i) || data.tokens.length <= 24) make("text", { x: Number(x) + 8, y: Number(y) - 8 }, plane.lastChild, data.names[i].slice(0, 18));
      });
    }

    const point = (event) => {
      const box = disc.getBoundingClientRect(), unit = (2 * CENTRE) / box.width;
      show(((event.clientX - box.left) * unit - CENTRE) / RADIUS, (CENTRE - (event.clientY - box.top) * unit) / RADIUS);
    };
    disc.addEventListener("pointerdown", point);
    disc.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") point(event); });
    sliders.forEach((slider) => slider.addEventListener("input", () => show(...sliders.map((one) => Number(one.value)))));
    figure.parentNode.querySelectorAll("button.go").forEach((button) => {
      button.hidden = false;
      button.addEventListener("click", () => {
        show(Number(button.dataset.x), Number(button.dataset.y), data.sets[button.dataset.set]);
        figure.scrollIntoView({ block: "nearest" });
      });
    });
    figure.querySelector(".controls").hidden = false;
    show(0, 0);
  }

  document.querySelectorAll("figure.atlas").forEach(start);
})();
