// Suggestions for a text field in which somebody names an event, a property or a value. The list is the browser's own
// (<datalist>), so that keyboard and screen reader find what they know; anything else may be typed as well.
(() => {
    const WAIT = 200; // milliseconds without a key before the site is asked
    let lists = 0;

    class SuggestController extends window.StimulusModule.Controller {
        static values = { url: String, of: String, eventField: String, propertyField: String };

        connect() {
            this.list = document.createElement("datalist");
            this.list.id = `wj-suggestions-${++lists}`;
            this.element.after(this.list);
            this.element.setAttribute("list", this.list.id);
            this.onFocus = () => this.ask("");
            this.onInput = () => {
                clearTimeout(this.timer);
                this.timer = setTimeout(() => this.more(), WAIT);
            };
            this.element.addEventListener("focus", this.onFocus);
            this.element.addEventListener("input", this.onInput);
            if (document.activeElement === this.element) this.onFocus();
        }

        disconnect() {
            clearTimeout(this.timer);
            this.asking?.abort();
            this.element.removeEventListener("focus", this.onFocus);
            this.element.removeEventListener("input", this.onInput);
            this.element.removeAttribute("list");
            this.list.remove();
        }

        // The browser itself finds what fits in a list that is complete.
        more() {
            if (!this.complete) this.ask(this.element.value);
        }

        async ask(typed) {
            const query = new URLSearchParams({
                of: this.ofValue,
                event: this.beside(this.eventFieldValue),
                property: this.beside(this.propertyFieldValue),
                q: typed,
            });
            this.asking?.abort();
            this.asking = new AbortController();
            try {
                const answer = await fetch(`${this.urlValue}?${query}`, {
                    signal: this.asking.signal,
                    headers: { "X-Requested-With": "XMLHttpRequest" },
                });
                if (!answer.ok || answer.redirected) return;
                const found = await answer.json();
                this.complete = found.complete && !typed;
                this.list.replaceChildren(...found.suggestions.map(({ value, label }) => new Option(label, value)));
            } catch {
                // Without suggestions the field is a text field.
            }
        }

        // What another field says: one of the same row, or of a row around it. Names of fields in streams tell which:
        // trigger-0-value-properties-1-value-property is inside of trigger-0-value, where the event is.
        beside(field) {
            const parts = this.element.name.split("-");
            while (field && parts.length) {
                parts.pop();
                const found = this.element.form?.elements.namedItem([...parts, field].join("-"));
                if (found) return found.value ?? "";
            }
            return "";
        }
    }

    window.wagtail.app.register("wj-suggest", SuggestController);
})();
