"use strict";
const picture = document.querySelector(".words");
const slider = document.querySelector("#layer");
if (picture && slider) {
  const frames = [...picture.querySelectorAll(".frame")];
  const output = document.querySelector("#layer-name");
  const show = () => {
    const k = Number(slider.value);
    frames.forEach((frame, i) => frame.classList.toggle("shown", i === k));
    output.textContent = `layer ${k} of ${frames.length - 1}`;
  };
  slider.addEventListener("input", show);
  document.querySelector(".controls").hidden = false;
  show();
}
