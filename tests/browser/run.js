// SPDX-License-Identifier: Apache-2.0
// The dashboard in a real browser: what people do, by clicking, without JavaScript; and every page of pages.js (whole.js). Speaks TAP.
// Started by 10-dashboard.sh, which gives URL, NAME, PASSWORD, SCREENSHOTS, STACK (the stack's folder) and FIXTURE (the words of
// tests/browser/fixture, a bar between them): the fleet is loaded once the pages of an empty server have been seen.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { MISSING } from './pages.js';
import { BASE, NAME, PASSWORD, PATIENCE, brokenOffAreThere, done, ids, is, ok, open } from './session.js';
import { emptyPages, everyPage, everyRoute, pagesOfOthers, withoutDatabase, wrongWith } from './whole.js';

// Pages that stand in the navigation, or one click behind it.
const LISTS = ['/', '/groups', '/events', '/symbols', '/releases', '/hosts', '/system'];
const DETAILS = [`/symbols/${MISSING}`, '/releases?exe=/usr/sbin/ordersd', '/hosts/web-01.example.net'];
// Bytes, after gzip; elements of a page; rows of /groups that are seen without scrolling.
const LIST_MAX = 15 * 1024;
const DETAIL_MAX = 40 * 1024;
const STYLE_MAX = 4 * 1024;
const SCRIPT_MAX = 4 * 1024;
const ELEMENTS_MAX = 6000;
const ROWS_MIN = 15;

// --- What people do ---

// From the first page to a stack by clicking on what is there to be clicked.
async function findTheCrash(browser) {
    const { context, page, complaints } = await open(browser, { javaScriptEnabled: false });
    for (const name of ['Symbols', 'Releases', 'Hosts', 'System']) {
        await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
        await page.getByRole('heading', { name, level: 1 }).waitFor();
    }
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByRole('link', { name: 'SIGSEGV in process_data() app.c:142' }).click();
    await page.getByRole('table', { name: 'Latest events of this group' }).getByRole('link').first().click();
    await page.waitForURL(`${BASE}/events/${ids.EVENT}`);
    const stack = page.getByRole('region', { name: 'Crashing thread' });
    is(await stack.getByRole('listitem').first().locator('code').first().innerText(), 'process_data', 'the crashing function');
    ok(await page.getByRole('region', { name: 'Why it crashed' }).getByText('Certain').isVisible(), 'why it crashed, and how sure that is');
    ok(await stack.getByRole('row', { name: /^order/ }).isVisible(), 'the frame that it is named after is unfolded, with its values');
    await stack.getByText('dispatch').first().click();
    ok(await stack.getByRole('listitem').nth(2).getByText('call frame information').isVisible(), 'others unfold');
    await page.getByText('14 threads').click();
    ok(await page.getByText('worker_loop').first().isVisible(), 'other threads unfold without JavaScript');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).waitFor();
    is(complaints.join('\n'), '', 'the browser has nothing to complain of');
    await context.close();
}

// The answer to a form may be loaded again, and gone back from, and nothing is done twice.
async function resolveAndReopen(browser) {
    const { context, page } = await open(browser, { javaScriptEnabled: false });
    const told = () => page.locator('.activity').getByText('resolved it').count();
    await page.goto(`${BASE}/groups/G-4`);
    await page.getByRole('button', { name: 'Resolve', exact: true }).first().click();
    await page.getByRole('button', { name: 'Reopen' }).waitFor();
    ok(await page.getByText('Resolved by admin').isVisible(), 'a resolved group says by whom');
    await page.reload();
    is(await told(), 1, 'loading the page again resolves nothing again');
    await page.goBack();
    await page.goForward();
    await page.getByRole('button', { name: 'Reopen' }).waitFor();
    is(await told(), 1, 'nor does going back and forth');
    await page.getByRole('button', { name: 'Reopen' }).click();
    await page.getByRole('button', { name: 'Resolve', exact: true }).first().waitFor();
    is(await page.locator('.crumb .st').innerText(), 'ongoing', 'and it is reopened');
    await context.close();
}

