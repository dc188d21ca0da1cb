/* Saving by hand waits for the autosave that is on its way. Sent together the two would make two of what is new, and
   two drafts of what is there; afterwards nothing is autosaved any more, as the page is about to go. */

(() => {
    const PATIENCE = 10000; // ms, after which the form is sent all the same
    const AUTOSAVED = 'form[data-controller~="w-autosave"]';
    const OVER = ["w-autosave:success", "w-autosave:error"];
    const saving = new WeakSet();
    const held = new WeakSet();

    document.addEventListener("w-autosave:save", ({ target, defaultPrevented }) => {
        if (!defaultPrevented) saving.add(target);
    });
    OVER.forEach((name) => document.addEventListener(name, ({ target }) => saving.delete(target)));

    /* The first autosave of something new exchanges the buttons. One that is disabled, as Wagtail does with the one that was
       pressed, would not be sent. */
    const send = (form, pressed) => {
        saving.delete(form);
        const again = pressed?.name && form.querySelector(`button[name="${CSS.escape(pressed.name)}"]`);
        const button = pressed?.form === form ? pressed : again;
        if (!button) {
            form.requestSubmit();
            return;
        }
        const { disabled } = button;
        button.disabled = false;
        form.requestSubmit(button);
        button.disabled = disabled;
    };

    const hold = (event) => {
        const form = event.target;
        if (!saving.has(form)) {
            if (form.matches(AUTOSAVED)) form.dataset.wAutosaveActiveValue = "false";
            return;
        }
        event.preventDefault();
        event.stopImmediatePropagation();
        if (held.has(form)) return;
        held.add(form);
        const { submitter } = event;
        const go = () => {
            window.clearTimeout(timer);
            OVER.forEach((name) => form.removeEventListener(name, go));
            held.delete(form);
            send(form, submitter);
        };
        const timer = window.setTimeout(go, PATIENCE);
        OVER.forEach((name) => form.addEventListener(name, go));
    };
    window.addEventListener("submit", hold, true);

    // Whoever comes back with the browser's Back finds the page as it was left.
    window.addEventListener("pageshow", ({ persisted }) => {
        if (!persisted) return;
        document.querySelectorAll(AUTOSAVED).forEach((form) => {
            form.dataset.wAutosaveActiveValue = "true";
        });
    });
})();
