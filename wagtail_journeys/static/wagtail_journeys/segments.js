/* The editor of a segment: who matches while somebody types, why somebody does not, and the question before publishing. */

(() => {
    const { Controller } = window.StimulusModule;
    const DEBOUNCE = 300; // ms after the last key
    const LOOK = 1000; // ms between two looks for what no event tells: choosers, blocks moved or deleted
    const POLL = 1000; // ms between two looks at a count in the background
    const PATIENCE = 300; // ms after which the dialog opens although its numbers are still on their way

    /* What the form says about who belongs, and nothing else of it. */
    const answersOf = (form) => {
        const data = new URLSearchParams();
        for (const [name, value] of new FormData(form)) {
            if (typeof value === "string" && (name === "kind" || name === "match" || name.startsWith("rules-"))) {
                data.append(name, value);
            }
        }
        return data;
    };

    const ask = async (url, body, signal) => {
        const options = { credentials: "same-origin", signal, headers: { Accept: "application/json" } };
        if (body) {
            options.method = "POST";
            options.body = body;
            options.headers["X-CSRFToken"] = document.querySelector("[name=csrfmiddlewaretoken]").value;
        }
        const response = await fetch(url, options);
        if (!response.ok) throw new Error(`${response.status}`);
        return response.json();
    };

    const blockOf = (form, id) => form.querySelector(`[data-streamfield-child][data-contentpath="${CSS.escape(id)}"]`);
    const inHeader = (block, selector) => block?.querySelector(`:scope > section > .w-panel__header ${selector}`);

    class Audience extends Controller {
        static targets = ["found", "spoken", "progress", "dialog", "effect"];
        static values = { url: String, effectUrl: String, failed: String, counting: String, words: Object };

        connect() {
            this.form = this.element.closest("form");
            this.sentences = {};
            this.last = null;
            this.bound = {
                input: () => this.schedule(),
                toggle: () => window.setTimeout(() => this.showSentences()),
                click: (event) => this.intercept(event),
            };
            this.form.addEventListener("input", this.bound.input);
            this.form.addEventListener("change", this.bound.input);
            this.form.addEventListener("wagtail:panel-toggle", this.bound.toggle, true);
            this.form.addEventListener("click", this.bound.click, true);
            this.looking = window.setInterval(() => document.hidden || this.look(), LOOK);
            this.look();
        }

        disconnect() {
            this.form.removeEventListener("input", this.bound.input);
            this.form.removeEventListener("change", this.bound.input);
            this.form.removeEventListener("wagtail:panel-toggle", this.bound.toggle, true);
            this.form.removeEventListener("click", this.bound.click, true);
            window.clearInterval(this.looking);
            window.clearTimeout(this.typing);
            window.clearTimeout(this.polling);
            this.request?.abort();
        }

        schedule() {
            window.clearTimeout(this.typing);
            this.typing = window.setTimeout(() => this.look(), DEBOUNCE);
        }

        look() {
            if (!this.form.querySelector('[name="rules-count"]')) return; // the stream is not drawn yet
            const answers = answersOf(this.form);
            const packed = answers.toString();
            if (packed === this.last) return;
            this.last = packed;
            this.join();
            this.ask(answers);
        }

        async ask(answers) {
            this.request?.abort();
            window.clearTimeout(this.polling);
            const request = new AbortController();
            this.request = request;
            this.foundTarget.setAttribute("aria-busy", "true");
            try {
                const answer = await ask(this.urlValue, answers, request.signal);
                this.foundTarget.innerHTML = answer.html;
                this.sentences = answer.sentences || {};
                this.showSentences();
                this.say(this.foundTarget.querySelector(".wj-number")?.textContent);
                this.showProgress("");
                if (answer.progress) this.poll(answer.progress, request);
                this.form.dispatchEvent(new CustomEvent("wj-audience:changed"));
            } catch (error) {
                if (error.name === "AbortError") return;
                this.showProgress(this.failedValue);
                this.last = null; // and once more with the next look
            }
            if (this.request === request) this.foundTarget.removeAttribute("aria-busy");
        }

        poll(key, request) {
            this.polling = window.setTimeout(async () => {
                try {
                    const answer = await ask(new URL(`${key}/`, new URL(this.urlValue, window.location)), null, request.signal);
                    if (answer.html) {
                        this.foundTarget.querySelector("[data-wj-number]").innerHTML = answer.html;
                        this.say(this.foundTarget.querySelector(".wj-number").textContent);
                    }
                    this.showProgress(answer.text || "");
                    if (!answer.done) this.poll(key, request);
                } catch (error) {
                    if (error.name !== "AbortError") this.poll(key, request);
                }
            }, POLL);
        }

        showProgress(text) {
            this.progressTarget.textContent = text;
            this.progressTarget.hidden = !text;
        }

        /* Read out only when it says something new. */
        say(text = "") {
            const words = text.replace(/\s+/g, " ").trim();
            if (this.spokenTarget.textContent !== words) this.spokenTarget.textContent = words;
        }

        /* The heading of a block says what its rule says. */
        showSentences() {
            Object.entries(this.sentences).forEach(([id, sentence]) => {
                const heading = inHeader(blockOf(this.form, id), "[data-panel-heading-text]");
                if (heading && sentence) heading.textContent = sentence;
            });
        }

        /* Between two rules stands what joins them: and, or, nor. */
        join() {
            this.form.querySelectorAll('[data-contentpath="rules"] [data-streamfield-stream-container]').forEach((stream) => {
                const group = stream.closest(".wj-group");
                const match = group
                    ? group.querySelector(':scope > [data-contentpath="match"] select')
                    : this.form.elements.match;
                let first = true;
                stream.querySelectorAll(":scope > [data-streamfield-child]").forEach((block) => {
                    const gone = block.getAttribute("aria-hidden") === "true";
                    const word = first || gone ? "" : this.wordsValue[match?.value] || "";
                    if (word) block.dataset.wjWord = word;
                    else delete block.dataset.wjWord;
                    if (!gone) first = false;
                });
            });
        }

        /* Publishing asks first; saving a draft, scheduling and everything else does not. */
        intercept(event) {
            const button = event.target.closest?.('button[name="action-publish"]');
            if (!button || this.allowed || this.form.elements.go_live_at?.value) return;
            event.preventDefault();
            event.stopImmediatePropagation();
            this.button = button;
            this.question();
        }

        async question() {
            this.effectTarget.textContent = this.countingValue;
            const open = () => this.dialogTarget.open || this.dialogTarget.showModal();
            const waiting = window.setTimeout(open, PATIENCE);
            let html = "";
            try {
                ({ html = "" } = await ask(this.effectUrlValue, answersOf(this.form)));
            } catch {
                // Then it is published as without the question.
            }
            window.clearTimeout(waiting);
            if (!html) {
                this.dialogTarget.close();
                this.publish();
                return;
            }
            this.effectTarget.innerHTML = html;
            open();
        }

        publish() {
            this.allowed = true;
            this.dialogTarget.close();
            this.button.click();
            // Where the form was not sent after all, the next press asks again.
            window.setTimeout(() => {
                this.allowed = false;
            }, 0);
        }

        cancel() {
            this.dialogTarget.close();
        }
    }

    class Why extends Controller {
        static targets = ["who", "people", "answer", "clear"];
        static values = { url: String, people: String };

        connect() {
            this.form = this.element.closest("form");
            this.again = () => this.asked && this.ask();
            this.form.addEventListener("wj-audience:changed", this.again);
        }

        disconnect() {
            this.form.removeEventListener("wj-audience:changed", this.again);
            window.clearTimeout(this.typing);
        }

        suggest() {
            window.clearTimeout(this.typing);
            this.typing = window.setTimeout(async () => {
                try {
                    const query = new URLSearchParams({ q: this.whoTarget.value });
                    const { people } = await ask(`${this.peopleValue}?${query}`);
                    this.peopleTarget.replaceChildren(
                        ...people.map(({ value, label }) => Object.assign(document.createElement("option"), { value, label })),
                    );
                } catch {
                    // Nothing to offer.
                }
            }, 200);
        }

        async ask() {
            const who = this.whoTarget.value.trim();
            if (!who) {
                this.clear();
                return;
            }
            this.asked = true;
            this.request?.abort();
            this.request = new AbortController();
            const answers = answersOf(this.form);
            answers.set("wj-who", who);
            try {
                const answer = await ask(this.urlValue, answers, this.request.signal);
                this.answerTarget.innerHTML = answer.html;
                this.unmark();
                Object.entries(answer.marks || {}).forEach(([id, mark]) => this.mark(id, mark));
                this.clearTarget.hidden = false;
            } catch {
                // Another question came in between, or the site does not answer: what is there stays.
            }
        }

        clear() {
            this.asked = false;
            this.whoTarget.value = "";
            this.answerTarget.replaceChildren();
            this.clearTarget.hidden = true;
            this.unmark();
        }

        mark(id, { state, words, fact }) {
            const header = inHeader(blockOf(this.form, id), "[data-panel-heading]");
            if (!header) return;
            const mark = document.createElement("span");
            mark.className = `wj-answer wj-answer--${state}`;
            mark.dataset.wjMark = "";
            mark.textContent = words;
            if (fact) mark.title = fact;
            header.append(mark);
        }

        unmark() {
            this.form.querySelectorAll("[data-wj-mark]").forEach((mark) => mark.remove());
        }
    }

    window.wagtail.app.register("wj-audience", Audience);
    window.wagtail.app.register("wj-why", Why);
})();
