// Looks for new messages every few seconds and redraws the list only when it has changed.
const list = document.getElementById("messages");

if (list) {
    let shown = null;
    const look = async () => {
        if (document.hidden) return;
        const address = new URL(window.location.href);
        address.searchParams.set("fragment", "1");
        try {
            const response = await fetch(address, { headers: { Accept: "text/html" } });
            if (!response.ok) return;
            const html = await response.text();
            if (shown !== null && html !== shown && !list.contains(document.activeElement)) {
                list.innerHTML = html;
                shown = html;
            } else if (shown === null) {
                shown = html;
            }
        } catch {
            // The site is being restarted; the next look will tell.
        }
    };
    look();
    setInterval(look, Number(list.dataset.refresh));
}
