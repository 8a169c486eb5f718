// The page's own script: explorers, search, and the mark of the section that is read. Nothing is fetched.
"use strict";

// --- explorers: sliders and lists choose one of the pictures that were drawn in advance

for (const explorer of document.querySelectorAll("[data-explorer]")) {
  const { sizes, pictures, texts, frames } = JSON.parse(explorer.querySelector("script").textContent);
  const controls = [...explorer.querySelectorAll(".control input, .control select")];
  const image = explorer.querySelector("img");
  const caption = explorer.querySelector("figcaption [role=status]");
  let newest = 0;

  const place = (values) => values.reduce((sum, value, k) => sum * sizes[k] + value, 0);
  const values = () => controls.map((control) => Number(control.value));

  // The pictures one step away are asked for early, so that a moving slider shows them at once.
  const known = new Set();
  const prepare = (now) => {
    now.forEach((value, k) => {
      for (const next of [value + 1, value - 1]) {
        if (next < 0 || next >= sizes[k]) continue;
        const file = pictures[frames[place(now.with ? now.with(k, next) : now.map((v, n) => (n === k ? next : v)))][0]][0];
        if (!known.has(file)) {
          known.add(file);
          new Image().src = file;
        }
      }
    });
  };

  const show = async () => {
    for (const control of controls) {
      if (control.type !== "range") continue;
      const text = JSON.parse(control.dataset.texts)[control.value];
      control.setAttribute("aria-valuetext", text);
      control.parentElement.querySelector("output").textContent = text;
    }
    const now = values();
    const [picture, alt, says] = frames[place(now)];
    const [file, width, height] = pictures[picture];
    const mine = ++newest;
    const loading = new Image();
    loading.src = file;
    try {
      await loading.decode();
    } catch {
      // It could not be read: the picture element will say so with its words.
    }
    if (mine !== newest) return; // a control moved on meanwhile
    Object.assign(image, { src: file, width, height, alt: texts[alt] });
    image.style.setProperty("--across", `${width}px`);
    caption.textContent = texts[says] || texts[alt];
    prepare(now);
  };

  for (const control of controls) control.addEventListener("input", show);
  explorer.querySelector(".controls").hidden = false;
  explorer.addEventListener("pointerenter", () => prepare(values()), { once: true });
  explorer.addEventListener("focusin", () => prepare(values()), { once: true });
}

// --- search: the index is a script, loaded when the search is first used

const search = document.querySelector(".search");
const query = search.querySelector("input");
const hits = search.querySelector(".hits");
let asked = false;
search.hidden = false;

const plain = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "");

const loadIndex = () => {
  if (asked) return;
  asked = true;
  const script = document.createElement("script");
  script.src = "assets/search.js";
  script.onload = find;
  document.head.append(script);
};

function find() {
  const words = plain(query.value).split(/\s+/).filter(Boolean);
  hits.replaceChildren();
  hits.hidden = words.length === 0;
  if (!words.length || !window.a2uSections) return;
  const found = [];
  for (const [page, anchor, lesson, title, text] of window.a2uSections) {
    const [inTitle, inText] = [plain(`${lesson} ${title}`), plain(text)];
    if (!words.every((word) => inTitle.includes(word) || inText.includes(word))) continue;
    const score = words.reduce((sum, word) => sum + (inTitle.includes(word) ? 10 : 0) + inText.split(word).length - 1, 0);
    found.push({ page, anchor, lesson, title, text, score });
  }
  found.sort((a, b) => b.score - a.score);
  if (!found.length) {
    const none = document.createElement("p");
    none.textContent = "Nothing found. Try a single word, such as checkerboard.";
    hits.append(none);
  }
  for (const hit of found.slice(0, 12)) hits.append(entry(hit, words));
}

function entry({ page, anchor, lesson, title, text }, words) {
  const link = document.createElement("a");
  link.href = `${page}.html#${anchor}`;
  const [head, where] = [document.createElement("span"), document.createElement("small")];
  head.append(...marked(title, words));
  const first = Math.min(...words.map((word) => plain(text).indexOf(word)).filter((at) => at >= 0), text.length);
  const from = Math.max(0, first === text.length ? 0 : first - 50);
  where.append(`${lesson} · `, ...marked(`${from ? "…" : ""}${text.slice(from, from + 130)}…`, words));
  link.append(head, where);
  return link;
}

function marked(text, words) {
  const pattern = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  return text.split(new RegExp(`(${pattern})`, "gi")).map((piece, k) => {
    if (k % 2 === 0) return piece;
    const mark = document.createElement("mark");
    mark.textContent = piece;
    return mark;
  });
}

query.addEventListener("focus", loadIndex);
query.addEventListener("input", () => { loadIndex(); find(); });
hits.addEventListener("click", () => { hits.hidden = true; });
document.addEventListener("click", (event) => { if (!search.contains(event.target)) hits.hidden = true; });
search.addEventListener("keydown", (event) => {
  const links = [...hits.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  if (event.key === "Escape") { hits.hidden = true; query.focus(); }
  if (event.key === "Enter" && document.activeElement === query && links.length) links[0].click();
  if (event.key === "ArrowDown" && links.length) { links[Math.min(at + 1, links.length - 1)].focus(); event.preventDefault(); }
  if (event.key === "ArrowUp" && at >= 0) { (links[at - 1] ?? query).focus(); event.preventDefault(); }
});

// --- the lesson's contents: folded on a narrow page, and the section that is read stands out

const contents = document.querySelector(".toc details");
if (contents) {
  contents.open = window.matchMedia("(min-width: 1180px)").matches;
  const links = new Map([...contents.querySelectorAll("a[href^='#']")].map((link) => [link.hash.slice(1), link]));
  const headings = [...document.querySelectorAll(".lesson h2[id]")];
  const mark = () => {
    const above = headings.filter((heading) => heading.getBoundingClientRect().top < 140);
    const here = above.length ? above[above.length - 1].id : null;
    for (const [id, link] of links) link.classList.toggle("here", decodeURIComponent(id) === here);
  };
  document.addEventListener("scroll", mark, { passive: true });
  mark();
}

// --- what is wider than its box scrolls sideways: with a keyboard too, at every width of the page, and in an opened fold

const fit = (box) => {
  const wide = box.scrollWidth > box.clientWidth;
  box.toggleAttribute("data-wide", wide);
  if (wide) {
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Scrolls sideways");
  } else {
    for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
  }
};
// The side to which there is more fades.
const fade = (box) => box.toggleAttribute("data-end", box.scrollLeft + box.clientWidth >= box.scrollWidth - 1);
const watch = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    fit(target);
    fade(target);
  }
});
for (const box of document.querySelectorAll("pre, .scroll, .equation")) {
  watch.observe(box);
  box.addEventListener("scroll", () => fade(box), { passive: true });
}
