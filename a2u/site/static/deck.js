// Starts reveal.js: the size is that for which a2u.site.slides cuts a lesson into slides.
"use strict";
Reveal.initialize({
  width: 1280, height: 760, margin: 0.03, center: false, hash: true, slideNumber: "c/t", transition: "none",
  controlsTutorial: false,
});
