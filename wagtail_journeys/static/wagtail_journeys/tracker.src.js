// The browser's side of wagtail-journeys. `make tracker` makes tracker.js of it, which is what pages load.
//
// It tells the site which page was seen and for how long, which links lead away, and what elements and scripts report.
// Who the visitor is, it does not know and cannot say: an id made up here is kept in a first-party cookie, or none at all
// in cookieless mode. Without consent (where it is asked for), and with Global Privacy Control, it sends and keeps nothing.
(() => {
    const { endpoint, cookie, age, page, locale, ask, dnt } = document.currentScript.dataset;
    const silent = navigator.globalPrivacyControl || (dnt && navigator.doNotTrack === "1");
    const root = document.documentElement;
    let agreed = ask == null;
    let since = 0; // when the page came into sight
    let deepest = 0; // percent of the page

    const allowed = () => !silent && (window.journeysConsent ? journeysConsent() === true : agreed);

    const hex = () =>
        [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, 0)).join("");

    const keep = (value, seconds) => {
        const secure = location.protocol === "https:" ? ";Secure" : "";
        document.cookie = `${cookie}=${value};Path=/;Max-Age=${seconds};SameSite=Lax${secure}`;
    };

    const send = (name, properties, more) => {
        if (!allowed()) return;
        if (cookie && !document.cookie.split("; ").some((c) => c.startsWith(cookie + "="))) keep(hex(), age);
        const url = location.href.split("#")[0];
        const body = JSON.stringify({ name, properties, id: hex(), at: new Date(), page, locale, url, ...more });
        if (!navigator.sendBeacon?.(endpoint, body)) {
            fetch(endpoint, { method: "POST", body, keepalive: true }).catch(() => {});
        }
    };

    const look = () => {
        const seen = (100 * (scrollY + innerHeight)) / root.scrollHeight;
        deepest = Math.max(deepest, Math.min(100, Math.round(seen)));
    };

    const view = () => {
        if (!allowed()) return;
        since = performance.now();
        deepest = 0;
        look();
        send("page_view", {}, { title: document.title, referrer: document.referrer });
    };

    const leave = () => {
        if (since) send("page_left", { seconds: Math.round((performance.now() - since) / 1000), depth: deepest });
        since = 0;
    };

    window.journeys = {
        track: (name, properties) => send(name, properties),
        identify: (token) => send("identify", {}, { token }),
        consent: (yes) => {
            agreed = yes;
            if (yes && !since) view();
            if (!yes) {
                since = 0;
                if (cookie) keep("", 0);
            }
        },
    };

    addEventListener("click", ({ target }) => {
        const marked = target.closest?.("[data-journeys-event]");
        if (marked) {
            const said = Object.entries(marked.dataset).filter(([key]) => key.startsWith("journeys"));
            const { event, ...rest } = Object.fromEntries(said.map(([key, v]) => [key.slice(8).toLowerCase(), v]));
            send(event, rest);
        }
        const { href, host, pathname } = target.closest?.("a[href]") || {};
        if (host && host !== location.host) send("outbound_click", { href });
        else if (/\.(pdf|docx?|xlsx?|pptx?|zip|csv)$/i.test(pathname) && !/\/documents\/\d+\//.test(pathname)) {
            send("file_click", { href }); // what Wagtail serves, it tells about itself
        }
    }, true);
    addEventListener("scroll", look, { passive: true });
    addEventListener("pagehide", leave);
    document.addEventListener("visibilitychange", () => {
        if (document.hidden) leave();
        else if (allowed()) since = performance.now();
    });
    addEventListener("pageshow", (event) => event.persisted && view()); // back, from the browser's memory
    if (document.prerendering) document.addEventListener("prerenderingchange", view, { once: true });
    else view();
})();
