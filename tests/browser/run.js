// SPDX-License-Identifier: Apache-2.0
// The dashboard in a real browser: everything by clicking, without JavaScript, in both colour schemes, wide and narrow. Speaks TAP. Started
// by 10-dashboard.sh, which gives URL, NAME, PASSWORD, SCREENSHOTS and the ids that tests/browser/fixture prints.
import { mkdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const { URL: BASE, NAME, PASSWORD, SCREENSHOTS, EVENT, FULL, COUNTED, TRUNCATED, BARE, RESTRICTED, HOSTILE_EVENT, PENDING } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const WIDTHS = [1440, 768, 320];
const SCHEMES = ['light', 'dark'];
const PATIENCE = 20000;
// Pages that stand in the navigation, or one click behind it.
const MISSING = '89abcdef0123456789abcdef0123456789abcdef';
const LISTS = ['/', '/groups', '/symbols', '/releases', '/hosts', '/system'];
const DETAILS = [`/symbols/${MISSING}`, '/releases?exe=/usr/sbin/ordersd', '/hosts/web-01.example.net'];
// Bytes, after gzip; elements of a page; rows of /groups that are seen without scrolling.
const LIST_MAX = 15 * 1024;
const DETAIL_MAX = 40 * 1024;
const STYLE_MAX = 4 * 1024;
const ELEMENTS_MAX = 6000;
const ROWS_MIN = 15;

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

// A request that was under way when the page's next navigation began is broken off by the browser itself: the icon, for which no page
// waits, meets that now and then. Its address goes to brokenOff and is asked once more at the end, so a failure of the server shows still.
const brokenOff = new Set();

function watchRequests(page, complaints) {
    let navigations = 0;
    const begun = new Map();
    page.on('request', (r) => {
        if (!r.url().startsWith(BASE)) complaints.push(`a request to ${r.url()}`);
        navigations += r.isNavigationRequest() ? 1 : 0;
        begun.set(r, navigations);
    });
    page.on('requestfailed', (r) => {
        const left = !r.isNavigationRequest() && navigations > begun.get(r);
        if (left && r.failure().errorText === 'net::ERR_ABORTED') brokenOff.add(r.url());
        else complaints.push(`${r.url()}: ${r.failure().errorText}`);
    });
}

async function brokenOffAreThere(browser) {
    const context = await browser.newContext();
    for (const url of brokenOff) {
        const response = await context.request.get(url);
        ok(response.ok() && (await response.body()).length > 0, `${url.slice(BASE.length)}, of which the loading was broken off, is there`,
            `status ${response.status()}`);
    }
    await context.close();
}

// A page of its own, signed in; whatever the browser complains of is kept.
async function open(browser, options) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (m) => complaints.push(`${page.url()}: ${m.text()}`));
    page.on('pageerror', (e) => complaints.push(`${page.url()}: ${e}`));
    watchRequests(page, complaints);
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
    for (const name of ['Symbols', 'Releases', 'Hosts', 'System']) {
        await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
        await page.getByRole('heading', { name, level: 1 }).waitFor();
        await look(page, name.toLowerCase(), scheme, width);
    }
    for (const [i, path] of DETAILS.entries()) {
        await page.goto(BASE + path);
        await look(page, ['module', 'versions', 'host'][i], scheme, width);
    }
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
    is(await stack.getByRole('listitem').first().locator('code').first().innerText(), 'process_data', `the crashing function, ${scheme}, ${width} px`);
    ok(page.url().endsWith(`/events/${EVENT}`), 'the address is the event\'s');
    ok(await page.getByRole('region', { name: 'Why it crashed' }).getByText('Certain').isVisible(), 'why it crashed, and how sure that is');
    ok(await stack.getByRole('row', { name: /^order/ }).isVisible(), 'the frame that it is named after is unfolded, with its values');
    await stack.getByText('dispatch').first().click();
    ok(await stack.getByRole('listitem').nth(2).getByText('call frame information').isVisible(), 'others unfold');
    await look(page, 'event-unfolded', scheme, width);
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

// The colours that a person chose stand against what the browser likes, on the page where they were chosen and on all others.
async function chooseColours(browser) {
    const { context, page, complaints } = await open(browser, { javaScriptEnabled: false, colorScheme: 'light' });
    const ground = () => page.locator('body').evaluate((b) => getComputedStyle(b).backgroundColor);
    const light = await ground();
    await page.goto(`${BASE}/symbols?q=lib`);
    await page.getByRole('button', { name: 'dark' }).click();
    is(page.url(), `${BASE}/symbols?q=lib`, 'choosing colours stays on the page');
    ok(await ground() !== light, 'which is dark now');
    await page.goto(`${BASE}/hosts`);
    ok(await ground() !== light, 'as others are');
    await page.getByRole('button', { name: 'as the system' }).click();
    is(await ground(), light, 'until the system\'s are chosen again');
    is(complaints.join('\n'), '', 'the browser has nothing to complain of');
    await context.close();
}