async function search(browser) {
    const { context, page } = await open(browser, { javaScriptEnabled: false });
    const field = page.getByRole('searchbox');
    await field.fill('lru.c');
    await field.press('Enter');
    await page.waitForURL(/q=lru\.c/);
    is(await page.locator('tbody tr').count(), 1, 'a search finds the one title');
    await page.getByRole('searchbox').fill(ids.EVENT);
    await page.getByRole('searchbox').press('Enter');
    await page.waitForURL(`${BASE}/events/${ids.EVENT}`);
    ok(true, 'a crash id in the search field leads to it');
    await page.goto(`${BASE}/groups?status=all`);
    await page.locator('th').getByRole('link', { name: 'Events' }).click();
    is(await page.locator('th[aria-sort=descending]').innerText(), 'Events', 'a column\'s head orders by it');
    await page.getByRole('link', { name: /^Next/ }).click();
    is(await page.locator('tbody tr').count(), 20, 'the second page has the rest');
    await context.close();
}

// Ticked rows are of the form below the table, without any script.
async function changeMany(browser) {
    const { context, page, complaints } = await open(browser, { javaScriptEnabled: false });
    await page.goto(`${BASE}/groups?status=all&sort=-events`);
    for (const n of [0, 1]) await page.getByLabel(/^Tick G-/).nth(n).check();
    await page.getByLabel('Label', { exact: true }).fill('flaky');
    await page.getByLabel('Label', { exact: true }).press('Enter');
    await page.waitForURL(`${BASE}/groups?status=all&sort=-events`);
    is(await page.getByRole('link', { name: 'flaky', exact: true }).count(), 2, 'a label for all ticked groups');
    await page.getByRole('link', { name: 'flaky', exact: true }).first().click();
    is(await page.locator('.groups tbody tr').count(), 2, 'which finds them');
    is(complaints.join('; '), '', 'and nothing complains');
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
    for (const [paths, max] of [[LISTS, LIST_MAX], [[...DETAILS, `/groups/G-1`, `/events/${ids.EVENT}`], DETAIL_MAX]]) {
        for (const path of paths) {
            const bytes = await size(path);
            ok(bytes <= max, `${path.replace(ids.EVENT, 'EVENT')} has at most ${max} bytes`, bytes);
            await page.goto(BASE + path);
            const elements = await page.evaluate(() => document.querySelectorAll('*').length);
            ok(elements <= ELEMENTS_MAX, 'and not too many elements', elements);
        }
    }
    for (const [what, selector, name, max] of [['style sheet', 'link[rel=stylesheet]', 'href', STYLE_MAX], ['script', 'script', 'src', SCRIPT_MAX]]) {
        const address = await page.locator(selector).getAttribute(name);
        const bytes = gzipSync(await (await context.request.get(new URL(address, BASE).href)).body(), { level: 9 }).length;
        ok(bytes <= max, `the ${what} has at most ${max} bytes`, bytes);
    }
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

// Presses Tab until what has this name has the focus.
async function tabTo(page, name) {
    for (let i = 0; i < 200; i++) {
        await page.keyboard.press('Tab');
        const focused = await page.evaluate(() => {
            const e = document.activeElement;
            return e.labels?.[0]?.textContent || e.getAttribute('aria-label') || e.textContent;
        });
        if (focused.trim() === name) return;
    }
    throw new Error(`Tab does not lead to ${name}`);
}

// From signing in to a resolved group without a mouse.
async function keyboard(browser) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    await page.goto(`${BASE}/groups?status=all`);
    await tabTo(page, 'Name');
    await page.keyboard.type(NAME);
    await tabTo(page, 'Password');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${BASE}/groups?status=all`);
    await page.keyboard.press('Tab');
    is(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content', 'the first stop of Tab is the way past the head');
    await page.keyboard.press('Enter');
    is(await page.evaluate(() => document.activeElement.id), 'main', 'which leads to the content');
    await tabTo(page, 'assertion failed in fill() ring.c:30');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${BASE}/groups/G-4`);
    await tabTo(page, 'Resolve in …');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Version');
    await page.keyboard.type('9.0');
    await page.keyboard.press('Enter');
    await page.getByText('A crash of a version from 9.0 on brings it back').waitFor();
    ok(true, 'a group is found, and resolved in a version, by the keyboard alone');
    await tabTo(page, 'Reopen');
    await page.keyboard.press('Enter');
    await page.getByText('Resolve in …').waitFor();
    await context.close();
}

