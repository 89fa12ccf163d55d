// SPDX-License-Identifier: Apache-2.0
// Every page there is, in every state that looks different, for run.js. An address of dashd/main.c that serves a page and stands neither
// here nor in NO_PAGES fails the test.
export const MISSING = '89abcdef0123456789abcdef0123456789abcdef';

// What GET gives a browser that is not HTML, or does not come to a page.
export const NO_PAGES = ['/healthz', '/readyz', '/metrics', '/static/{digest}/{name}', '/groups/{id}/markdown', '/events/{id}/text',
    '/events/{id}/markdown', '/events/{id}/core', '/groups.atom'];

const page = (name, path, status = 200) => ({ name, path, status });

// ids: as tests/browser/fixture prints them.
export const pages = (ids) => [
    page('overview', '/'),
    page('groups', '/groups'),
    page('groups-all', '/groups?status=all&sort=-events'),
    page('search', '/groups?status=all&q=func:process_data'),
    page('search-nothing', '/groups?q=nothing-has-this-title'),
    page('search-mistake', '/groups?status=all&q=host:web1+colour:red', 400),
    page('events', '/events'),
    page('events-search', '/events?q=func:process_data'),
    page('events-nothing', '/events?q=host:nowhere'),
    page('events-mistake', '/events?q=colour:red', 400),
    page('wrong-address', '/groups?sort=wrong', 400),
    page('group', '/groups/G-1'),
    page('group-resolved', '/groups/G-6'),
    page('group-muted', '/groups/G-8'),
    page('group-hint', '/groups/G-3'),
    page('group-one-host', '/groups/G-9'),
    page('group-hostile', '/groups/G-10'),
    page('group-none', '/groups/G-999', 404),
    page('merge', '/groups/G-11/merge'),
    page('merge-preview', '/groups/G-11/merge?into=G-1'),
    page('merge-mistake', '/groups/G-11/merge?into=G-999', 400),
    page('split', '/groups/G-3/split'),
    page('split-preview', '/groups/G-3/split?by=frame-1'),
    page('compare', '/groups/G-1/compare/G-11'),
    page('compare-hostile', '/groups/G-10/compare/G-1'),
    page('remove', '/groups/G-1/remove'),
    page('request', '/grouping-requests/2'),
    page('request-done', '/grouping-requests/1'),
    page('event', `/events/${ids.EVENT}`),
    page('event-threads', `/events/${ids.EVENT}?threads=all`),
    page('event-full', `/events/${ids.FULL}`),
    page('event-counted', `/events/${ids.COUNTED}`),
    page('event-truncated', `/events/${ids.TRUNCATED}`),
    page('event-bare', `/events/${ids.BARE}`),
    page('event-restricted', `/events/${ids.RESTRICTED}`),
    page('event-hostile', `/events/${ids.HOSTILE_EVENT}`),
    page('event-none', '/events/01990000-0000-7000-8000-000000000000', 404),
    page('symbols', '/symbols'),
    page('symbols-nothing', '/symbols?q=nothing'),
    page('symbols-wrong', '/symbols?cursor=x', 400),
    page('module', `/symbols/${MISSING}`),
    page('releases', '/releases'),
    page('versions', '/releases?exe=/usr/sbin/ordersd'),
    page('versions-compared', '/releases?exe=/usr/sbin/ordersd&after=2.4.1-1&before=2.4.0-1'),
    page('hosts', '/hosts'),
    page('hosts-nothing', '/hosts?q=nothing'),
    page('host', '/hosts/web-01.example.net'),
    page('system', '/system'),
    page('users', '/admin'),
    page('tokens', '/admin/tokens'),
    page('audit', '/admin/audit'),
    page('account', '/account'),
    page('nothing', '/nothing', 404),
    page('login', '/login'),
];

// The addresses of dashd/main.c that no page here has. ROUTES: its text.
export function withoutPage(routes, all) {
    const gets = [...routes.matchAll(/\{"GET", "([^"]+)"/g)].map((m) => m[1]).filter((r) => !/^\/(api|buildid)\//.test(r));
    const shape = (route) => new RegExp(`^${route.replace(/\{[^}]+\}/g, '[^/?]+')}(\\?|$)`);
    return gets.filter((r) => !NO_PAGES.includes(r) && !all.some((p) => shape(r).test(p.path)));
}
