/* The map of a campaign's steps. It keeps nothing: the server draws what stands in the form, and a move changes the form. */

(() => {
    const { Controller } = window.StimulusModule;
    const DEBOUNCE = 300; // ms after the last key
    const LOOK = 1000; // ms between two looks for what no event tells: choosers, blocks moved or deleted in the form
    const STREAMS = /^(trigger|steps|filters|goal|exits)-/;
    const FAR = 5; // pixels that the pointer goes before it drags
    const NEAR = 90; // pixels from a place, within which a step is dropped there
    const EDGE = 40; // pixels at the edges of the frame that make it scroll
    const [SMALLEST, LARGEST, ZOOM] = [0.3, 1.5, 1.25];

    const answersOf = (form) => {
        const data = new URLSearchParams();
        for (const [name, value] of new FormData(form)) {
            if (typeof value === "string" && STREAMS.test(name)) data.append(name, value);
        }
        return data;
    };

    /* Every stream of steps by "<step>/<arm>" ("/" for the campaign's own), and where each step stands in them. */
    const survey = (root) => {
        const { ListBlock, StreamBlock } = window.wagtailStreamField.blocks;
        const streams = new Map();
        const steps = new Map();
        const visit = (stream, parent, arm) => {
            streams.set(`${parent}/${arm}`, stream);
            stream.children.forEach((child, index) => {
                steps.set(child.id, { child, stream, parent, arm, index });
                Object.entries(child.block.childBlocks || {}).forEach(([name, block]) => {
                    if (block instanceof StreamBlock) visit(block, child.id, name);
                    if (!(block instanceof ListBlock)) return;
                    block.children.forEach((item, number) => {
                        const inner = item.block.childBlocks?.steps;
                        if (inner) visit(inner, child.id, item.id || `${number + 1}`);
                    });
                });
            });
        };
        visit(root, "", "");
        return { streams, steps };
    };

    /* Open whatever is closed around an element, and bring it into sight. */
    const reveal = (element) => {
        for (let panel = element.closest("[data-panel]"); panel; panel = panel.parentElement.closest("[data-panel]")) {
            const toggle = panel.querySelector(":scope > .w-panel__header [data-panel-toggle]");
            if (toggle?.getAttribute("aria-expanded") === "false") toggle.click();
        }
        const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
        element.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
    };

    const fill = (words, values) => words.replace(/%\((\w+)\)s/g, (_found, name) => values[name] ?? "");

    class FlowMap extends Controller {
        static targets = ["frame", "chosen", "needs", "places", "undo", "spoken", "failed"];
        static values = { url: String, depth: Number, words: Object };

        connect() {
            this.form = this.element.closest("form");
            this.zoom = 1;
            this.undoable = [];
            this.sentences = {};
            this.last = null;
            this.turn = Promise.resolve();
            this.letGo = Promise.resolve();
            this.changed = () => this.schedule();
            this.toggled = () => window.setTimeout(() => this.showSentences());
            this.entered = (event) => this.follow(event.target);
            this.form.addEventListener("input", this.changed);
            this.form.addEventListener("change", this.changed);
            this.form.addEventListener("wagtail:panel-toggle", this.toggled, true);
            this.form.addEventListener("focusin", this.entered);
            ["click", "keydown", "focusin", "pointerdown", "pointermove", "pointerup", "pointercancel"].forEach((name) => {
                this.frameTarget.addEventListener(name, (event) => this[`on${name}`](event));
            });
            this.looking = window.setInterval(() => document.hidden || this.look(), LOOK);
            this.dress();
            this.center();
            this.look();
        }

        disconnect() {
            this.form.removeEventListener("input", this.changed);
            this.form.removeEventListener("change", this.changed);
            this.form.removeEventListener("wagtail:panel-toggle", this.toggled, true);
            this.form.removeEventListener("focusin", this.entered);
            window.clearInterval(this.looking);
            window.clearTimeout(this.typing);
            this.request?.abort();
        }

        // What is drawn

        schedule() {
            window.clearTimeout(this.typing);
            this.typing = window.setTimeout(() => this.look(), DEBOUNCE);
        }

        async look() {
            if (this.drag || !this.root) return; // in the middle of something, or the form is not there yet
            const answers = answersOf(this.form);
            const packed = answers.toString();
            if (packed === this.last) return;
            this.last = packed;
            this.request?.abort();
            const request = new AbortController();
            this.request = request;
            try {
                const response = await fetch(this.urlValue, {
                    method: "POST",
                    body: answers,
                    credentials: "same-origin",
                    signal: request.signal,
                    headers: { "X-CSRFToken": this.form.elements.csrfmiddlewaretoken.value },
                });
                if (!response.ok) throw new Error(`${response.status}`);
                const answer = await response.json();
                await this.letGo;
                if (request.signal.aborted) return; // what was done meanwhile has been asked about already
                this.sentences = answer.sentences;
                this.draw(answer.html);
                this.showSentences();
                this.failedTarget.hidden = true;
                if (!this.arrived) this.arrive();
            } catch (error) {
                if (error.name === "AbortError") return;
                this.last = null; // and once more with the next look
                this.failedTarget.textContent = this.wordsValue.failed;
                this.failedTarget.hidden = false;
            }
        }

        /* Whoever comes for one step, from the review, sees it on the map and in the form, once the form has its height. */
        arrive() {
            this.arrived = true;
            const [, id] = decodeURIComponent(window.location.hash).match(/^#:w:contentpath=steps\.(?:.*\.)?([^.]+)$/) || [];
            const found = survey(this.root).steps.get(id);
            if (!found || !this.node(id)) return;
            this.choose(id);
            this.bringIntoFrame(this.node(id));
            reveal(found.child.element);
        }

        draw(html) {
            const frame = this.frameTarget;
            const [left, top, focused] = [frame.scrollLeft, frame.scrollTop, frame.contains(document.activeElement)];
            this.html = html;
            frame.innerHTML = html;
            this.dress();
            frame.scrollTo(left, top);
            if (focused) (this.node(this.chosen) || this.nodes[0]).focus({ preventScroll: true });
            if (this.node(this.chosen)) this.bringIntoFrame(this.node(this.chosen));
        }

        /* What the drawing does not know: how large it is shown, and which step is chosen. */
        dress() {
            const { svg } = this;
            svg.style.width = `${svg.viewBox.baseVal.width * this.zoom}px`;
            svg.style.height = `${svg.viewBox.baseVal.height * this.zoom}px`;
            this.choose(this.node(this.chosen) ? this.chosen : null);
        }

        get svg() {
            return this.frameTarget.querySelector("svg.wj-flow-chart");
        }

        get nodes() {
            return [...this.frameTarget.querySelectorAll("[data-step]")];
        }

        get slots() {
            return [...this.frameTarget.querySelectorAll(".wj-flow-slot")];
        }

        get root() {
            return document.getElementById("steps-root")?.rootBlock;
        }

        node(id) {
            return id ? this.nodes.find((node) => node.dataset.step === id) : undefined;
        }

        /* The heading of a block says what the block says. */
        showSentences() {
            this.form.querySelectorAll("[data-streamfield-child][data-contentpath]").forEach((block) => {
                const sentence = this.sentences[block.dataset.contentpath];
                const heading = block.querySelector(":scope > section > .w-panel__header [data-panel-heading-text]");
                if (!heading || !sentence) return;
                if (heading.textContent !== sentence) heading.textContent = sentence;
                block.classList.add("wj-said");
            });
        }

        say(text) {
            this.spokenTarget.textContent = "";
            window.setTimeout(() => {
                this.spokenTarget.textContent = text;
            }, 50);
        }

        // Which step is chosen

        choose(id) {
            this.chosen = id;
            const chosen = this.node(id);
            this.nodes.forEach((node) => {
                node.setAttribute("tabindex", node === (chosen || this.nodes[0]) ? "0" : "-1");
                node.classList.toggle("wj-flow-chosen", node === chosen);
            });
            const step = chosen?.dataset.index !== undefined;
            this.needsTargets.forEach((control) => {
                control.disabled = !step;
            });
            this.chosenTarget.textContent = step ? chosen.dataset.sentence : this.wordsValue.none;
        }

        /* Whoever works in the form sees on the map where. */
        follow(target) {
            if (this.element.contains(target) || this.drag) return;
            for (let block = target.closest("[data-contentpath]"); block; block = block.parentElement.closest("[data-contentpath]")) {
                const node = this.node(block.dataset.contentpath);
                if (node) {
                    this.choose(node.dataset.step);
                    this.bringIntoFrame(node);
                    return;
                }
            }
        }

        bringIntoFrame(node) {
            const [box, frame] = [node.getBoundingClientRect(), this.frameTarget.getBoundingClientRect()];
            const by = (low, high, from, to) => Math.min(0, low - from - 16) || Math.max(0, high - to + 16);
            this.frameTarget.scrollBy(by(box.left, box.right, frame.left, frame.right), by(box.top, box.bottom, frame.top, frame.bottom));
        }

        center() {
            this.frameTarget.scrollLeft = (this.frameTarget.scrollWidth - this.frameTarget.clientWidth) / 2;
        }

        // Open, add

        open() {
            const found = this.chosen === "trigger" ? null : survey(this.root).steps.get(this.chosen);
            const block = found ? found.child : document.getElementById("trigger-root")?.rootBlock;
            const element = found ? found.child.element : block?.element;
            if (!element) return;
            const toggle = found && element.querySelector("[data-panel-toggle]");
            if (toggle?.getAttribute("aria-expanded") === "false") toggle.click();
            reveal(element);
            if (block.children?.length === 0) element.querySelector("button")?.focus({ preventScroll: true });
            else block.focus({ soft: true });
            element.classList.add("wj-found");
            window.setTimeout(() => element.classList.remove("wj-found"), 1500);
        }

        /* The form's own menu of steps opens where the new one shall stand. */
        add({ parent, arm, index }) {
            const inserter = survey(this.root).streams.get(`${parent}/${arm}`)?.inserters[Number(index)];
            if (!inserter) return;
            reveal(inserter.element);
            const button = inserter.element.querySelector("button") || inserter.element;
            button.focus({ preventScroll: true });
            button.click();
            window.setTimeout(() => inserter.combobox?.querySelector("input")?.focus({ preventScroll: true }));
        }

        addBehind() {
            const at = this.node(this.chosen)?.dataset;
            if (at?.index !== undefined) this.add({ ...at, index: Number(at.index) + 1 });
            else this.add({ parent: "", arm: "", index: at ? 0 : this.root.children.length });
        }

        // Move

        /* One after the other: each move sees the map as the one before has left it. */
        inTurn(move) {
            this.turn = this.turn.then(move).catch(() => {});
            return this.turn;
        }

        allowed(node, parent, depth) {
            if (Number(depth) + Number(node.dataset.levels) > this.depthValue) return false;
            for (let around = this.node(parent); around; around = this.node(around.dataset.parent)) {
                if (around === node) return false;
            }
            return true;
        }

        /* Put a step before number ``index`` of a stream, as it is counted without the step itself. */
        put(id, parent, arm, index) {
            const { streams, steps } = survey(this.root);
            const { child, stream, index: from } = steps.get(id) || {};
            const to = streams.get(`${parent}/${arm}`);
            if (!child || !to || (to === stream && index === from)) return false;
            if (to === stream) {
                stream.moveBlock(from, index);
            } else {
                const closed = child.toggleElement.getAttribute("aria-expanded") === "false";
                const state = child.getState();
                stream.deleteBlock(from);
                to.insert(state, Math.min(index, to.children.length), { collapsed: closed });
            }
            to.countInput[0].dispatchEvent(new Event("change", { bubbles: true }));
            return true;
        }

        async move(id, parent, arm, index, place) {
            const node = this.node(id);
            const words = { step: node.dataset.sentence, depth: this.depthValue, place };
            const depth = parent ? Number(this.node(parent).dataset.depth) + 1 : 0;
            if (!this.allowed(node, parent, depth)) {
                this.say(fill(this.wordsValue.deep, words));
                return;
            }
            const before = node.dataset;
            const step = { id, parent: before.parent, arm: before.arm, index: Number(before.index), sentence: before.sentence };
            if (!this.put(id, parent, arm, index)) return;
            this.undoable.push(step);
            this.undoTarget.disabled = false;
            this.choose(id);
            await this.look();
            const at = place || this.node(id)?.getAttribute("aria-label").replace(/^.*\(|\).*$/g, "");
            this.say(fill(this.wordsValue.moved, { ...words, place: at }));
        }

        moveToSlot(id, slot) {
            const { parent, arm } = slot.dataset;
            const at = this.node(id).dataset;
            const below = at.parent === parent && at.arm === arm && Number(slot.dataset.index) > Number(at.index);
            return this.move(id, parent, arm, Number(slot.dataset.index) - (below ? 1 : 0), slot.dataset.words);
        }

        async undo() {
            await this.inTurn(async () => {
                const step = this.undoable.pop();
                if (!step) return;
                this.put(step.id, step.parent, step.arm, step.index);
                this.choose(step.id);
                await this.look();
                this.say(fill(this.wordsValue.back, { step: step.sentence }));
            });
            this.undoTarget.disabled = this.undoable.length === 0;
        }

        earlier() {
            this.inTurn(() => this.along(-1));
        }

        later() {
            this.inTurn(() => this.along(1));
        }

        get chosenStep() {
            const at = this.node(this.chosen)?.dataset;
            return at?.index === undefined ? null : { ...at, index: Number(at.index) };
        }

        /* Up or down in its stream; at the end of an arm, out of it. */
        along(by) {
            const at = this.chosenStep;
            if (!at) return null;
            const length = survey(this.root).streams.get(`${at.parent}/${at.arm}`).children.length;
            const next = at.index + by;
            if (next >= 0 && next < length) return this.move(at.step, at.parent, at.arm, next);
            return this.out(at, by > 0 ? 1 : 0);
        }

        out(at, behind) {
            const parent = this.node(at.parent)?.dataset;
            if (parent) return this.move(at.step, parent.parent, parent.arm, Number(parent.index) + behind);
            return this.say(fill(this.wordsValue.first, { step: at.sentence }));
        }

        /* Into the arm beside it; else to the right into the step before it, to the left out of the arms. */
        aside(by) {
            const at = this.chosenStep;
            if (!at) return null;
            const { streams } = survey(this.root);
            const arms = at.parent ? JSON.parse(this.node(at.parent).dataset.arms) : [];
            const beside = arms[arms.indexOf(at.arm) + by];
            if (at.parent && beside) {
                return this.move(at.step, at.parent, beside, Math.min(at.index, streams.get(`${at.parent}/${beside}`).children.length));
            }
            if (by < 0) return this.out(at, 1);
            const before = this.nodes.find(({ dataset: { parent, arm, index } }) => {
                return parent === at.parent && arm === at.arm && Number(index) === at.index - 1;
            })?.dataset;
            const [first] = before ? JSON.parse(before.arms) : [];
            if (!first) return this.say(fill(this.wordsValue.first, { step: at.sentence }));
            return this.move(at.step, before.step, first, streams.get(`${before.step}/${first}`).children.length);
        }

        /* The menu lists the places where the chosen step may go, when somebody comes to it. */
        offer() {
            const node = this.node(this.chosen);
            if (!node) return;
            const [nothing] = this.placesTarget.options;
            const options = this.slots.flatMap((slot, number) => {
                const { parent, arm, index, depth, words } = slot.dataset;
                const here = parent === node.dataset.parent && arm === node.dataset.arm;
                const same = here && [0, 1].includes(Number(index) - Number(node.dataset.index));
                return same || !this.allowed(node, parent, depth) ? [] : [new Option(words, number)];
            });
            this.placesTarget.replaceChildren(nothing, ...options);
        }

        moveTo() {
            const slot = this.placesTarget.value && this.slots[Number(this.placesTarget.value)];
            this.placesTarget.value = "";
            if (slot) this.inTurn(() => this.moveToSlot(this.chosen, slot));
        }

        // Size

        resize(zoom) {
            this.zoom = Math.min(LARGEST, Math.max(SMALLEST, zoom));
            this.dress();
        }

        larger() {
            this.resize(this.zoom * ZOOM);
        }

        smaller() {
            this.resize(this.zoom / ZOOM);
        }

        fit() {
            const { width, height } = this.svg.viewBox.baseVal;
            const { clientWidth, clientHeight } = this.frameTarget;
            this.resize(Math.min(1, clientWidth / width, clientHeight / height));
        }

        // Keyboard and mouse

        onfocusin(event) {
            const node = event.target.closest("[data-step]");
            if (node) this.choose(node.dataset.step);
        }

        onclick(event) {
            if (this.dragged) return;
            const slot = event.target.closest(".wj-flow-slot");
            const node = event.target.closest("[data-step]");
            if (slot) this.add(slot.dataset);
            else if (node) {
                this.choose(node.dataset.step);
                this.open();
            }
        }

        onkeydown(event) {
            const keys = {
                ArrowUp: () => (event.altKey ? this.earlier() : this.go(0, -1)),
                ArrowDown: () => (event.altKey ? this.later() : this.go(0, 1)),
                ArrowLeft: () => (event.altKey ? this.inTurn(() => this.aside(-1)) : this.go(-1, 0)),
                ArrowRight: () => (event.altKey ? this.inTurn(() => this.aside(1)) : this.go(1, 0)),
                Home: () => this.nodes[0].focus(),
                End: () => this.nodes.at(-1).focus(),
                Enter: () => event.target.dispatchEvent(new MouseEvent("click", { bubbles: true })),
                Insert: () => this.addBehind(),
                "+": () => this.addBehind(),
                Escape: () => this.drag && this.release(true),
            };
            keys[" "] = keys.Enter;
            const undo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
            const act = undo ? () => this.undo() : keys[event.key];
            if (!act || (!undo && (event.ctrlKey || event.metaKey))) return;
            event.preventDefault();
            event.stopPropagation();
            act();
        }

        /* The nearest step in a direction; what lies straight ahead counts as nearer. */
        go(x, y) {
            const middle = (node) => {
                const box = node.getBoundingClientRect();
                return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
            };
            const here = this.node(this.chosen) || this.nodes[0];
            const from = middle(here);
            const distance = (node) => {
                const to = middle(node);
                const ahead = (to.x - from.x) * x + (to.y - from.y) * y;
                const beside = Math.abs((to.x - from.x) * y) + Math.abs((to.y - from.y) * x);
                return ahead < 2 ? Infinity : ahead + beside * 2;
            };
            const next = this.nodes.filter((node) => distance(node) < Infinity).sort((a, b) => distance(a) - distance(b))[0];
            if (!next) return;
            next.focus({ preventScroll: true });
            this.bringIntoFrame(next);
        }

        onpointerdown(event) {
            this.dragged = false;
            // A drawing that is exchanged between the press of a button and its release swallows the click.
            this.letGo = new Promise((resolve) => {
                ["pointerup", "pointercancel"].forEach((name) => {
                    window.addEventListener(name, () => window.setTimeout(resolve), { once: true });
                });
            });
            const node = event.target.closest("[data-index][data-step]");
            if (!node || event.button !== 0 || event.pointerType === "touch") return;
            this.pressed = { node, x: event.clientX, y: event.clientY };
        }

        onpointermove(event) {
            if (!this.pressed) return;
            const { node, x, y } = this.pressed;
            if (!this.drag) {
                if (Math.hypot(event.clientX - x, event.clientY - y) < FAR) return;
                this.grab(node, event.pointerId);
            }
            const frame = this.frameTarget.getBoundingClientRect();
            const pull = (at, low, high) => Math.min(0, at - low - EDGE) / 4 || Math.max(0, at - high + EDGE) / 4;
            this.frameTarget.scrollBy(pull(event.clientX, frame.left, frame.right), pull(event.clientY, frame.top, frame.bottom));
            const at = this.onDrawing(event);
            node.setAttribute("transform", `translate(${at.x - this.drag.from.x} ${at.y - this.drag.from.y})`);
            const near = this.drag.slots
                .map((slot) => ({ slot, far: Math.hypot(slot.dataset.x - at.x, slot.dataset.y - at.y) }))
                .sort((a, b) => a.far - b.far)[0];
            this.drag.slot = near?.far < NEAR ? near.slot : null;
            this.drag.slots.forEach((slot) => slot.classList.toggle("wj-flow-near", slot === this.drag.slot));
        }

        onpointerup() {
            this.pressed = null;
            if (this.drag) this.release(false);
        }

        onpointercancel() {
            this.pressed = null;
            if (this.drag) this.release(true);
        }

        onDrawing(event) {
            const box = this.svg.getBoundingClientRect();
            return { x: (event.clientX - box.left) / this.zoom, y: (event.clientY - box.top) / this.zoom };
        }

        grab(node, pointer) {
            this.frameTarget.setPointerCapture(pointer);
            this.dragged = true;
            this.choose(node.dataset.step);
            const behind = node.nextSibling;
            this.svg.append(node); // above the others
            node.focus({ preventScroll: true });
            const allowed = this.slots.filter(({ dataset }) => this.allowed(node, dataset.parent, dataset.depth));
            this.drag = {
                node,
                behind,
                slots: allowed,
                from: this.onDrawing({ clientX: this.pressed.x, clientY: this.pressed.y }),
            };
            this.element.classList.add("wj-map--moving");
            node.classList.add("wj-flow-dragged");
            allowed.forEach((slot) => slot.classList.add("wj-flow-open"));
        }

        release(cancelled) {
            const { node, behind, slot, slots } = this.drag;
            behind.before(node);
            node.focus({ preventScroll: true });
            this.drag = null;
            this.pressed = null;
            this.element.classList.remove("wj-map--moving");
            node.classList.remove("wj-flow-dragged");
            node.removeAttribute("transform");
            slots.forEach((one) => one.classList.remove("wj-flow-open", "wj-flow-near"));
            if (cancelled || !slot) this.say(this.wordsValue.cancelled);
            else this.inTurn(() => this.moveToSlot(node.dataset.step, slot));
        }
    }

    window.wagtail.app.register("wj-flow-map", FlowMap);
})();
