// Asks once whether the site may remember a visit, keeps the answer in a cookie, and tells the tracker on every page.
// The page itself is the same for everybody, so that a cache may keep it.
(() => {
    const banner = document.getElementById("consent");
    const opener = document.querySelector("[data-consent-open]");
    // Without the tracker (in a preview, or switched off), or where it does not wait for an answer, nobody is asked.
    if (!banner || !window.journeys || !document.querySelector("script[data-ask]")) return;

    const HALF_A_YEAR = 182 * 24 * 60 * 60; // seconds; then the question may be asked again
    const root = document.documentElement;
    const title = document.getElementById("consent-title");
    const said = document.getElementById("consent-said");
    const objects = navigator.globalPrivacyControl || navigator.doNotTrack === "1";
    const answers = ["granted", "refused"];
    let told = null; // what the tracker knows
    let cameFrom = null; // what had the keyboard before the banner was opened from the foot of the page

    const answer = () => {
        const name = `${banner.dataset.cookie}=`;
        const found = document.cookie.split("; ").find((cookie) => cookie.startsWith(name));
        const value = found && found.slice(name.length);
        return answers.includes(value) ? value : null;
    };

    const show = (open) => {
        banner.hidden = !open;
        opener?.setAttribute("aria-expanded", String(open));
        for (const line of banner.querySelectorAll("[data-consent-now]")) {
            line.hidden = line.dataset.consentNow !== (objects ? "objects" : answer());
        }
    };

    // Tell the tracker what the cookie says; somebody may have answered in another tab.
    const follow = () => {
        const now = answer();
        if (now !== told) window.journeys.consent(now === "granted");
        told = now;
        if (!cameFrom) show(!now && !objects);
    };

    const close = () => {
        const inside = banner.contains(document.activeElement);
        show(false);
        const next = cameFrom || document.getElementById("main");
        cameFrom = null;
        if (inside) next.focus({ preventScroll: true });
    };

    banner.addEventListener("click", ({ target }) => {
        const value = target.closest("[data-consent]")?.dataset.consent;
        if (!value) return;
        const secure = location.protocol === "https:" ? ";Secure" : "";
        document.cookie = `${banner.dataset.cookie}=${value};Path=/;Max-Age=${HALF_A_YEAR};SameSite=Lax${secure}`;
        close();
        follow();
        said.textContent = said.dataset[value];
    });

    opener?.addEventListener("click", () => {
        cameFrom = opener;
        show(true);
        title.focus();
    });

    // Escape leaves things as they are; the first question stays until it is answered.
    document.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && cameFrom) close();
    });

    // What the banner covers can be scrolled to all the same, and what gets the keyboard is never behind it.
    new ResizeObserver(() => root.style.setProperty("--consent", `${banner.offsetHeight}px`)).observe(banner);

    document.addEventListener("visibilitychange", () => document.hidden || follow());
    addEventListener("pageshow", (event) => event.persisted && follow());
    opener?.classList.add("is-ready");
    follow();
})();
