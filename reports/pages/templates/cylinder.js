"use strict";
const slider = document.querySelector("#frame");
if (slider) {
  const frames = [...document.querySelectorAll(".frames img")];
  const output = document.querySelector("#share");
  const now = document.querySelector("#now");
  const [left, right] = [34, 526];
  const show = () => {
    const k = Number(slider.value);
    frames.forEach((frame, i) => frame.classList.toggle("shown", i === k));
    output.textContent = `${Math.round((100 * k) / frames.length)} %`;
    const x = left + ((right - left) * k) / frames.length;
    now.setAttribute("x1", x);
    now.setAttribute("x2", x);
  };
  slider.addEventListener("input", show);
  show();
}
