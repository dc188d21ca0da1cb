// A list of the campaign's steps in the place of a text field that keeps the id of one. The steps are read from the
// form as it stands, so that those which have not been saved yet can be chosen as well.
(() => {
    const STEP = ".wj-step";
    const HEADING = "[data-panel-heading-text]";

    const text = (element) => (element?.textContent || "").trim().replace(/\s+/g, " ");

    class StepChoice extends window.StimulusModule.Controller {
        static values = { only: String, empty: String, armsOf: String, gone: String };

        connect() {
            this.select = document.createElement("select");
            this.select.setAttribute("aria-label", this.label());
            const described = this.element.getAttribute("aria-describedby");
            if (described) this.select.setAttribute("aria-describedby", described);
            this.element.after(this.select);
            this.element.hidden = true;
            this.fill = this.fill.bind(this);
            this.select.addEventListener("focus", this.fill);
            this.select.addEventListener("mousedown", this.fill);
            this.select.addEventListener("change", () => {
                this.element.value = this.select.value;
                this.element.dispatchEvent(new Event("input", { bubbles: true }));
                this.element.dispatchEvent(new Event("change", { bubbles: true }));
            });
            // What this row says may change which ways out there are; what the others say is read when needed.
            this.row = this.element.closest("[data-streamfield-child]");
            this.row?.addEventListener("change", this.fill);
            // The value, and the steps behind this one, come when the form has been built.
            this.timer = setTimeout(this.fill);
        }

        disconnect() {
            clearTimeout(this.timer);
            this.row?.removeEventListener("change", this.fill);
            this.select.remove();
            this.element.hidden = false;
        }

        label() {
            const label = this.element.form?.querySelector(`label[for="${CSS.escape(this.element.id)}"]`);
            return text(label).replace(/\*$/, "");
        }

        fill(event) {
            if (event?.target === this.select && event.type === "change") return;
            const value = this.element.value;
            const found = this.armsOfValue ? this.arms() : this.steps();
            const options = [["", this.emptyValue || "—"], ...found];
            if (value && !found.some(([id]) => id === value)) options.push([value, this.goneValue]);
            const signature = JSON.stringify(options);
            if (signature !== this.signature) {
                this.signature = signature;
                this.select.replaceChildren(...options.map(([id, words]) => new Option(words, id)));
            }
            this.select.value = value;
        }

        boxes() {
            return [...(this.element.form?.querySelectorAll(STEP) || [])]
                .map((box) => box.closest("[data-streamfield-child]"))
                .filter((child) => child && child.querySelector('input[name$="-deleted"]')?.value !== "1");
        }

        steps() {
            return this.boxes()
                .map((child, number) => [child, number + 1])
                .filter(([child]) => !this.onlyValue || this.kind(child) === this.onlyValue)
                .map(([child, number]) => [this.id(child), `${number}. ${this.name(child)}`])
                .filter(([id]) => id);
        }

        id(child) {
            return child.querySelector('input[name$="-id"]')?.value || child.dataset.contentpath || "";
        }

        kind(child) {
            return child.querySelector('input[name$="-type"]')?.value || "";
        }

        name(child) {
            const heading = text(child.querySelector("[data-panel-heading-text]"));
            const details = text(child.querySelector(".c-sf-block__title"));
            return (details && !heading.includes(details) ? `${heading}: ${details}` : heading).slice(0, 80);
        }

        // The ways out of the step that another field of the row names: streams of steps inside of it, and the items of
        // its list of arms.
        arms() {
            const field = this.row?.querySelector(`[data-contentpath="${CSS.escape(this.armsOfValue)}"] input`);
            const step = this.boxes().find((child) => this.id(child) === field?.value);
            if (!step) return [];
            const box = step.querySelector(STEP);
            const mine = (element) => element.closest(STEP) === box;
            const items = [...box.querySelectorAll('[data-contentpath="arms"] [data-streamfield-child]')].filter(
                (item) => mine(item) && item.querySelector('[data-contentpath="label"]')?.closest("[data-streamfield-child]") === item,
            );
            const listed = items.map((item, number) => [
                this.id(item),
                item.querySelector('[data-contentpath="label"] input')?.value || `${number + 1}`,
            ]);
            const streams = [...box.querySelectorAll("[data-contentpath]")].filter(
                (part) =>
                    mine(part) &&
                    part.parentElement.closest("[data-contentpath]") === step &&
                    part.querySelector("[data-streamfield-stream-container]") &&
                    !["conditions", "arms"].includes(part.dataset.contentpath),
            );
            const fixed = streams.map((part) => [
                part.dataset.contentpath,
                text(part.querySelector("label, .w-field__label, [data-panel-heading-text]")) || part.dataset.contentpath,
            ]);
            return [...listed, ...fixed];
        }
    }

    window.wagtail.app.register("wj-step-choice", StepChoice);
})();
