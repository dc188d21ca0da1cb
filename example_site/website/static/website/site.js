// Opens and closes the menu on narrow screens. Without this script the menu is simply always open.
document.documentElement.classList.add("js");
const button = document.querySelector(".menu-button");

if (button) {
    const toggle = (open) => button.setAttribute("aria-expanded", String(open));
    button.addEventListener("click", () => toggle(button.getAttribute("aria-expanded") !== "true"));
    document.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && button.getAttribute("aria-expanded") === "true") {
            toggle(false);
            button.focus();
        }
    });
}
