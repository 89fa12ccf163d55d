// SPDX-License-Identifier: Apache-2.0
// The dashboard in a real browser: everything by clicking, without JavaScript, in both colour schemes, wide and narrow. Speaks TAP. Started
// by 10-dashboard.sh, which gives URL, NAME, PASSWORD, SCREENSHOTS and the ids that tests/browser/fixture prints.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const { URL: BASE, NAME, PASSWORD, SCREENSHOTS, EVENT, FULL, COUNTED, TRUNCATED, BARE, RESTRICTED, HOSTILE_EVENT, PENDING } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const WIDTHS = [1440, 768, 320];
const SCHEMES = ['light', 'dark'];
const PATIENCE = 20000;

// --- TAP ---

let tests = 0;
let failed = 0;

function ok(good, description, explanation = '') {
    tests++;
    failed += good ? 0 : 1;
    console.log(`${good ? 'ok' : 'not ok'} ${tests} - ${description.replaceAll('#', '\\#')}`);
    if (!good && explanation) console.log(String(explanation).replace(/^/gm, '# '));
}

const is = (got, expected, description) => ok(got === expected, description, `got ${got}, expected ${expected}`);

// --- Pages ---

// A page of its own, signed in; whatever the browser complains of is kept.
async function open(browser, options) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (m) => complaints.push(`${page.url()}: ${m.text()}`));
    page.on('pageerror', (e) => complaints.push(`${page.url()}: ${e}`));
    page.on('requestfailed', (r) => complaints.push(`${r.url()}: ${r.failure().errorText}`));
    page.on('request', (r) => r.url().startsWith(BASE) || complaints.push(`a request to ${r.url()}`));
    await page.goto(`${BASE}/groups`);
    await page.getByLabel('Name').fill(NAME);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${BASE}/groups`);
    return { context, page, complaints };
}

const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function look(page, name, scheme, width) {
    is(await overflow(page), 0, `${name} fits into ${width} px, ${scheme}`);
    await page.screenshot({ path: `${SCREENSHOTS}/${name}-${scheme}-${width}.png`, fullPage: true });
}

// --- What people do ---

// From the first page to a stack by clicking on what is there to be clicked.
async function findTheCrash(browser, scheme, width) {
    const { context, page, complaints } = await open(browser,
        { javaScriptEnabled: false, colorScheme: scheme, viewport: { width, height: 900 } });
    await look(page, 'groups', scheme, width);
    await page.getByRole('link', { name: 'Overview' }).click();
    await look(page, 'overview', scheme, width);
    await page.getByRole('link', { name: 'SIGSEGV in process_data() app.c:142' }).click();
    await look(page, 'group', scheme, width);
    await page.goto(`${BASE}/groups/G-3`);
    await look(page, 'group-hint', scheme, width);
    await page.goto(`${BASE}/groups/G-11/merge?into=G-1`);
    await look(page, 'merge', scheme, width);
    await page.goto(`${BASE}/groups/G-3/split`);
    await look(page, 'split', scheme, width);
    await page.goto(`${BASE}/groups/G-1/compare/G-11`);
    await look(page, 'compare', scheme, width);
    await page.goto(`${BASE}/grouping-requests/2`);
    await look(page, 'request', scheme, width);
    await page.goto(`${BASE}/groups/G-1`);
    await page.getByRole('table', { name: 'Latest events of this group' }).getByRole('link').first().click();
    await look(page, 'event', scheme, width);
    const stack = page.getByRole('region', { name: 'Crashing thread' });
    is(await stack.getByRole('listitem').first().locator('code').innerText(), 'process_data', `the crashing function, ${scheme}, ${width} px`);
    ok(page.url().endsWith(`/events/${EVENT}`), 'the address is the event\'s');
    await page.getByText('14 threads').click();
    ok(await page.getByText('worker_loop').first().isVisible(), 'other threads unfold without JavaScript');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await look(page, 'login', scheme, width);
    is(complaints.join('\n'), '', `the browser has nothing to complain of, ${scheme}, ${width} px`);
    await context.close();
}

async function resolveAndReopen(browser) {
    const { context, page } = await open(browser, { javaScriptEnabled: false });
    await page.goto(`${BASE}/groups/G-4`);
    await page.getByRole('button', { name: 'Resolve' }).click();
    await page.getByRole('button', { name: 'Reopen' }).waitFor();
    ok(await page.getByText('by admin').isVisible(), 'a resolved group says by whom');
    await page.reload();
    await page.getByRole('button', { name: 'Reopen' }).click();
    await page.getByRole('button', { name: 'Resolve' }).waitFor();
    is(await page.locator('.crumb .st').innerText(), 'ongoing', 'and is reopened');
    await context.close();
}

async function search(browser) {
    const { context, page } = await open(browser, { javaScriptEnabled: false });
    const field = page.getByRole('searchbox');
    await field.fill('lru.c');
    await field.press('Enter');
    await page.waitForURL(/q=lru\.c/);
    is(await page.locator('tbody tr').count(), 1, 'a search finds the one title');
    await page.getByRole('searchbox').fill(EVENT);
    await page.getByRole('searchbox').press('Enter');
    await page.waitForURL(`${BASE}/events/${EVENT}`);
    ok(true, 'a crash id in the search field leads to it');
    await page.goto(`${BASE}/groups?status=all`);
    await page.getByRole('link', { name: 'Events' }).click();
    is(await page.locator('th[aria-sort=descending]').innerText(), 'Events', 'a column\'s head orders by it');
    await page.getByRole('link', { name: /^Next/ }).click();
    is(await page.locator('tbody tr').count(), 20, 'the second page has the rest');
    await context.close();
}

// From a group that looks like several to a request that it be split, and from one to a merge with one like it.
async function decide(browser) {
    const { context, page, complaints } = await open(browser, { javaScriptEnabled: false });
    await page.goto(`${BASE}/groups/G-3`);
    await page.getByRole('link', { name: 'Split', exact: true }).click();
    await page.getByRole('heading', { name: 'What will be: 2 groups' }).waitFor();
    await page.getByRole('button', { name: 'Split G-3' }).click();
    await page.waitForURL(/grouping-requests/);
    ok(await page.getByText('waiting').isVisible(), 'a split waits to be done');
    await page.goto(`${BASE}/groups/G-11`);
    await page.getByRole('link', { name: 'merge into G-1', exact: true }).click();
    is(await page.getByRole('region', { name: 'G-1 afterwards' }).locator('.st').innerText(), 'regressed', 'a merge says what becomes of the state');
    await page.getByRole('link', { name: 'compare them' }).click();
    is(await page.locator('h1').innerText().then((t) => t.startsWith('G-11 and G-1:')), true, 'and leads to both stacks');
    await page.goBack();
    await page.getByRole('button', { name: 'Merge G-11 into G-1' }).click();
    await page.waitForURL(/grouping-requests/);
    await page.getByRole('link', { name: 'G-1', exact: true }).click();
    ok(await page.getByRole('link', { name: 'Merge G-11 into G-1' }).isVisible(), 'which its group tells');
    await page.getByRole('button', { name: 'Undo decision 1' }).click();
    await page.waitForURL(/grouping-requests/);
    is(await page.locator('h1').innerText(), 'Take G-71 out of G-1 again', 'an earlier one is undone from the history');
    is(complaints.join('\n'), '', 'the browser has nothing to complain of');
    await context.close();
}

async function keyboard(browser) {
    const { context, page } = await open(browser, {});
    await page.keyboard.press('Tab');
    is(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content', 'the first stop of Tab is the way past the head');
    await page.keyboard.press('Enter');
    is(await page.evaluate(() => document.activeElement.id), 'main', 'which leads to the content');
    await context.close();
}

async function pendingReloads(browser) {
    const { context, page } = await open(browser, { javaScriptEnabled: false });
    await page.goto(`${BASE}/events/${PENDING}`);
    await page.waitForResponse((r) => r.url().endsWith(PENDING));
    ok(true, 'the page of a crash that is being processed loads itself again');
    await context.close();
}

// --- What attackers would like ---

async function hostileTexts(browser) {
    const { context, page, complaints } = await open(browser, {});
    for (const path of ['/', '/groups?status=all', '/groups/G-10', `/events/${HOSTILE_EVENT}`, `/events/${HOSTILE_EVENT}?threads=all`,
        '/groups/G-10/split', '/groups/G-10/merge?into=G-1', '/groups/G-1/compare/G-10', '/grouping-requests/2',
        '/groups?status=all&q=%3Cscript%3Ewindow.hostile%3D1%3C/script%3E', '/groups/%3Cscript%3Ewindow.hostile=1%3C%2Fscript%3E']) {
        await page.goto(BASE + path);
        is(await page.evaluate(() => window.hostile), undefined, `${path}: nothing of a crash is run`);
        is(await page.evaluate(() => document.querySelectorAll('script, iframe, object, main img, [onerror], [style]').length), 0,
            `${path}: nor becomes an element`);
    }
    const expected = complaints.filter((c) => !c.includes('404'));
    is(expected.join('\n'), '', 'and the policy had nothing to stop');
    await context.close();
}

// --- Accessibility ---

async function accessible(browser, scheme, width) {
    const { context, page } = await open(browser, { colorScheme: scheme, viewport: { width, height: 900 } });
    const paths = ['/', '/groups', '/groups?q=nothing-has-this-title', '/groups?sort=wrong', '/groups/G-1', '/groups/G-10', `/events/${EVENT}`,
        '/groups/G-3', '/groups/G-11/merge', '/groups/G-11/merge?into=G-1', '/groups/G-11/merge?into=G-999', '/groups/G-3/split', '/groups/G-3/split?by=frame-1',
        '/groups/G-10/compare/G-1', '/groups/G-1/compare/G-11', '/grouping-requests/1', '/grouping-requests/2',
        `/events/${EVENT}?threads=all`, `/events/${FULL}`, `/events/${COUNTED}`, `/events/${TRUNCATED}`, `/events/${BARE}`, `/events/${RESTRICTED}`, '/nothing', '/login'];
    for (const path of paths) {
        await page.goto(BASE + path);
        await page.evaluate(AXE);
        const { violations } = await page.evaluate((tags) => window.axe.run({ runOnly: tags }), AXE_TAGS);
        const found = violations.map((v) => `${v.id}: ${v.help}\n${v.nodes.map((n) => `  ${n.html} ${n.failureSummary}`).join('\n')}`);
        is(found.join('\n'), '', `axe has nothing to say of ${path.replace(EVENT, 'EVENT')}, ${scheme}, ${width} px`);
    }
    await context.close();
}

// --- All of it ---

mkdirSync(SCREENSHOTS, { recursive: true });
const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync'],
});
try {
    for (const scheme of SCHEMES) for (const width of WIDTHS) await findTheCrash(browser, scheme, width);
    await resolveAndReopen(browser);
    await search(browser);
    await decide(browser);
    await keyboard(browser);
    await pendingReloads(browser);
    await hostileTexts(browser);
    for (const scheme of SCHEMES) for (const width of [1440, 320]) await accessible(browser, scheme, width);
} catch (e) {
    ok(false, 'the test runs to its end', e.stack);
} finally {
    await browser.close();
}
console.log(`1..${tests}`);
process.exit(failed ? 1 : 0);
