/* Fields that come and go with the value of another field of the same line: see wagtail_journeys/segments/rows.py. */

(() => {
    class ShownWhen extends window.StimulusModule.Controller {
        static values = { rules: Array };

        connect() {
            this.wrapper = this.element.closest("[data-contentpath]");
            this.line = this.findLine();
            this.update = this.update.bind(this);
            this.line?.addEventListener("change", this.update);
            this.line?.addEventListener("input", this.update);
            this.update();
        }

        disconnect() {
            this.line?.removeEventListener("change", this.update);
            this.line?.removeEventListener("input", this.update);
        }

        /* The nearest box around the field that also holds the field which the first rule names. */
        findLine() {
            const end = this.element.closest("[data-streamfield-child]");
            let box = this.wrapper?.parentElement;
            while (box && !this.field(box, this.rulesValue[0][0])) {
                box = box === end ? null : box.parentElement;
            }
            return box;
        }

        field(box, name) {
            return box.querySelector(`:scope > [data-contentpath="${CSS.escape(name)}"]`);
        }

        valueOf(name) {
            const field = this.field(this.line, name);
            const control =
                field?.querySelector("input[type=radio]:checked") || field?.querySelector("select, input, textarea");
            if (!control) return null;
            return control.type === "checkbox" ? String(control.checked) : control.value;
        }

        update() {
            if (!this.line) return;
            const shown = this.rulesValue.every(
                ([name, values, wanted]) => values.includes(this.valueOf(name)) === wanted,
            );
            this.wrapper.hidden = !shown && !this.wrapper.querySelector(".w-field--error");
        }
    }

    window.wagtail.app.register("wj-shown-when", ShownWhen);
})();
