// SPDX-License-Identifier: Apache-2.0
// Whether a page is whole: it fits into each width, in both colour schemes axe has nothing to say of it, the browser complains of nothing.
// Screenshots are taken at the greatest width, with FULL=1 at all.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pages, withoutPage } from './pages.js';
import { BASE, ids, is, open } from './session.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_ALL = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
// The one rule that sees colours: what differs between the schemes.
const AXE_COLOURS = { runOnly: { type: 'rule', values: ['color-contrast'] } };
const WIDTHS = [1440, 768, 320];
const SHOWN = process.env.FULL ? WIDTHS : [WIDTHS[0]];
const SCHEMES = ['light', 'dark'];
const { SCREENSHOTS, STACK } = process.env;

async function shoot(page, name, width) {
    for (const scheme of SCHEMES) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.screenshot({ path: `${SCREENSHOTS}/${name}-${scheme}-${width}.png`, fullPage: true });
    }
}

async function axe(page, scheme, width, options) {
    await page.emulateMedia({ colorScheme: scheme });
    const { violations } = await page.evaluate((o) => window.axe.run(o), options);
    return violations.map((v) => `${scheme}, ${width} px: ${v.id}: ${v.help}\n${v.nodes.map((n) => `  ${n.html} ${n.failureSummary}`).join('\n')}`);
}

async function fits(page, width, how) {
    await page.setViewportSize({ width, height: 900 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    return over ? [`${how}, it is ${over} px too wide for ${width}`] : [];
}

// A menu lies over the page: one at a time, none may stick out of it.
async function menusFit(page) {
    const found = [];
    for (let i = 0; i < await page.locator('.menu').count(); i++) {
        await page.evaluate((n) => document.querySelectorAll('.menu').forEach((d, k) => { d.open = k === n; }), i);
        found.push(...await fits(page, 320, `with menu ${i} open`));
    }
    return found;
}

// What is wrong with the page that is open, as lines: '' when it is whole. SCRIPTS: whether JavaScript is on; axe needs it.
export async function wrongWith(page, name, scripts = true) {
    const found = [];
    for (const width of WIDTHS) {
        found.push(...await fits(page, width, 'folded'));
        if (scripts && SHOWN.includes(width)) await shoot(page, name, width);
    }
    await page.evaluate(() => document.querySelectorAll('details:not(.menu)').forEach((d) => { d.open = true; }));
    if (scripts) await page.evaluate(AXE);
    for (const width of WIDTHS) {
        found.push(...await fits(page, width, 'unfolded'));
        if (!scripts) continue;
        found.push(...await axe(page, 'light', width, AXE_ALL));
        found.push(...await axe(page, 'dark', width, AXE_COLOURS));
    }
    return found.concat(await menusFit(page)).join('\n');
}

export function everyRoute() {
    is(withoutPage(readFileSync('dashd/main.c', 'utf8'), pages(ids)).join(' '), '', 'every page that dashd/main.c serves is looked at');
}

export async function everyPage(browser, scripts) {
    const { context, page, complaints } = await open(browser, { javaScriptEnabled: scripts });
    for (const { name, path, status } of pages(ids)) {
        complaints.length = 0;
        const response = await page.goto(BASE + path);
        const found = [response.status() === status ? '' : `status ${response.status()}, expected ${status}`,
            await wrongWith(page, name, scripts), ...complaints.filter((c) => status === 200 || !c.includes(`status of ${status}`))];
        is(found.filter((f) => f).join('\n'), '', `${name} is whole in every width and both schemes, ${scripts ? 'with' : 'without'} JavaScript`);
    }
    await context.close();
}

// What forms answer with, and what somebody sees who has fewer rights.
export async function pagesOfOthers(browser) {
    const { context, page, complaints } = await open(browser, {});
    await page.goto(`${BASE}/admin`);
    await page.getByRole('textbox', { name: 'Name' }).fill('viewer');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByText('It is shown only this once').waitFor();
    const password = await page.locator('main pre').innerText();
    is(await wrongWith(page, 'secret'), '', 'the page of a new password is whole');
    is(complaints.join('\n'), '', 'the browser has nothing to complain of');
    await context.close();

    const viewer = await open(browser, {}, { name: 'viewer', password });
    for (const [name, path, status] of [['forbidden', '/admin', 403], ['group-of-viewer', '/groups/G-1', 200], ['restricted', `/events/${ids.RESTRICTED}`, 200]]) {
        is((await viewer.page.goto(BASE + path)).status(), status, `a viewer gets ${status} for ${name}`);
        is(await wrongWith(viewer.page, name), '', 'which is whole');
    }
    await viewer.context.clearCookies();
    await viewer.page.goto(`${BASE}/login`);
    await viewer.page.getByLabel('Name').fill('viewer');
    await viewer.page.getByLabel('Password').fill('wrong');
    await viewer.page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
    await viewer.page.getByRole('alert').waitFor();
    is(await wrongWith(viewer.page, 'login-wrong'), '', 'the page after a wrong password is whole');
    await viewer.context.close();
}

// What somebody sees who has just installed it.
export async function emptyPages(browser, paths) {
    const { context, page, complaints } = await open(browser, {});
    for (const path of paths) {
        await page.goto(BASE + path);
        is(await wrongWith(page, `empty${path.replace('/', '-')}`), '', `${path} is whole when nothing has crashed yet`);
    }
    is(complaints.join('\n'), '', 'the browser has nothing to complain of');
    await context.close();
}

// The last of all: the database does not come back.
export async function withoutDatabase(browser) {
    const { context, page } = await open(browser, {});
    execFileSync('tests/lib/stack', ['stop', STACK, 'postgres'], { stdio: 'ignore' });
    is((await page.goto(`${BASE}/groups`)).status(), 503, 'without the database, pages say so');
    is(await wrongWith(page, 'unavailable'), '', 'and are whole');
    await context.close();
}
