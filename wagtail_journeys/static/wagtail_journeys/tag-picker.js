// Beside a field of an email: a button that opens the list of merge tags and puts the one that was picked where the
// cursor was, with what to write where there is no value. The list is asked for once.
(() => {
    const make = (name, props = {}, ...children) => {
        const made = Object.assign(document.createElement(name), props);
        made.append(...children);
        return made;
    };
    let asked = null;
    let dialog = null;

    // A dialog of the browser's own: it keeps the focus, and Escape closes it.
    class Dialog {
        constructor({ tags, words }) {
            this.words = words;
            this.tags = tags;
            this.search = make("input", { type: "text", id: "wj-tag-search", autocomplete: "off" });
            this.fallback = make("input", { type: "text", id: "wj-tag-default", autocomplete: "off" });
            this.list = make("div", { className: "wj-tag-dialog__list" });
            this.none = make("p", { textContent: words.none, hidden: true, role: "status" });
            const close = make("button", { type: "button", className: "button button-secondary", textContent: words.close });
            const heading = make("h2", { textContent: words.heading, id: "wj-tag-heading" });
            const inside = make(
                "div",
                { className: "wj-tag-dialog__inside" },
                heading,
                make("label", { htmlFor: this.search.id, textContent: words.search }),
                this.search,
                make("label", { htmlFor: this.fallback.id, textContent: words.default }),
                this.fallback,
                this.list,
                this.none,
                close,
            );
            this.box = make("dialog", { className: "wj-tag-dialog" }, inside);
            this.box.setAttribute("aria-labelledby", heading.id);
            this.search.addEventListener("input", () => this.draw());
            this.search.addEventListener("keydown", (event) => {
                if (event.key !== "Enter") return;
                event.preventDefault();
                this.list.querySelector("button")?.click();
            });
            close.addEventListener("click", () => this.box.close());
            document.body.append(this.box);
        }

        open(pick) {
            this.pick = pick;
            this.search.value = this.fallback.value = "";
            this.draw();
            this.box.showModal();
            this.search.focus();
        }

        draw() {
            const typed = this.search.value.trim().toLowerCase();
            const found = this.tags.filter(({ tag, words }) => `${tag} ${words}`.toLowerCase().includes(typed));
            const groups = Map.groupBy ? Map.groupBy(found, ({ group }) => group) : new Map([["", found]]);
            this.list.replaceChildren(
                ...[...groups].flatMap(([group, tags]) => [
                    make("h3", { textContent: group }),
                    make("ul", {}, ...tags.map((tag) => make("li", {}, this.button(tag)))),
                ]),
            );
            this.none.hidden = found.length > 0;
        }

        button({ tag, words, always }) {
            const button = make(
                "button",
                { type: "button" },
                make("code", { textContent: tag }),
                make("span", { textContent: words }),
            );
            button.addEventListener("click", () => {
                const said = this.fallback.value.trim().replaceAll('"', "'").replaceAll(/[<>{}]/g, "");
                this.box.close();
                this.pick(always || !said ? `{{ ${tag} }}` : `{{ ${tag} | default: "${said}" }}`);
            });
            return button;
        }
    }

    const load = async (url) => {
        const answer = await fetch(url, { headers: { "X-Requested-With": "XMLHttpRequest" } });
        if (!answer.ok || answer.redirected) throw new Error(answer.status);
        return answer.json();
    };

    class TagPicker extends window.StimulusModule.Controller {
        static values = { url: String, label: String };

        connect() {
            this.button = make("button", {
                type: "button",
                className: "button button-small button-secondary wj-pick-tag",
                textContent: this.labelValue,
            });
            this.button.setAttribute("aria-haspopup", "dialog");
            this.button.addEventListener("click", () => this.open());
            // Behind everything that belongs to the field: a rich text editor stands beside its input.
            this.around.append(this.button);
        }

        disconnect() {
            this.button.remove();
        }

        // The controller stands on the input, or around one that is made later.
        get input() {
            return this.element.matches("input, textarea") ? this.element : this.element.querySelector("input, textarea");
        }

        get around() {
            const inside = this.input?.closest("[data-field-input]") || this.element.querySelector("[data-field-input]");
            return inside || this.input?.parentElement || this.element;
        }

        async open() {
            asked ||= load(this.urlValue);
            try {
                dialog ||= new Dialog(await asked);
            } catch {
                asked = null; // without the list, tags are typed
                return;
            }
            dialog.open((tag) => this.insert(tag));
        }

        insert(tag) {
            const input = this.input;
            const editor = input.draftailEditor;
            if (editor) {
                editor.focus();
                const box = this.around.querySelector('[contenteditable="true"]');
                // As if it had been pasted: the editor itself puts it where its cursor was.
                setTimeout(() => {
                    const data = new DataTransfer();
                    data.setData("text/plain", tag);
                    box?.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
                });
                return;
            }
            input.focus();
            input.setRangeText(tag, input.selectionStart, input.selectionEnd, "end");
            for (const name of ["input", "change"]) input.dispatchEvent(new Event(name, { bubbles: true }));
        }
    }

    window.wagtail.app.register("wj-tag-picker", TagPicker);
})();
