// SPDX-License-Identifier: Apache-2.0
// Conveniences: keys, copying, times that go on. Every page is complete without this file; it adds no address and asks the server nothing.
'use strict';
(() => {
    const OFF = 'corral-keys-off';

    // --- Keys ---

    // Of each row its first link, which is what the row is about.
    const links = () => [...document.querySelectorAll('main tbody tr')].map((r) => r.querySelector('a')).filter((a) => a && a.offsetParent);
    const row = () => document.activeElement.closest('tbody tr');

    function move(step) {
        const all = links();
        const here = row();
        const at = all.findIndex((a) => a.closest('tr') === here);
        const to = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step];
        if (to) to.focus();
    }

    function select() {
        const box = row() && row().querySelector('input[type=checkbox]');
        if (box) box.click();
    }

    function follow(relation) {
        const a = document.querySelector(`main a[rel=${relation}]`);
        if (a) a.click();
    }

    const KEYS = [
        ['/', 'Search', () => document.querySelector('[role=search] input[type=search]')?.focus()],
        ['j', 'Next row', () => move(1)],
        ['k', 'Previous row', () => move(-1)],
        ['o', 'Open the row, as Enter does', () => row()?.querySelector('a')?.click()],
        ['x', 'Select the row', select],
        ['n', 'Newer event, or next page', () => follow('next')],
        ['p', 'Older event', () => follow('prev')],
        ['?', 'These keys', help],
    ];

    const off = () => {
        try {
            return localStorage.getItem(OFF) === '1';
        } catch {
            return false; // storage is refused: the choice lasts as long as the page
        }
    };
    let disabled = off();

    function turn(on) {
        disabled = !on;
        try {
            localStorage.setItem(OFF, on ? '0' : '1');
        } catch { /* as above */ }
    }

    document.addEventListener('keydown', (e) => {
        const typing = e.target.closest('input:not([type=checkbox]), textarea, select, dialog, [contenteditable]');
        const key = KEYS.find((k) => k[0] === e.key);
        if (disabled || typing || !key || e.ctrlKey || e.altKey || e.metaKey) return;
        e.preventDefault();
        key[2]();
    });

    // --- Help, which is also where the keys are turned off ---

    function element(name, text, ...children) {
        const e = document.createElement(name);
        e.textContent = text;
        e.append(...children);
        return e;
    }

    function help() {
        const list = element('dl', '', ...KEYS.map(([key, what]) => element('div', '', element('dt', key), element('dd', what))));
        const box = element('input', '');
        const close = element('button', 'Close');
        const title = element('h2', 'Keys');
        const dialog = element('dialog', '', title, list, element('p', '', element('label', '', box, ' Single keys do something')), close);
        list.className = 'long';
        title.id = 'keys-title';
        dialog.className = 'panel';
        dialog.setAttribute('aria-labelledby', title.id);
        box.type = 'checkbox';
        box.checked = !disabled;
        box.addEventListener('change', () => turn(box.checked));
        close.addEventListener('click', () => dialog.close());
        dialog.addEventListener('close', () => dialog.remove());
        document.body.append(dialog);
        dialog.showModal();
    }

    // The help must be found without a key, else nobody could turn them on again.
    function helpButton() {
        const b = element('button', 'Keys');
        b.type = 'button';
        b.className = 'quiet';
        b.addEventListener('click', help);
        document.querySelector('.theme')?.append(b);
    }

    // --- Copying ---

    // Browsers let pages copy only over https, and on the own machine.
    function copyButtons() {
        if (!navigator.clipboard) return;
        for (const pre of document.querySelectorAll('main pre.cmd')) {
            const b = element('button', 'Copy');
            b.type = 'button';
            b.className = 'quiet';
            b.addEventListener('click', async () => {
                try {
                    await navigator.clipboard.writeText(pre.textContent);
                    b.textContent = 'Copied';
                } catch {
                    b.textContent = 'The browser refused';
                }
            });
            pre.after(b);
        }
    }

    // --- Times ---

    // In the words of dashd/view/format.c.
    function ago(seconds) {
        const steps = [[60, 1, 's'], [3600, 60, 'min'], [172800, 3600, 'h'], [Infinity, 86400, 'days']];
        const [, unit, name] = steps.find(([below]) => seconds < below);
        return seconds < 2 ? 'just now' : `${Math.floor(seconds / unit)} ${name} ago`;
    }

    // A clock that is behind would bring the future: such a time is left as the server wrote it.
    function refreshTimes() {
        for (const t of document.querySelectorAll('time[title]')) {
            const seconds = (Date.now() - Date.parse(t.dateTime)) / 1000;
            if (seconds >= 0 && / ago$|^just now$/.test(t.textContent)) t.textContent = ago(seconds);
        }
    }

    helpButton();
    copyButtons();
    setInterval(refreshTimes, 60000);
})();
