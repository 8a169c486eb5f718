// Pictures that move: a button stops each or plays it. Who asks the system for less motion starts with the still one.
"use strict";
for (const figure of document.querySelectorAll("[data-moving]")) {
  const still = figure.querySelector("source");
  const button = figure.querySelector("button");
  let moves = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const show = () => {
    still.media = moves ? "not all" : "all";
    button.textContent = moves ? "Stop the animation" : "Play the animation";
  };
  button.addEventListener("click", () => {
    moves = !moves;
    show();
  });
  button.addEventListener("keydown", (event) => {
    if (event.key === " " || event.key === "Enter") event.stopPropagation(); // on a slide it would turn the slide
  });
  button.hidden = false;
  show();
}
