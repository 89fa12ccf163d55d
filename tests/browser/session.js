// SPDX-License-Identifier: Apache-2.0
// What all parts of the browser test share: TAP, and a page of the browser in which somebody is signed in.
const { URL: BASE, NAME, PASSWORD } = process.env;
export const PATIENCE = 20000;
export { BASE, NAME, PASSWORD };
// What tests/browser/fixture prints, once it has run.
export const ids = {};

// --- TAP ---

let tests = 0;
let failed = 0;

export function ok(good, description, explanation = '') {
    tests++;
    failed += good ? 0 : 1;
    console.log(`${good ? 'ok' : 'not ok'} ${tests} - ${description.replaceAll('#', '\\#')}`);
    if (!good && explanation) console.log(String(explanation).replace(/^/gm, '# '));
}

export const is = (got, expected, description) => ok(got === expected, description, `got ${got}, expected ${expected}`);

export function done() {
    console.log(`1..${tests}`);
    process.exit(failed ? 1 : 0);
}

// --- Pages ---

// A request that was under way when the page's next navigation began is broken off by the browser itself: the icon, for which no page
// waits, meets that now and then. Its address goes to brokenOff and is asked once more at the end, so a failure of the server shows still.
const brokenOff = new Set();

function watchRequests(page, complaints) {
    let navigations = 0;
    const begun = new Map();
    const suspects = []; // broken off, as far as is known for no reason: the navigation may be told after what it broke off
    const excuse = ({ url, complaint }) => {
        complaints.splice(complaints.indexOf(complaint), 1);
        brokenOff.add(url);
    };
    page.on('request', (r) => {
        if (!r.url().startsWith(BASE)) complaints.push(`a request to ${r.url()}`);
        if (r.isNavigationRequest()) {
            navigations++;
            suspects.splice(0).forEach(excuse);
        }
        begun.set(r, navigations);
    });
    page.on('requestfailed', (r) => {
        const complaint = `${r.url()}: ${r.failure().errorText}`;
        const aborted = !r.isNavigationRequest() && r.failure().errorText === 'net::ERR_ABORTED';
        if (aborted && navigations > begun.get(r)) return brokenOff.add(r.url());
        complaints.push(complaint);
        if (aborted) suspects.push({ url: r.url(), complaint });
        return undefined;
    });
}

export async function brokenOffAreThere(browser) {
    const context = await browser.newContext();
    for (const url of brokenOff) {
        const response = await context.request.get(url);
        ok(response.ok() && (await response.body()).length > 0, `${url.slice(BASE.length)}, of which the loading was broken off, is there`,
            `status ${response.status()}`);
    }
    await context.close();
}

// A page of its own, signed in; whatever the browser complains of is kept.
export async function open(browser, options, who = { name: NAME, password: PASSWORD }) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (m) => complaints.push(`${page.url()}: ${m.text()}`));
    page.on('pageerror', (e) => complaints.push(`${page.url()}: ${e}`));
    watchRequests(page, complaints);
    await page.goto(`${BASE}/groups`);
    await page.getByLabel('Name').fill(who.name);
    await page.getByLabel('Password').fill(who.password);
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${BASE}/groups`);
    return { context, page, complaints };
}
