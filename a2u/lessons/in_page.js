// The part of a panel or a question that runs in the page. It names for screen readers what ipywidgets leaves without a name, and
// says so when a control was moved and no kernel answers.

const PATIENCE = 3000; // milliseconds without an answer before the panel says so

function name(element, words) {
  if (element && element.getAttribute("aria-label") !== words) element.setAttribute("aria-label", words);
}

function nameControls(panel) {
  for (const control of panel.querySelectorAll(".a2u-controls .widget-inline-hbox")) {
    const words = control.querySelector(".widget-label")?.textContent.trim();
    if (!words) continue;
    for (const each of control.querySelectorAll("[role=slider], select")) name(each, words);
    const number = control.querySelector(".widget-readout");
    if (number && number.getAttribute("role") !== "textbox") number.setAttribute("role", "textbox");
    name(number, `${words}, as a number`);
  }
  for (const button of panel.querySelectorAll(".a2u-controls button")) {
    name(button, button.textContent.replace(/[\uE000-\uF8FF]/g, "").trim()); // without its icon, which is a letter
  }
}

function nameQuestion(panel) {
  const asks = panel.querySelector(".a2u-asks");
  if (!asks) return;
  const words = [...asks.childNodes].filter((each) => each.nodeName !== "STYLE").map((each) => each.textContent);
  for (const options of panel.querySelectorAll(".widget-radio-box")) {
    if (options.getAttribute("role") !== "radiogroup") options.setAttribute("role", "radiogroup");
    name(options, words.join("").trim());
  }
}

function describePicture(panel, words) {
  for (const picture of panel.querySelectorAll("img")) if (picture.alt !== words) picture.alt = words;
  // The description also stands under the picture, unseen, for pages where this script does not run.
  for (const copy of panel.querySelectorAll(".a2u-unseen:not([aria-hidden])")) copy.setAttribute("aria-hidden", "true");
}

function render({ model, el }) {
  let panel = null;
  let over = false;
  let clock = null;

  const dress = () => {
    nameControls(panel);
    nameQuestion(panel);
    describePicture(panel, model.get("alt"));
  };
  const observer = new MutationObserver(dress);

  const ask = () => {
    if (clock !== null) return; // one question at a time
    clock = setTimeout(() => panel.classList.add("a2u-unanswered"), PATIENCE);
    try {
      model.send("Is anyone there?");
    } catch {
      panel.classList.add("a2u-unanswered"); // the kernel is known to be gone
    }
  };
  const answered = () => {
    clearTimeout(clock);
    clock = null;
    panel?.classList.remove("a2u-unanswered");
  };

  const begin = () => {
    panel = el.closest(".a2u-live");
    if (!panel) {
      if (!over) requestAnimationFrame(begin); // the panel is not in the page yet
      return;
    }
    dress();
    observer.observe(panel, { childList: true, subtree: true });
    for (const happening of ["input", "change", "pointerup", "keydown"]) panel.addEventListener(happening, ask);
  };

  model.on("change:alt", () => panel && dress());
  model.on("msg:custom", answered);
  begin();
  return () => {
    over = true;
    observer.disconnect();
    clearTimeout(clock);
  };
}

export default { render };
