// The script of every page: language, colours, covers over personal data, overlays on photos.
// Plain JavaScript that only reads and sets attributes; every value in the page stays text.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("script");

  const remembered = (key) => {
    try { return localStorage.getItem(key); } catch { return null; }
  };
  const remember = (key, value) => {
    try { localStorage.setItem(key, value); } catch { /* a page without a place of its own */ }
  };

  const setLanguage = (language) => {
    root.dataset.language = language;
    root.lang = language;
    const title = document.querySelector("title");
    if (title) {
      const text = language === "en" ? title.dataset.en : title.dataset.zhCn;
      if (text) { document.title = text; }
    }
    for (const button of document.querySelectorAll("[data-set-language]")) {
      button.setAttribute("aria-pressed", String(button.dataset.setLanguage === language));
    }
  };
  const isDark = () => root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;

  // Before the body is read, so that nothing moves.
  const preferred = (navigator.languages || [navigator.language]).find((l) => /^(zh|en)\b/i.test(l));
  const language = remembered("realname-language") || preferred || root.dataset.language;
  setLanguage(/^zh/i.test(language) ? "zh-CN" : "en");
  const theme = remembered("realname-theme");
  if (theme === "dark" || theme === "light") { root.dataset.theme = theme; }

  // A cover lies over personal data until its button is pressed; pressed again it comes back.
  const setCover = (cover, shown) => {
    cover.toggleAttribute("data-shown", shown);
    for (const button of cover.querySelectorAll("[data-uncover]")) {
      button.setAttribute("aria-pressed", String(shown));
    }
  };
  // A switch shows or hides one kind of overlay in its figure.
  const setOverlay = (button, shown) => {
    button.setAttribute("aria-pressed", String(shown));
    const figure = button.closest("figure");
    for (const layer of figure.querySelectorAll(`[data-layer="${button.dataset.overlay}"]`)) {
      layer.toggleAttribute("data-on", shown);
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) { return; }
    if (button.dataset.setLanguage) {
      setLanguage(button.dataset.setLanguage);
      remember("realname-language", button.dataset.setLanguage);
    } else if ("setTheme" in button.dataset) {
      root.dataset.theme = isDark() ? "light" : "dark";
      remember("realname-theme", root.dataset.theme);
    } else if ("uncoverAll" in button.dataset) {
      const shown = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(shown));
      for (const cover of document.querySelectorAll("[data-cover]")) { setCover(cover, shown); }
    } else if ("uncover" in button.dataset) {
      const cover = button.closest("[data-cover]");
      setCover(cover, !cover.hasAttribute("data-shown"));
    } else if (button.dataset.overlay) {
      setOverlay(button, button.getAttribute("aria-pressed") !== "true");
    }
  });
  document.addEventListener("DOMContentLoaded", () => setLanguage(root.dataset.language));
})();
