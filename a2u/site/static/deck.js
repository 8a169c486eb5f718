// Starts reveal.js: the size is that for which a2u.site.slides cuts a lesson into slides.
"use strict";
Reveal.initialize({
  width: 1280, height: 760, margin: 0.03, center: false, hash: true, slideNumber: "c/t", transition: "none",
  controlsTutorial: false,
});

// Heights are estimated when a lesson is cut, and fonts differ: a slide that is still too full is drawn a little smaller.
const STEP = 0.04, SMALLEST = 0.6;
function fit({ currentSlide: slide }) {
  const over = () => slide.scrollHeight > slide.clientHeight + 2 || slide.scrollWidth > slide.clientWidth + 2;
  for (let size = 1 - STEP; over() && size >= SMALLEST; size -= STEP) {
    for (const part of slide.children) part.style.zoom = size;
  }
}
Reveal.on("ready", fit);
Reveal.on("slidechanged", fit);