// What is missing, by path, and what it would heal; what became of a program's bugs from one version to another.
async function symbolsAndReleases(browser) {
    const { context, page } = await open(browser, { javaScriptEnabled: false });
    await page.goto(`${BASE}/symbols`);
    is(await page.getByRole('table', { name: 'Modules without all symbols' }).locator('tbody tr').count(), 4, 'all modules without symbols');
    await page.getByRole('searchbox', { name: 'Path or beginning of a build-id' }).fill('libc.so');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByRole('link', { name: 'libc.so.6' }).click();
    ok(await page.getByText('will be analysed again').isVisible(), 'a module says what its symbols would heal');
    await page.goto(`${BASE}/releases`);
    await page.getByRole('link', { name: '/usr/sbin/ordersd' }).click();
    await page.getByLabel('Compare', { exact: true }).selectOption('2.5.0-1');
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByRole('heading', { name: '2.5.0-1 against all earlier versions' }).waitFor();
    is(await page.getByRole('table', { name: 'New in it' }).locator('tbody tr').count(), 6, 'a version has brought some bugs');
    ok(await page.getByRole('table', { name: 'probably fixed' }).getByText('handler_11()').isVisible(), 'and ended others');
    await context.close();
}

// --- Budgets ---

async function budgets(browser) {
    const { context, page } = await open(browser, {});
    const size = async (path) => gzipSync(await (await context.request.get(BASE + path)).body(), { level: 6 }).length;
    for (const [paths, max] of [[LISTS, LIST_MAX], [[...DETAILS, `/groups/G-1`, `/events/${EVENT}`], DETAIL_MAX]]) {
        for (const path of paths) {
            const bytes = await size(path);
            ok(bytes <= max, `${path.replace(EVENT, 'EVENT')} has at most ${max} bytes`, bytes);
            await page.goto(BASE + path);
            const elements = await page.evaluate(() => document.querySelectorAll('*').length);
            ok(elements <= ELEMENTS_MAX, 'and not too many elements', elements);
        }
    }
    const style = await page.locator('link[rel=stylesheet]').getAttribute('href');
    const bytes = gzipSync(await (await context.request.get(new URL(style, BASE).href)).body(), { level: 9 }).length;
    ok(bytes <= STYLE_MAX, `the style sheet has at most ${STYLE_MAX} bytes`, bytes);
    await page.goto(`${BASE}/groups`);
    const seen = await page.evaluate(() => [...document.querySelectorAll('tbody tr')].filter((r) => r.getBoundingClientRect().bottom <= innerHeight).length);
    ok(seen >= ROWS_MIN, `at 1440 by 900, ${ROWS_MIN} groups are seen at once`, seen);
    await context.close();
}

// From a group that looks like several to a request that it be split, and from one to a merge with one like it.
async function decide(browser) {
    const { context, page, complaints } = await open(browser, { javaScriptEnabled: false });
    await page.goto(`${BASE}/groups/G-3`);
    await page.getByRole('link', { name: 'Preview', exact: true }).click();
    await page.getByRole('heading', { name: 'What will be: 2 groups' }).waitFor();
    await page.getByRole('button', { name: 'Split G-3' }).click();
    await page.waitForURL(/grouping-requests/);
    ok(await page.getByText('waiting').isVisible(), 'a split waits to be done');
    await page.goto(`${BASE}/groups/G-3`);
    await page.getByRole('button', { name: 'Split', exact: true }).click();
    await page.waitForURL(/grouping-requests/);
    is(await page.locator('h1').innerText(), 'Split G-3 by the first frame behind those that count', 'one click asks for the same');
    await page.goto(`${BASE}/groups/G-3`);
    await page.getByRole('button', { name: 'It is one bug' }).click();
    await page.waitForURL(`${BASE}/groups/G-3`);
    is(await page.getByRole('heading', { name: 'These may be different bugs' }).count(), 0, 'another says that it is one bug');
    ok(await page.getByText(/^Said to be one bug, /).isVisible(), 'which the page tells');
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
    for (const path of ['/', '/groups?status=all', '/symbols', '/symbols/beefbeefbeefbeefbeefbeefbeefbeefbeefbeef', '/symbols?q=%3Cscript%3Ewindow.hostile%3D1%3C/script%3E',
        '/releases', '/releases?q=%22%3E%3Cscript%3Ewindow.hostile%3D1%3C/script%3E', '/hosts', '/system', '/groups/G-10', `/events/${HOSTILE_EVENT}`, `/events/${HOSTILE_EVENT}?threads=all`,
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
    const paths = [...LISTS, ...DETAILS, '/symbols?q=nothing', '/symbols?cursor=x', '/hosts?q=nothing', '/releases?exe=/usr/sbin/ordersd&after=2.4.1-1&before=2.4.0-1', '/groups?q=nothing-has-this-title', '/groups?sort=wrong', '/groups/G-1', '/groups/G-10', `/events/${EVENT}`,
        '/groups/G-3', '/groups/G-11/merge', '/groups/G-11/merge?into=G-1', '/groups/G-11/merge?into=G-999', '/groups/G-3/split', '/groups/G-3/split?by=frame-1',
        '/groups/G-10/compare/G-1', '/groups/G-1/compare/G-11', '/grouping-requests/1', '/grouping-requests/2',
        `/events/${EVENT}?threads=all`, `/events/${FULL}`, `/events/${COUNTED}`, `/events/${TRUNCATED}`, `/events/${BARE}`, `/events/${RESTRICTED}`, '/nothing', '/login'];
    for (const path of paths) {
        await page.goto(BASE + path);
        await page.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
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
    await chooseColours(browser);
    await symbolsAndReleases(browser);
    await budgets(browser);
    await decide(browser);
    await keyboard(browser);
    await pendingReloads(browser);
    await hostileTexts(browser);
    for (const scheme of SCHEMES) for (const width of [1440, 320]) await accessible(browser, scheme, width);
    await brokenOffAreThere(browser);
} catch (e) {
    ok(false, 'the test runs to its end', e.stack);
} finally {
    await browser.close();
}
console.log(`1..${tests}`);
process.exit(failed ? 1 : 0);