// What the script adds.
async function keys(browser) {
    const { context, page, complaints } = await open(browser, { permissions: ['clipboard-read', 'clipboard-write'] });
    const focused = () => page.evaluate(() => document.activeElement.textContent);
    const titles = await page.locator('.what > a').allTextContents();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    is(await focused(), titles[2], 'j leads down the rows');
    await page.keyboard.press('k');
    is(await focused(), titles[1], 'k up again');
    await page.keyboard.press('/');
    is(await page.evaluate(() => document.activeElement.name), 'q', '/ leads to the search');
    await page.keyboard.type('j?');
    is(await page.getByRole('searchbox').inputValue(), 'j?', 'where letters are letters');
    await page.goto(`${BASE}/groups`);
    await page.keyboard.press('j');
    await page.keyboard.press('o');
    await page.waitForURL(/G-\d+$/);
    await page.goto(`${BASE}/events/${ids.EVENT}`);
    await page.keyboard.press('p');
    await page.waitForURL((url) => !url.href.endsWith(ids.EVENT));
    await page.keyboard.press('n');
    await page.waitForURL((url) => url.href.endsWith(ids.EVENT));
    ok(true, 'o opens a row, p and n go from event to event');
    await page.getByRole('button', { name: 'Copy' }).first().click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    ok((await page.evaluate(() => navigator.clipboard.readText())).includes(ids.EVENT), 'a command is copied');
    await page.keyboard.press('?');
    await page.getByRole('checkbox', { name: 'Single keys do something' }).uncheck();
    is(await wrongWith(page, 'keys'), '', 'the list of keys is whole');
    await page.getByRole('button', { name: 'Close' }).click();
    await page.reload();
    await page.keyboard.press('?');
    is(await page.getByRole('dialog').count(), 0, 'keys that are turned off stay so');
    await page.getByRole('button', { name: 'Keys' }).click();
    await page.getByRole('checkbox', { name: 'Single keys do something' }).check();
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    ok(await page.getByRole('dialog').isVisible(), 'until they are turned on again');
    is(complaints.join('\n'), '', 'the browser has nothing to complain of');
    await context.close();
}

async function pendingReloads(browser) {
    const { context, page } = await open(browser, { javaScriptEnabled: false });
    await page.goto(`${BASE}/events/${ids.PENDING}`);
    await page.waitForResponse((r) => r.url().endsWith(ids.PENDING));
    ok(true, 'the page of a crash that is being processed loads itself again');
    await context.close();
}

// --- What attackers would like ---

async function hostileTexts(browser) {
    const { context, page, complaints } = await open(browser, {});
    for (const path of ['/', '/groups?status=all', '/symbols', '/symbols/beefbeefbeefbeefbeefbeefbeefbeefbeefbeef', '/symbols?q=%3Cscript%3Ewindow.hostile%3D1%3C/script%3E',
        '/releases', '/releases?q=%22%3E%3Cscript%3Ewindow.hostile%3D1%3C/script%3E', '/hosts', '/system', '/groups/G-10', `/events/${ids.HOSTILE_EVENT}`, `/events/${ids.HOSTILE_EVENT}?threads=all`,
        '/groups/G-10/split', '/groups/G-10/merge?into=G-1', '/groups/G-1/compare/G-10', '/grouping-requests/2',
        '/groups?status=all&q=%3Cscript%3Ewindow.hostile%3D1%3C/script%3E', '/groups/%3Cscript%3Ewindow.hostile=1%3C%2Fscript%3E']) {
        await page.goto(BASE + path);
        is(await page.evaluate(() => window.hostile), undefined, `${path}: nothing of a crash is run`);
        is(await page.evaluate(() => document.querySelectorAll('script:not(head > [src$="/corral.js"]), iframe, object, main img, [onerror], [style]').length), 0,
            `${path}: nor becomes an element`);
    }
    const expected = complaints.filter((c) => !c.includes('404'));
    is(expected.join('\n'), '', 'and the policy had nothing to stop');
    await context.close();
}

// --- All of it ---

function loadFleet() {
    const printed = execFileSync('tests/browser/fixture', process.env.FIXTURE.split('|'), { encoding: 'utf8' });
    for (const [, id, value] of printed.matchAll(/^(\w+)=(.*)$/gm)) ids[id] = value;
}

mkdirSync(process.env.SCREENSHOTS, { recursive: true });
const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync'],
});
try {
    await emptyPages(browser, LISTS);
    loadFleet();
    everyRoute();
    await everyPage(browser, true);
    await everyPage(browser, false);
    await pagesOfOthers(browser);
    await findTheCrash(browser);
    await resolveAndReopen(browser);
    await search(browser);
    await changeMany(browser);
    await chooseColours(browser);
    await symbolsAndReleases(browser);
    await budgets(browser);
    await decide(browser);
    await keyboard(browser);
    await keys(browser);
    await pendingReloads(browser);
    await hostileTexts(browser);
    await brokenOffAreThere(browser);
    await withoutDatabase(browser);
} catch (e) {
    ok(false, 'the test runs to its end', e.stack);
} finally {
    await browser.close();
}
done();
