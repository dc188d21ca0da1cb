// Above the list in which a step says how merge tags are filled: the tags that its templates have, how each is filled,
// and which of them would keep the email from a contact. One click adds the line that says what to print instead.
(() => {
    const LOOK = 1000; // ms between two looks for another template: no event tells what a chooser has been given
    const live = (input) => input.closest("[data-streamfield-child]")?.querySelector('input[name$="-deleted"]')?.value !== "1";
    const fill = (words, values) => words.replace(/%\((\w+)\)s/g, (_found, name) => values[name] ?? "");
    const make = (name, props = {}) => Object.assign(document.createElement(name), props);

    class MergeTags extends window.StimulusModule.Controller {
        static values = { url: String };

        connect() {
            this.box = make("div", { className: "wj-merge-tags" });
            this.element.before(this.box);
            this.step = this.element.closest(".wj-step");
            this.items = new Map();
            this.asked = "";
            this.update = this.update.bind(this);
            this.step.addEventListener("change", this.update);
            this.step.addEventListener("click", this.update); // a line has been deleted
            // The fields are put in when the form has been built.
            this.timer = setTimeout(this.update);
            this.looking = setInterval(() => this.look(), LOOK);
        }

        disconnect() {
            clearTimeout(this.timer);
            clearInterval(this.looking);
            this.asking?.abort();
            this.step.removeEventListener("change", this.update);
            this.step.removeEventListener("click", this.update);
            this.box.remove();
        }

        update() {
            this.look();
            this.say();
        }

        // Those of the step and of its variants, and what starts the campaign.
        query() {
            const templates = [...this.step.querySelectorAll('input[name$="-template"]')]
                .filter((input) => input.value && live(input) && !input.closest('[data-contentpath="conditions"]'))
                .map((input) => input.value);
            if (!templates.length) return "";
            const query = new URLSearchParams([...new Set(templates)].sort().map((pk) => ["template", pk]));
            query.set("trigger", this.element.closest("form")?.querySelector('[name="trigger-0-type"]')?.value || "");
            return String(query);
        }

        async look() {
            const query = this.query();
            if (query === this.asked) return;
            this.asked = query;
            this.asking?.abort();
            this.asking = new AbortController();
            const answer = query ? await this.ask(query, this.asking.signal) : null;
            if (query === this.asked) this.draw(answer);
        }

        async ask(query, signal) {
            try {
                const answer = await fetch(`${this.urlValue}?${query}`, {
                    signal,
                    headers: { "X-Requested-With": "XMLHttpRequest" },
                });
                return answer.ok && !answer.redirected ? await answer.json() : null;
            } catch {
                return null; // without the list, tags are typed
            }
        }

        draw(answer) {
            this.items.clear();
            this.box.replaceChildren();
            if (!answer) return;
            this.words = answer.words;
            if (!answer.tags.length) {
                this.box.append(make("p", { textContent: this.words.none }));
                return;
            }
            const list = make("ul");
            list.setAttribute("aria-label", this.words.heading);
            for (const { tag, origin, always, required } of answer.tags) {
                const item = make("li");
                const said = make("span");
                const button = make("button", { type: "button", className: "button button-small button-secondary" });
                button.addEventListener("click", () => this.open(tag));
                item.append(make("code", { textContent: tag }), said, button);
                list.append(item);
                this.items.set(tag, { item, said, button, origin, always, required });
            }
            this.box.append(list);
            this.say();
        }

        row(tag) {
            return this.inputs("tag").find((input) => input.value.trim() === tag);
        }

        inputs(name) {
            return [...this.element.querySelectorAll(`input[name$="-${name}"]`)].filter(live);
        }

        // The items stay the same elements: a button that is just being pressed is not taken away.
        say() {
            for (const [tag, { item, said, button, origin, always, required }] of this.items) {
                const row = this.row(tag)?.closest("[data-streamfield-child]");
                const value = (name) => row?.querySelector(`input[name$="-${name}"]`)?.value.trim() || "";
                const source = value("source");
                const parts = [source ? fill(this.words.source, { source }) : origin];
                if (row) {
                    parts.push(value("default") ? fill(this.words.default, { default: value("default") }) : this.words.blank);
                } else {
                    parts.push((always && this.words.always) || (required ? this.words.missing : this.words.handled));
                }
                const words = parts.filter(Boolean).join("; ");
                if (said.textContent !== words) said.textContent = words;
                item.classList.toggle("wj-merge-tags__missing", !row && !always && required);
                const label = row ? this.words.change : this.words.add;
                if (button.textContent !== label) {
                    button.textContent = label;
                    button.setAttribute("aria-label", `${label}: ${tag}`);
                }
            }
        }

        // To the line of the tag, a new one where there is none.
        open(tag) {
            let input = this.row(tag);
            const added = !input;
            if (added) {
                const before = new Set(this.inputs("tag"));
                [...this.element.querySelectorAll("[data-streamfield-list-add]")].pop()?.click();
                input = this.inputs("tag").find((other) => !before.has(other));
                if (!input) return;
                input.value = tag;
                input.dispatchEvent(new Event("change", { bubbles: true }));
            }
            const text = input.closest("[data-streamfield-child]").querySelector('input[name$="-default"]');
            text.focus();
            // A line that has just been added takes the focus to its first field once it is there: on to the second.
            if (!added) return;
            const onward = () => text.focus();
            input.addEventListener("focus", onward, { once: true });
            setTimeout(() => input.removeEventListener("focus", onward), LOOK);
        }
    }

    window.wagtail.app.register("wj-merge-tags", MergeTags);
})();
