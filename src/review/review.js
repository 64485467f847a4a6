// What the desk adds to its pages: keys, filters that act while one types, sliders, dropped photos.
// Values from elsewhere enter the page as text alone.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (css, inside = document) => [...inside.querySelectorAll(css)];
  const one = (css, inside = document) => inside.querySelector(css);
  const say = (zh, en) => root.lang === "en" ? en : zh;
  const later = (work, wait) => {
    let timer = 0;
    return (...args) => { clearTimeout(timer); timer = setTimeout(() => work(...args), wait); };
  };
  const make = (tag, text, ...children) => {
    const element = document.createElement(tag);
    if (text) { element.textContent = text; }
    element.append(...children);
    return element;
  };

  document.addEventListener("DOMContentLoaded", () => {
    const secret = one("nav.desk")?.dataset.form ?? "";

    // Options hold text alone, in the language of the page.
    const relabel = () => {
      for (const option of all("option[data-en]")) {
        option.textContent = root.lang === "en" ? option.dataset.en : option.dataset.zhCn;
      }
    };
    new MutationObserver(relabel).observe(root, { attributes: true, attributeFilter: ["lang"] });
    relabel();

    // The list follows its filters while they are being set.
    const filters = one("#filters");
    const rows = one("#rows");
    const queryOf = (form) => {
      const pairs = [...new FormData(form)].filter(([name, value]) => value !== "" && !(name === "order" && value === "number"));
      return new URLSearchParams(pairs).toString();
    };
    let asked = 0;
    const refilter = later(async () => {
      const query = queryOf(filters);
      const mine = ++asked;
      const answer = await fetch(`/rows?${query}`);
      if (!answer.ok || mine !== asked) { return; }
      // The fragment is this desk's own page, escaped where it was made.
      const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
      rows.replaceChildren(...parsed.body.childNodes);
      history.replaceState(null, "", query ? `/?${query}` : "/");
    }, 120);
    filters?.addEventListener("input", refilter);

    // Two cases are compared, no more and no fewer.
    document.addEventListener("submit", (event) => {
      if (event.target.getAttribute("action") !== "/compare") { return; }
      if (all("input[name='case']:checked", event.target).length === 2) { return; }
      event.preventDefault();
      one("#count").textContent = say("请选中两个案例", "Choose two cases");
    });

    // Sliders: decided again by the server, which runs no model for it.
    const panel = one("[data-sliders]");
    const edits = () => all("input[type='range'][data-moved]", panel).map((slider) => ({
      key: slider.dataset.key, bound: slider.dataset.bound, value: valueOf(slider),
    }));
    const valueOf = (slider) => {
      const place = Number(slider.value);
      return Number(("log" in slider.dataset ? 10 ** place : place).toPrecision(3));
    };
    const word = { pass: ["通过", "pass"], fail: ["未通过", "fail"], review: ["待审核", "review"] };
    const decision = (id) => say(...(word[id] ?? ["未判定", "not decided"]));
    const show = (answer) => {
      const status = one(".preview", panel);
      if (answer.refused) { status.replaceChildren(make("span", answer.refused)); return; }
      const parts = [];
      if (answer.this) {
        const { before, after } = answer.this;
        const same = before === after;
        const text = same
          ? say(`本案例仍为${decision(after)}。`, `This case stays ${decision(after)}.`)
          : say(`本案例：${decision(before)} → ${decision(after)}。`, `This case: ${decision(before)} → ${decision(after)}.`);
        const told = make("strong", text);
        told.dataset.after = after;
        parts.push(told, " ");
      }
      const flips = make("span", say(
        `${answer.cases} 个案例中有 ${answer.flipped} 个会改变`, `${answer.flipped} of ${answer.cases} would flip`));
      flips.dataset.flipped = answer.flipped;
      parts.push(flips);
      const moves = answer.moves.map((move) => `${move.cases} ${decision(move.from)} → ${decision(move.to)}`);
      if (moves.length) { parts.push(`: ${moves.join(", ")}`); }
      if (answer.unmeasured) {
        parts.push(say(`（另有 ${answer.unmeasured} 个未测量）`, ` (${answer.unmeasured} more were never measured)`));
      }
      status.replaceChildren(...parts);
      one(".flipped", panel)?.replaceChildren(...answer.flipped_cases.map((flipped) => {
        const link = make("a", flipped.case_id);
        link.href = `/case/${flipped.number}`;
        return make("li", "", link, ` ${decision(flipped.before)} → ${decision(flipped.after)}`);
      }));
    };
    let tried = 0;
    const preview = later(async () => {
      const mine = ++tried;
      const body = {
        edits: edits(),
        filter: Object.fromEntries(new URLSearchParams(panel.dataset.filter)),
        case: panel.dataset.case ? Number(panel.dataset.case) : null,
      };
      const answer = await fetch(`/policy/preview?form=${secret}`, {
        method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
      });
      if (mine === tried && answer.ok) { show(await answer.json()); }
    }, 60);
    panel?.addEventListener("input", (event) => {
      const slider = event.target;
      if (slider.type !== "range") { return; }
      slider.dataset.moved = "";
      slider.closest(".slider").classList.add("moved");
      one("output", slider.closest(".slider")).value = String(valueOf(slider));
      const form = one("#save");
      if (form) { form.elements.edits.value = JSON.stringify(edits()); }
      preview();
    });
    one("[data-reset]")?.addEventListener("click", () => {
      for (const slider of all("input[data-moved]", panel)) {
        delete slider.dataset.moved;
        slider.closest(".slider").classList.remove("moved");
        const value = Number(slider.dataset.value);
        slider.value = String("log" in slider.dataset ? Math.log10(value) : value);
        one("output", slider.closest(".slider")).value = slider.dataset.value;
      }
      one("#save").elements.edits.value = "[]";
      preview();
    });

    // Photos are dropped onto the field that they are for; anywhere else they open nothing.
    for (const kind of ["dragover", "drop"]) {
      document.addEventListener(kind, (event) => {
        const area = event.target.closest?.("[data-drop]");
        for (const other of all("[data-over]")) { other.removeAttribute("data-over"); }
        if (!event.dataTransfer?.types.includes("Files")) { return; }
        event.preventDefault();
        if (!area) { return; }
        if (kind === "dragover") { area.setAttribute("data-over", ""); return; }
        const input = one("input", area);
        input.files = event.dataTransfer.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      });
    }
    document.addEventListener("change", (event) => {
      const chosen = event.target.closest?.("[data-drop]") && one(".chosen", event.target.closest("[data-drop]"));
      if (chosen) { chosen.textContent = [...event.target.files].map((file) => file.name).join(", "); }
    });

    // How far the measuring of all cases is.
    const progress = one("#progress");
    if (progress) {
      const timer = setInterval(async () => {
        const { measured, of } = await (await fetch("/progress")).json();
        if (of === 0) { clearInterval(timer); location.reload(); return; }
        progress.textContent = say(`正在测量：${measured}/${of}`, `Measuring: ${measured} of ${of}`);
      }, 1000);
    }

    // Work that takes a while is asked for once.
    document.addEventListener("submit", (event) => {
      if (event.defaultPrevented || event.target.method !== "post") { return; }
      setTimeout(() => { for (const button of all("button", event.target)) { button.disabled = true; } }, 0);
    });

    // Keys, unless one is writing.
    const lines = () => all(".cases tbody tr");
    const go = (step) => {
      const rows = lines();
      const now = rows.findIndex((row) => row.hasAttribute("data-current"));
      const next = rows[Math.min(rows.length - 1, Math.max(0, now + step))];
      if (!next) { return; }
      rows[now]?.removeAttribute("data-current");
      next.setAttribute("data-current", "");
      one("th a", next).focus();
      next.scrollIntoView({ block: "nearest" });
    };
    const follow = (css) => { const link = one(css); if (link) { link.click(); } return Boolean(link); };
    const decide = (value) => {
      const button = one(`#decide button[value='${value}']`);
      if (!button) { return false; }
      // The note first: a key alone decides nothing.
      one("#note").focus();
      button.scrollIntoView({ block: "nearest" });
      for (const other of all("#decide button")) { other.classList.toggle("main", other === button); }
      return true;
    };
    const keys = {
      j: () => rows ? (go(1), true) : follow("a[rel='next']"),
      k: () => rows ? (go(-1), true) : follow("a[rel='prev']"),
      n: () => follow("a[rel='next']"),
      p: () => follow("a[rel='prev']"),
      u: () => follow("#to-list"),
      l: () => follow("#look"),
      x: () => { const box = one("tr[data-current] input"); if (box) { box.checked = !box.checked; } return Boolean(box); },
      "/": () => { const search = one("input[type='search']"); search?.focus(); search?.select(); return Boolean(search); },
      a: () => decide("approve"),
      t: () => decide("retake"),
      r: () => decide("reject"),
    };
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { document.activeElement?.blur(); return; }
      const typing = event.target.closest("textarea, select, input:not([type='checkbox'])");
      if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) { return; }
      if (keys[event.key]?.()) { event.preventDefault(); }
    });
  });
})();
