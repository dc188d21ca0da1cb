// The debugger's page shows new events by itself. It stands still while it is paused, in the background, or while
// somebody has the keyboard or a selection inside of the list.
(() => {
    const button = document.getElementById("wj-pause");
    const lines = document.getElementById("wj-lines");
    if (!button || !lines) return;

    const busy = () =>
        button.getAttribute("aria-pressed") === "true" ||
        document.hidden ||
        lines.contains(document.activeElement) ||
        (!getSelection().isCollapsed && lines.contains(getSelection().anchorNode));

    const look = async () => {
        if (busy()) return;
        try {
            const answer = await fetch(button.dataset.url, { headers: { "X-Requested-With": "XMLHttpRequest" } });
            const html = answer.ok && !answer.redirected ? await answer.text() : null;
            if (html !== null && !busy()) lines.innerHTML = html;
        } catch {
            // The site is away for a moment: the next look finds it again.
        }
    };

    button.addEventListener("click", () => {
        const paused = button.getAttribute("aria-pressed") === "true";
        button.setAttribute("aria-pressed", String(!paused));
        look();
    });
    setInterval(look, 2000);
})();
