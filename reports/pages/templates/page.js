"use strict";
(() => {
  const SIZE = 480, NEAR = 18, MERGE = 16, MAX_LABELLED = 24, LETTER = 7.2, AXES = [46, 434], AXIS = 34, SVG = "http://www.w3.org/2000/svg";
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  // -- the moving parts of a frame, as svg.py computes them ------------------------------------------------------------

  const number = (x) => (Math.round(x * 10) / 10 + 0).toFixed(1);
  const at = ([x, y]) => `${number(x)} ${number(y)}`;
  const line = (points) => "M" + points.map(at).join("L");
  const segments = (pairs) => pairs.map(line).join("");

  function turned(scene) {
    const [a, e] = scene.camera.map((degrees) => (degrees * Math.PI) / 180);
    return ([x, y, z]) => {
      const depth = z * Math.cos(a) - x * Math.sin(a);
      return [x * Math.cos(a) + z * Math.sin(a), y * Math.cos(e) - depth * Math.sin(e)];
    };
  }

  function viewer(scene) {
    const scale = SIZE / 2 / scene.halfWidth, turn = turned(scene);
    return (p) => {
      const [right, up] = turn(p.map((v, c) => v - scene.centre[c]));
      return [SIZE / 2 + scale * right, SIZE / 2 - scale * up];
    };
  }

  const axes = (scene) => !scene.turns ? [] : [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map(turned(scene))
    .map(([x, y]) => [AXES[0] + AXIS * x, AXES[1] - AXIS * y]);

  function arrow(a, b, bent) {
    const dx = b[0] - a[0], dy = b[1] - a[1], length = Math.hypot(dx, dy);
    if (length < NEAR) return "";
    let ux = dx / length, uy = dy / length, tip, shaft;
    if (bent) {
      const middle = [(a[0] + b[0]) / 2, a[1] - dx * 0.35];
      const rest = Math.hypot(b[0] - middle[0], b[1] - middle[1]);
      ux = (b[0] - middle[0]) / rest;
      uy = (b[1] - middle[1]) / rest;
      tip = [b[0] - 8 * ux, b[1] - 8 * uy];
      shaft = `M${at(a)}Q${at(middle)} ${at(tip)}`;
    } else {
      tip = [b[0] - 9 * ux, b[1] - 9 * uy];
      shaft = line([[a[0] + 6 * ux, a[1] + 6 * uy], tip]);
    }
    const head = (side) => [tip[0] - 7 * ux - side * 3.5 * uy, tip[1] - 7 * uy + side * 3.5 * ux];
    return shaft + line([head(1), tip, head(-1)]);
  }

  const loop = ([x, y]) => `M${at([x - 3, y - 5])}c-8 -15 14 -15 6 0`;
  const cross = ([x, y]) => segments([[[x - 7, y], [x + 7, y]], [[x, y - 7], [x, y + 7]]]);
  const elsewhere = (right, [x, y]) => segments([[right, [x, y]], [[x - 8, y - 8], [x + 8, y + 8]], [[x - 8, y + 8], [x + 8, y - 8]]]);
  const diamond = ([x, y]) => line([[x, y - 12], [x + 12, y], [x, y + 12], [x - 12, y]]) + "Z";

  // Text written from right to left, so that it does not reorder what stands about it.
  const isolated = (text) =>
    /[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u.test(text) ? `\u2068${text}\u2069` : text;

  function labels(scene, places, classes) {
    const groups = [];
    places.forEach((place, i) => {
      if (places.length > MAX_LABELLED && classes[i] === "token") return;
      const name = Array.from(scene.labels[i]);
      const text = isolated(name.length <= 18 ? scene.labels[i] : name.slice(0, 17).join("") + "…");
      const near = groups.find((g) => Math.hypot(g.place[0] - place[0], g.place[1] - place[1]) < MERGE);
      const group = near ?? { place, names: [], special: false };
      if (!near) groups.push(group);
      group.names.push(text);
      group.special ||= classes[i] !== "token";
    });
    const result = axes(scene).map(([x, y], i) => ({ at: [x + 3, y + 4], text: "xyz"[i], end: false }));
    const taken = [], offsets = [[9, -9], [-9, -9], [9, 17], [-9, 17]];
    for (const { place: [x, y], names, special } of groups.sort((a, b) => b.special - a.special)) {
      const text = names.slice(0, 3).join(", ") + (names.length > 3 ? ` +${names.length - 3}` : "");
      const width = LETTER * Array.from(text).length;
      const boxes = offsets.map(([dx, dy]) =>
        [x + dx - (dx < 0 ? width : 0), y + dy - 11, x + dx + (dx > 0 ? width : 0), y + dy + 3]);
      let k = boxes.findIndex((box) => box[0] >= 0 && box[2] <= SIZE &&
        !taken.some((b) => box[0] < b[2] && b[0] < box[2] && box[1] < b[3] && b[1] < box[3]));
      if (k < 0 && !special) continue;
      if (k < 0) k = x > SIZE * 0.8 ? 1 : 0;
      taken.push(boxes[k]);
      const [dx, dy] = offsets[k];
      result.push({ at: [x + dx, y + dy], text, end: dx < 0 });
    }
    return result;
  }

  // The state at `position`: between two layers the tokens are between their places, all else is as at the earlier one.
  function parts(scene, position) {
    const k = Math.min(Math.floor(position), scene.frames.length - 1), t = position - k, view = viewer(scene);
    const frame = scene.frames[k], next = scene.frames[k + 1];
    const points = t ? frame.points.map((p, i) => p.map((v, c) => v + t * (next.points[i][c] - v))) : frame.points;
    const places = points.map(view), corners = scene.vertices.map(view);
    const origin = scene.origin && view(scene.origin);
    const layer = frame.name === "limit" ? Infinity : Number(frame.name);
    const classes = places.map((_, i) =>
      ["token", ...(scene.leaders[i] <= layer ? ["leader"] : []), ...(scene.marked.includes(i) ? ["marked"] : [])].join(" "));
    const trail = (_, i) => line([...scene.frames.slice(0, k + 1).map((f) => view(f.points[i])), ...(t ? [places[i]] : [])]);
    return {
      paths: {
        "k-edge": segments(scene.edges.map(([a, b]) => [corners[a], corners[b]])),
        face: segments(scene.faces.flatMap((f) => f.edges.map(([a, b]) => [corners[a], corners[b]]))),
        projection: origin ? segments(scene.faces.map((f) => [origin, view(f.point)])) : "",
        trail: position > 0 ? places.map(trail).join("") : "",
        hull: segments(frame.hull.map(([a, b]) => [places[a], places[b]])),
        arrow: frame.sets.map((C, i) => C.length === 1 && C[0] === i ? "" :
          C.map((j) => (i === j ? loop(places[i]) : arrow(places[i], places[j], scene.flat))).join("")).join(""),
        origin: origin ? cross(origin) : "",
        misplaced: scene.misplaced && k === scene.fails ? elsewhere(places[scene.misplaced.token], view(scene.misplaced.point)) : "",
        cluster: scene.clusterPoints.map((p) => diamond(view(p))).join(""),
        axis: segments(axes(scene).map((tip) => [AXES, tip])),
      },
      places, classes, labels: labels(scene, places, classes),
    };
  }

  // -- one figure ------------------------------------------------------------------------------------------------------

  function start(figure) {
    const scene = JSON.parse(figure.querySelector("script").textContent);
    const stage = figure.querySelector(".stage"), slider = figure.querySelector("input"), output = figure.querySelector("output");
    const button = figure.querySelector(".play"), state = figure.querySelector(".state"), plot = figure.querySelector(".plot");
    const tokens = [...stage.querySelector(".tokens").children], last = scene.frames.length - 1;
    const named = (i) => (scene.labels[i] === String(i) ? String(i) : `${i} ${isolated(scene.labels[i])}`);
    let position = scene.start, playing = 0;

    function draw() {
      const now = parts(scene, position), names = stage.querySelector(".labels");
      for (const [name, data] of Object.entries(now.paths)) stage.querySelector(`path.${name}`).setAttribute("d", data);
      now.places.forEach((place, i) => {
        tokens[i].setAttribute("transform", `translate(${at(place)})`);
        tokens[i].setAttribute("class", now.classes[i]);
      });
      names.replaceChildren(...now.labels.map((label) => {
        const text = document.createElementNS(SVG, "text");
        text.setAttribute("x", number(label.at[0]));
        text.setAttribute("y", number(label.at[1]));
        text.setAttribute("class", label.end ? "end" : "start");
        text.textContent = label.text;
        return text;
      }));
      if (plot) {
        const x = Number(plot.dataset.start) + Math.min(position, scene.gaps.length - 1) * Number(plot.dataset.step);
        plot.querySelector(".cursor").setAttribute("transform", `translate(${number(x)} 0)`);
      }
    }

    function tell() {
      const k = Math.round(position), frame = scene.frames[k], limit = frame.name === "limit";
      const layer = limit ? Infinity : Number(frame.name);
      const leaders = Object.keys(scene.leaders).filter((i) => scene.leaders[i] <= layer);
      const fresh = leaders.filter((i) => scene.leaders[i] === layer && layer > 0);
      output.textContent = limit ? "limit k → ∞" : `layer ${frame.name} of ${scene.gaps.length - 1}`;
      slider.value = k;
      slider.setAttribute("aria-valuetext", output.textContent);
      const words = [`Leaders: ${leaders.map(named).join(", ") || "none"}${fresh.length ? ` (new: ${fresh.map(named).join(", ")})` : ""}.`];
      if (!limit && scene.gaps[k]) words.push(`Smallest gap ${scene.gaps[k]}.`);
      if (!limit && frame.sets.length <= 8) words.push("Follow sets: " + frame.sets.map((C, i) => `${i} → {${C.join(", ")}}`).join("; ") + ".");
      state.replaceChildren(words.join(" "));
      if (k === scene.fails) {
        const mark = document.createElement("span");
        mark.className = "fails";
        mark.textContent = ` ${scene.failing}`;
        state.append(mark);
      }
    }

    function show(where) {
      position = Math.max(0, Math.min(last, where));
      draw();
      tell();
    }

    function stop() {
      if (playing) cancelAnimationFrame(playing);
      playing = 0;
      button.textContent = "▶";
      button.setAttribute("aria-label", "Play");
    }

    function play() {
      const from = position >= last ? 0 : position, pace = Math.min(700, 12000 / Math.max(last, 1));
      let began = null;
      button.textContent = "❚❚";
      button.setAttribute("aria-label", "Pause");
      const tick = (time) => {
        began ??= time;
        const reached = Math.min(last, from + (time - began) / pace);
        const shown = calm.matches ? Math.floor(reached) : reached;
        if (Math.floor(shown) !== Math.floor(position) || shown === 0) show(shown);
        else if (shown !== position) { position = shown; draw(); }
        if (reached < last) playing = requestAnimationFrame(tick);
        else stop();
      };
      playing = requestAnimationFrame(tick);
    }

    slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
    button.addEventListener("click", () => (playing ? stop() : play()));
    if (scene.turns) {
      const turn = (azimuth, elevation) => {
        scene.camera = [scene.camera[0] + azimuth, Math.max(-90, Math.min(90, scene.camera[1] + elevation))];
        draw();
      };
      const keys = { ArrowLeft: [-6, 0], ArrowRight: [6, 0], ArrowUp: [0, 6], ArrowDown: [0, -6] };
      stage.addEventListener("keydown", (event) => {
        if (!keys[event.key]) return;
        event.preventDefault();
        turn(...keys[event.key]);
      });
      stage.addEventListener("pointerdown", (event) => stage.setPointerCapture(event.pointerId));
      stage.addEventListener("pointermove", (event) => {
        if (stage.hasPointerCapture(event.pointerId)) turn(-event.movementX * 0.5, event.movementY * 0.5);
      });
    }
    figure.querySelector(".controls").hidden = false;
    show(position);
  }

  // -- the rest of the page --------------------------------------------------------------------------------------------

  async function copy(button) {
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  function save(button) {
    const drawing = button.closest("div").querySelector("svg").cloneNode(true), style = document.createElementNS(SVG, "style");
    style.textContent = document.querySelector("style").textContent.split("/* page */")[0];
    drawing.prepend(style);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(drawing)], { type: "image/svg+xml" }));
    link.download = "figure.svg";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 0);
  }

  // Results: those that a text is found in, sorted by a column; a row by its address.
  function table(filter) {
    const tables = [...document.querySelectorAll("table.results")].filter((t) => t.querySelector("tr[id]"));
    const bodies = tables.map((t) => t.tBodies[0]), folds = tables.map((t) => t.closest("details"));
    let rows = bodies.flatMap((body) => [...body.rows]);
    const input = filter.querySelector("input"), output = filter.querySelector("output");
    function apply() {
      const wanted = input.value.trim().toLowerCase();
      const shown = rows.filter((row) => !(row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted)));
      if (wanted) folds.forEach((fold) => { if (fold) fold.open = true; });
      output.textContent = wanted ? `${shown.length} of ${rows.length}` : "";
    }
    function sort(column, down) {
      const key = (row) => row.cells[column].textContent.trim();
      const order = new Intl.Collator("en", { numeric: true }).compare;
      rows = rows.map((row) => [key(row), row]).sort(([a], [b]) => (down ? -1 : 1) * order(a, b)).map(([, row]) => row);
      let next = 0;
      bodies.map((body) => body.rows.length).forEach((count, b) => {
        bodies[b].replaceChildren(...rows.slice(next, next + count));
        next += count;
      });
    }
    for (const t of tables)
      [...t.tHead.rows[0].cells].forEach((head, column) => {
        const button = document.createElement("button");
        button.className = "sort";
        button.textContent = head.textContent;
        head.replaceChildren(button);
        button.addEventListener("click", () => {
          const down = head.getAttribute("aria-sort") === "ascending";
          for (const other of tables) [...other.tHead.rows[0].cells].forEach((h) => h.removeAttribute("aria-sort"));
          for (const other of tables) other.tHead.rows[0].cells[column].setAttribute("aria-sort", down ? "descending" : "ascending");
          sort(column, down);
        });
      });
    input.addEventListener("input", apply);
    filter.hidden = false;
  }

  // What an address names is shown, whatever folds it lies in.
  function reveal() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.scrollIntoView();
  }

  document.querySelectorAll(".filter").forEach(table);
  document.querySelectorAll("figure.scene").forEach(start);
  addEventListener("hashchange", reveal);
  reveal();
  for (const [name, action] of [["copy", copy], ["save", save]])
    document.querySelectorAll(`button.${name}`).forEach((button) => {
      button.hidden = false;
      button.addEventListener("click", () => action(button));
    });
})();
