// A list of any length of which only what is to be seen has elements.
class List {
    constructor(label, draw, choose) {
        this.rows = []; this.on = -1; this.draw = draw; this.choose = choose; this.pool = [];
        this.all = h('div', { class: 'all', role: 'presentation' });
        this.root = h('div', { class: 'list', tabIndex: 0, role: 'listbox', 'aria-label': label,
            onscroll: () => this.render(), onkeydown: event => this.key(event) }, this.all);
        new ResizeObserver(() => this.render()).observe(this.root);
    }
    set(rows, on) { this.rows = rows; if (on !== undefined) this.on = on; this.on = Math.min(this.on, rows.length - 1); this.render(); }
    render() {
        const height = this.root.clientHeight;
        if (!height) return;
        this.all.style.height = this.rows.length * 28 + 'px';
        const first = Math.max(0, Math.floor(this.root.scrollTop / 28) - 4);
        const count = Math.min(this.rows.length - first, Math.ceil(height / 28) + 8);
        while (this.pool.length < count) {
            const element = h('div', { class: 'item', role: 'option', onclick: event => {
                const index = Number(event.currentTarget.dataset.index);
                this.select(index, event.target.className === 'fold' ? 'fold' : 'open');
            } });
            this.pool.push(element);
            this.all.append(element);
        }
        this.pool.forEach((element, i) => {
            element.hidden = i >= count;
            element.style.display = i < count ? '' : 'none';
            if (i >= count) return;
            const index = first + i;
            element.style.top = index * 28 + 'px';
            element.dataset.index = index;
            element.id = 'item-' + index;
            element.classList.toggle('on', index === this.on);
            element.setAttribute('aria-selected', index === this.on);
            element.setAttribute('aria-posinset', index + 1);
            element.setAttribute('aria-setsize', this.rows.length);
            this.draw(element, this.rows[index]);
        });
        if (this.on >= 0) this.root.setAttribute('aria-activedescendant', 'item-' + this.on);
    }
    select(index, how) {
        if (index < 0 || index >= this.rows.length) return;
        this.on = index;
        const top = index * 28, root = this.root;
        if (top < root.scrollTop) root.scrollTop = top;
        if (top + 28 > root.scrollTop + root.clientHeight) root.scrollTop = top + 28 - root.clientHeight;
        this.render();
        this.choose(this.rows[index], how);
    }
    key(event) {
        const page = Math.max(1, Math.floor(this.root.clientHeight / 28) - 1);
        const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
        if (event.key in steps) {
            this.select(Math.max(0, Math.min(this.rows.length - 1, this.on + steps[event.key])), 'move');
        } else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft' || event.key === 'Enter' || event.key === ' ') {
            if (this.on >= 0) this.choose(this.rows[this.on], event.key === 'ArrowRight' ? 'unfold' : event.key === 'ArrowLeft' ? 'refold' : 'fold');
        } else return;
        event.preventDefault();
    }
}

